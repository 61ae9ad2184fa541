"""The message object, of what people said and of what happened in a room."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.callers import guest, self_joined
from tests.api.helpers import (
    MESSAGE_TYPES,
    assert_not_found,
    hash_of,
    set_password,
    texts,
    types_of,
)
from tests.client import TalkClient

pytestmark = pytest.mark.django_db


class TestMessage:
    """Keys, authors and parameters."""

    def test_a_comment_has_exactly_the_nine_keys(
        self, as_alice: TalkClient, shared: str
    ) -> None:
        as_alice.say(shared, "hello")
        (message,) = as_alice.history(shared, limit=1).data
        assert types_of(message) == MESSAGE_TYPES

    def test_a_system_message_has_exactly_the_nine_keys(
        self, as_alice: TalkClient, public: str
    ) -> None:
        (message,) = as_alice.history(public).data
        types = {**MESSAGE_TYPES, "messageParameters": dict}
        assert types_of(message) == types

    def test_a_user_is_the_author_by_id_and_current_display_name(
        self, as_alice: TalkClient, as_bob: TalkClient, shared: str, bob: Any
    ) -> None:
        as_bob.say(shared, "hello")
        bob.first_name = "Robert"
        bob.save()
        (message,) = as_alice.history(shared, limit=1).data
        assert message["actorType"] == "users"
        assert message["actorId"] == "bob"
        assert message["actorDisplayName"] == "Robert Brown"

    def test_a_guest_is_the_author_by_the_hash_of_the_session_id(
        self, as_alice: TalkClient, as_guest: TalkClient, public: str
    ) -> None:
        session_id = as_guest.join(public)
        as_guest.say(public, "hello")
        (message,) = as_alice.history(public, limit=1).data
        assert message["actorType"] == "guests"
        assert message["actorId"] == hash_of(session_id)
        assert message["actorDisplayName"] == ""

    def test_a_plain_text_has_an_empty_list_of_parameters(
        self, as_alice: TalkClient, shared: str
    ) -> None:
        as_alice.say(shared, "hello")
        (message,) = as_alice.history(shared, limit=1).data
        assert message["messageParameters"] == []

    def test_messages_of_a_deleted_account_stay(
        self, as_alice: TalkClient, as_bob: TalkClient, shared: str, bob: Any
    ) -> None:
        number = as_bob.say(shared, "remember me")
        bob.delete()
        _, message = as_alice.history(shared, limit=2).data
        assert message["id"] == number
        assert message["message"] == "remember me"
        assert message["actorType"] == "deleted_users"
        assert message["actorId"] == "deleted_users"
        assert message["actorDisplayName"] == ""


class TestSystemMessage:
    """The creation of a room and the addition of people."""

    def test_a_new_room_tells_of_its_creation(
        self, as_alice: TalkClient, public: str
    ) -> None:
        (message,) = as_alice.history(public).data
        assert message["systemMessage"] == "conversation_created"
        assert message["actorType"] == "users"
        assert message["actorId"] == "alice"
        assert message["actorDisplayName"] == "Alice Adams"

    def test_the_creation_of_a_room_is_told_from_the_readers_view(
        self, as_alice: TalkClient, as_bob: TalkClient, shared: str
    ) -> None:
        (seen_by_alice,) = as_alice.history(shared).data
        (seen_by_bob,) = as_bob.history(shared).data
        actor = {"type": "user", "id": "alice", "name": "Alice Adams"}
        assert seen_by_alice["message"] == "You created the conversation"
        assert seen_by_alice["messageParameters"] == {"actor": actor}
        assert seen_by_bob["message"] == "{actor} created the conversation"
        assert seen_by_bob["messageParameters"] == {"actor": actor}

    def test_an_addition_is_told_to_the_one_added(
        self, as_bob: TalkClient, staff: str
    ) -> None:
        (message,) = as_bob.history(staff, limit=1).data
        assert message["systemMessage"] == "user_added"
        assert message["message"] == "{actor} added you to the conversation"
        assert message["messageParameters"] == {
            "actor": {"type": "user", "id": "alice", "name": "Alice Adams"},
            "user": {"type": "user", "id": "bob", "name": "Bob Brown"},
        }

    def test_the_deeds_of_a_deleted_account_stay(
        self, as_bob: TalkClient, staff: str, alice: Any
    ) -> None:
        alice.delete()
        (message,) = as_bob.poll(staff, after=0, limit=1).data
        assert message["actorType"] == "deleted_users"
        assert message["actorId"] == "deleted_users"
        assert message["actorDisplayName"] == ""
        assert message["message"] == "{actor} created the conversation"
        assert message["messageParameters"] == {
            "actor": {"type": "user", "id": "deleted_users", "name": "deleted_users"}
        }

    def test_a_deleted_account_that_was_added_keeps_its_id(
        self, as_alice: TalkClient, staff: str, bob: Any
    ) -> None:
        bob.delete()
        _, message = as_alice.history(staff, limit=2).data
        assert message["message"] == "You added {user} to the conversation"
        parameter = message["messageParameters"]["user"]
        assert parameter == {"type": "user", "id": "bob", "name": "bob"}


class TestPeople:
    """People in rooms of each kind, who read what the others wrote."""

    def test_members_of_a_group_see_each_others_messages(
        self, as_alice: TalkClient, as_bob: TalkClient, staff: str
    ) -> None:
        as_alice.say(staff, "message 1")
        as_bob.say(staff, "message 2")
        expected = ["message 2", "message 1"]
        assert texts(as_alice.history(staff)) == expected
        assert texts(as_bob.history(staff)) == expected

    def test_both_people_of_a_pair_see_both_messages(
        self, as_alice: TalkClient, as_bob: TalkClient, pair: str
    ) -> None:
        as_alice.say(pair, "message 1")
        as_bob.say(pair, "message 2")
        expected = ["message 2", "message 1"]
        assert texts(as_alice.history(pair)) == expected
        assert texts(as_bob.history(pair)) == expected

    def test_everybody_in_a_public_room_sees_the_same(
        self,
        as_alice: TalkClient,
        as_bob: TalkClient,
        as_guest: TalkClient,
        shared: str,
    ) -> None:
        as_guest.join(shared)
        clients = [as_alice, as_bob, as_guest]
        for number, client in enumerate(clients, start=1):
            client.say(shared, f"message {number}")
        expected = ["message 3", "message 2", "message 1"]
        assert [texts(c.history(shared)) for c in clients] == [expected] * 3

    def test_everybody_in_a_room_with_a_password_sees_the_same(
        self, as_alice: TalkClient, as_bob: TalkClient, shared: str
    ) -> None:
        set_password(shared)
        clients = [as_alice, as_bob, self_joined(shared), guest(shared)]
        for number, client in enumerate(clients, start=1):
            client.say(shared, f"message {number}")
        expected = [f"message {number}" for number in (4, 3, 2, 1)]
        assert [texts(c.history(shared)) for c in clients] == [expected] * 4

    def test_a_refused_stranger_does_not_disturb_the_owner(
        self, as_alice: TalkClient, as_carol: TalkClient, staff: str
    ) -> None:
        assert_not_found(as_carol.post(f"/chat/{staff}", message="let me in"))
        as_alice.say(staff, "message 1")
        assert texts(as_alice.history(staff)) == ["message 1"]
