"""POST /chat/{token}: the answer, the author, and what a message changes in the room."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.utils import timezone

from talk.models import Guest, Room
from tests.api.callers import (
    Caller,
    guest,
    guest_moderator,
    invited,
    invited_and_joined,
    owner,
    self_joined,
)
from tests.api.helpers import MESSAGE_TYPES, hash_of, texts, types_of
from tests.client import TalkClient
from tests.timelines import ids_of

pytestmark = pytest.mark.django_db


class TestAnswer:
    """A 201 with the whole message."""

    def test_the_answer_is_a_201_with_the_whole_message(
        self, as_alice: TalkClient, shared: str
    ) -> None:
        moment = timezone.now().replace(microsecond=999_999) + timedelta(hours=1)
        with time_machine.travel(moment, tick=False):
            answer = as_alice.post(f"/chat/{shared}", message="hello")
        assert answer.status == 201
        assert answer.meta == {"status": "ok", "statuscode": 201, "message": "OK"}
        assert answer.data == {
            "id": ids_of(shared)[-1],
            "token": shared,
            "actorType": "users",
            "actorId": "alice",
            "actorDisplayName": "Alice Adams",
            "timestamp": int(moment.timestamp()),
            "message": "hello",
            "messageParameters": [],
            "systemMessage": "",
        }

    def test_the_answer_has_the_types_of_the_document(
        self, as_alice: TalkClient, shared: str
    ) -> None:
        answer = as_alice.post(f"/chat/{shared}", message="hello")
        assert types_of(answer.data) == MESSAGE_TYPES

    @pytest.mark.parametrize("caller", [owner, invited, self_joined, guest])
    def test_the_answer_is_what_the_history_shows(
        self, shared: str, caller: Caller
    ) -> None:
        client = caller(shared)
        answer = client.post(f"/chat/{shared}", message="hello")
        assert client.history(shared, limit=1).data == [answer.data]

    def test_the_same_text_twice_is_two_messages(
        self, as_alice: TalkClient, shared: str
    ) -> None:
        assert as_alice.say(shared, "hello") < as_alice.say(shared, "hello")
        assert texts(as_alice.history(shared)) == ["hello", "hello"]

    def test_ids_increase_over_all_rooms(
        self, as_alice: TalkClient, shared: str
    ) -> None:
        other = as_alice.create_room()
        numbers = [as_alice.say(token, "hello") for token in (shared, other, shared)]
        assert numbers == sorted(set(numbers))


class TestAuthor:
    """The author of the message."""

    @pytest.mark.parametrize("caller", [owner, invited, invited_and_joined])
    def test_a_user_writes_by_id_and_display_name(
        self, shared: str, caller: Caller
    ) -> None:
        client = caller(shared)
        user = get_user_model().objects.get(pk=client.http.session["_auth_user_id"])
        answer = client.post(f"/chat/{shared}", message="hello")
        assert answer.data["actorType"] == "users"
        assert answer.data["actorId"] == user.username
        assert answer.data["actorDisplayName"] == user.get_full_name()

    @pytest.mark.parametrize("name", ["", "Mallory", "x" * 65, "a\0b"])
    def test_the_display_name_is_ignored_for_users(
        self, as_alice: TalkClient, shared: str, name: str
    ) -> None:
        answer = as_alice.post_json(
            f"/chat/{shared}", {"message": "hi", "actorDisplayName": name}
        )
        assert answer.status == 201
        assert answer.data["actorDisplayName"] == "Alice Adams"

    def test_a_guest_writes_by_the_hash_of_the_session_id(
        self, as_guest: TalkClient, public: str
    ) -> None:
        session_id = as_guest.join(public)
        answer = as_guest.post(f"/chat/{public}", message="hello")
        assert answer.data["actorType"] == "guests"
        assert answer.data["actorId"] == hash_of(session_id)
        assert answer.data["actorDisplayName"] == ""
        assert answer.data["messageParameters"] == []

    def test_a_guest_moderator_writes_as_a_guest(self, shared: str) -> None:
        client = guest_moderator(shared)
        answer = client.post(f"/chat/{shared}", message="hello")
        assert answer.data["actorType"] == "guests"
        assert answer.data["actorId"] == Guest.objects.get().actor_id

    def test_a_guest_who_comes_again_is_another_author(
        self, as_guest: TalkClient, public: str
    ) -> None:
        first = as_guest.join(public)
        as_guest.post(f"/chat/{public}", message="1", actorDisplayName="Gwen")
        as_guest.leave(public)
        second = as_guest.join(public)
        as_guest.post(f"/chat/{public}", message="2", actorDisplayName="Gina")
        newest, older = as_guest.history(public, limit=2).data
        assert (older["actorId"], older["actorDisplayName"]) == (hash_of(first), "Gwen")
        assert (newest["actorId"], newest["actorDisplayName"]) == (
            hash_of(second),
            "Gina",
        )


class TestEffects:
    """The effects on the room."""

    def test_the_time_of_the_message_is_the_rooms_last_activity(
        self, as_alice: TalkClient, shared: str
    ) -> None:
        moment = timezone.now() + timedelta(hours=1)
        with time_machine.travel(moment, tick=False):
            as_alice.say(shared, "hello")
        last_activity = as_alice.room(shared)["lastActivity"]
        assert last_activity == int(moment.timestamp())

    def test_other_rooms_do_not_change(self, as_alice: TalkClient, shared: str) -> None:
        other = as_alice.create_room()
        before = Room.objects.filter(token=other).values().get()
        as_alice.say(shared, "hello")
        assert Room.objects.filter(token=other).values().get() == before
