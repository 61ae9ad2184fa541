"""What sites test their own rooms with."""

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
    def test_its_people_are_in_it_and_its_owner_owns_it(
        self, alice: Any, bob: Any
    ) -> None:
        room = make_room(alice, bob)
        assert TalkClient(alice).room(room.token)["participantType"] == 1
        assert TalkClient(bob).room(room.token)["participantType"] == 3

    def test_it_is_a_group_called_room(self, alice: Any) -> None:
        room = make_room(alice)
        shown = TalkClient(alice).room(room.token)
        assert (shown["type"], shown["name"]) == (2, "Room")

    def test_a_public_one_has_the_password_given(self, alice: Any) -> None:
        room = make_room(
            alice, type=RoomType.PUBLIC, name="Fair", password="open sesame"
        )
        assert TalkClient().ask_to_join(room.token).status == 403
        assert TalkClient().join(room.token, "open sesame")

    def test_one_to_one_it_has_two(self, alice: Any, bob: Any) -> None:
        room = make_room(alice, bob, type=RoomType.ONE_TO_ONE)
        assert Participant.objects.filter(room=room).count() == 2

    def test_what_the_api_refuses_is_refused(self, alice: Any) -> None:
        with pytest.raises(Invalid):
            make_room(alice, type=RoomType.ONE_TO_ONE)


class TestClient:
    def test_people_hear_each_other(self, alice: Any, bob: Any) -> None:
        room = make_room(alice, bob)
        sent = TalkClient(alice).say(room.token, "hello")
        (first, *_) = TalkClient(bob).history(room.token).data
        assert (first["id"], first["message"]) == (sent, "hello")

    def test_a_poll_without_news_has_no_data(self, alice: Any) -> None:
        room = make_room(alice)
        client = TalkClient(alice)
        answer = client.poll(room.token, after=client.say(room.token, "hello"))
        assert (answer.status, answer.meta, answer.data) == (304, {}, None)

    def test_without_a_user_it_becomes_a_guest(self, alice: Any) -> None:
        room = make_room(alice, type=RoomType.PUBLIC)
        guest = TalkClient()
        guest.join(room.token)
        assert guest.say(room.token, "hello")
        assert Message.objects.get(room=room, text="hello").actor_guest is not None

    def test_with_a_password_it_keeps_no_login(self, alice: Any) -> None:
        client = TalkClient(alice, basic=PASSWORD)
        assert client.get("/ocs/v2.php/cloud/user").data["id"] == "alice"
        assert "sessionid" not in client.http.cookies

    def test_a_refusal_where_none_is_expected_fails_the_test(self, alice: Any) -> None:
        with pytest.raises(AssertionError, match="404"):
            TalkClient(alice).say("missing1", "hello")

    @override_settings(ROOT_URLCONF="tests.urls_below_prefix")
    def test_it_finds_talk_below_a_prefix(self, alice: Any) -> None:
        room = make_room(alice)
        assert TalkClient(alice).say(room.token, "hello")
        assert TalkClient(alice).get("/ocs/v2.php/cloud/capabilities").status == 200
