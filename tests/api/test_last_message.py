"""The last message in the room object."""

from __future__ import annotations

import pytest

from talk.models import Message, Participant
from tests.api.callers import Caller, guest, invited, self_joined
from tests.api.helpers import TIMESTAMP, hash_of, put_in
from tests.client import TalkClient
from tests.factories import ParticipantFactory


class TestLastMessage:
    """The last message and its content."""

    def test_the_last_message_is_a_message(self, clock, as_alice, as_bob, bob):
        token = as_alice.create_room()
        put_in(token, bob)
        message_id = as_alice.say(token, "hello 🎉")
        assert as_bob.get("/room").data[0]["lastMessage"] == {
            "id": message_id,
            "token": token,
            "actorType": "users",
            "actorId": "alice",
            "actorDisplayName": "Alice Adams",
            "timestamp": TIMESTAMP,
            "message": "hello 🎉",
            "messageParameters": [],
            "systemMessage": "",
        }

    def test_the_last_message_may_be_a_system_message(self, clock, as_alice, bob):
        token = as_alice.create_room(type=1, invite="bob")
        assert as_alice.get("/room").data[0]["lastMessage"] == {
            "id": Message.objects.latest("pk").pk,
            "token": token,
            "actorType": "users",
            "actorId": "alice",
            "actorDisplayName": "Alice Adams",
            "timestamp": TIMESTAMP,
            "message": "You added {user} to the conversation",
            "messageParameters": {
                "actor": {"type": "user", "id": "alice", "name": "Alice Adams"},
                "user": {"type": "user", "id": "bob", "name": "Bob Brown"},
            },
            "systemMessage": "user_added",
        }

    def test_the_last_message_is_rendered_for_the_reader(self, as_alice, as_bob):
        as_alice.create_room(type=1, invite="bob")
        message = as_bob.get("/room").data[0]["lastMessage"]
        assert message["message"] == "{actor} added you to the conversation"

    def test_each_room_has_its_own_last_message(self, as_alice):
        tokens = [as_alice.create_room() for _ in range(3)]
        for token in tokens:
            as_alice.say(token, f"in {token}")
        listed = as_alice.get("/room").data
        texts = {room["token"]: room["lastMessage"]["message"] for room in listed}
        assert texts == {token: f"in {token}" for token in tokens}

    def test_without_messages_the_last_message_is_an_empty_list(self, as_alice, alice):
        ParticipantFactory(user=alice)
        assert as_alice.get("/room").data[0]["lastMessage"] == []

    def test_the_last_message_of_a_deleted_account_has_no_name(
        self, as_alice, as_bob, bob
    ):
        token = as_alice.create_room()
        put_in(token, bob)
        as_bob.say(token, "bye")
        Participant.objects.filter(user=bob).delete()
        bob.delete()
        message = as_alice.get("/room").data[0]["lastMessage"]
        assert message["message"] == "bye"
        assert message["actorType"] == "deleted_users"
        assert message["actorId"] == "deleted_users"
        assert message["actorDisplayName"] == ""

    @pytest.mark.parametrize("name", ["", "Zoe"])
    def test_the_last_message_of_a_guest_has_hash_and_name(
        self, as_alice, as_guest, name
    ):
        token = as_alice.create_room()
        session_id = as_guest.join(token)
        as_guest.post(f"/guest/{token}/name", displayName=name)
        as_guest.say(token, "hi")
        message = as_alice.get("/room").data[0]["lastMessage"]
        assert message["actorType"] == "guests"
        assert message["actorId"] == hash_of(session_id)
        assert message["actorDisplayName"] == name

    @pytest.mark.parametrize("caller", [invited, self_joined, guest])
    def test_the_newest_message_is_the_rooms_last_message(
        self, as_alice: TalkClient, shared: str, caller: Caller
    ) -> None:
        answer = caller(shared).post(f"/chat/{shared}", message="hello")
        assert as_alice.room(shared)["lastMessage"] == answer.data
