"""The helpers for the tests of sites."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import override_settings

from talk.constants import RoomType
from talk.exceptions import Invalid
from talk.models import Message, Participant
from talk.testing import TalkClient, make_room
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db


class TestMakeRoom:
    def test_it_has_an_owner_and_users(self, alice: Any, bob: Any) -> None:
        room = make_room(alice, bob)
        assert TalkClient(alice).room(room.token)["participantType"] == 1
        assert TalkClient(bob).room(room.token)["participantType"] == 3

    def test_it_is_a_group_room_with_a_name(self, alice: Any) -> None:
        room = make_room(alice)
        shown = TalkClient(alice).room(room.token)
        assert (shown["type"], shown["name"]) == (2, "Room")

    def test_a_public_room_has_the_given_password(self, alice: Any) -> None:
        room = make_room(
            alice, type=RoomType.PUBLIC, name="Fair", password="open sesame"
        )
        assert TalkClient().ask_to_join(room.token).status == 403
        assert TalkClient().join(room.token, "open sesame")

    def test_a_one_to_one_room_has_two_participants(self, alice: Any, bob: Any) -> None:
        room = make_room(alice, bob, type=RoomType.ONE_TO_ONE)
        assert Participant.objects.filter(room=room).count() == 2

    def test_it_raises_what_the_api_refuses(self, alice: Any) -> None:
        with pytest.raises(Invalid):
            make_room(alice, type=RoomType.ONE_TO_ONE)


class TestClient:
    def test_a_message_is_in_the_history_of_others(self, alice: Any, bob: Any) -> None:
        room = make_room(alice, bob)
        sent = TalkClient(alice).say(room.token, "hello")
        (first, *_) = TalkClient(bob).history(room.token).data
        assert (first["id"], first["message"]) == (sent, "hello")

    def test_a_poll_without_new_messages_has_no_data(self, alice: Any) -> None:
        room = make_room(alice)
        client = TalkClient(alice)
        answer = client.poll(room.token, after=client.say(room.token, "hello"))
        assert (answer.status, answer.meta, answer.data) == (304, {}, None)

    def test_a_client_without_a_user_becomes_a_guest(self, alice: Any) -> None:
        room = make_room(alice, type=RoomType.PUBLIC)
        guest = TalkClient()
        guest.join(room.token)
        assert guest.say(room.token, "hello")
        assert Message.objects.get(room=room, text="hello").actor_guest is not None

    def test_a_client_with_a_password_has_no_login_cookie(self, alice: Any) -> None:
        client = TalkClient(alice, basic=PASSWORD)
        assert client.get("/ocs/v2.php/cloud/user").data["id"] == "alice"
        assert "sessionid" not in client.http.cookies

    def test_an_unexpected_refusal_fails_the_test(self, alice: Any) -> None:
        with pytest.raises(AssertionError, match="404"):
            TalkClient(alice).say("missing1", "hello")

    @override_settings(ROOT_URLCONF="tests.urls_below_prefix")
    def test_it_finds_talk_below_a_prefix(self, alice: Any) -> None:
        room = make_room(alice)
        assert TalkClient(alice).say(room.token, "hello")
        assert TalkClient(alice).get("/ocs/v2.php/cloud/capabilities").status == 200
