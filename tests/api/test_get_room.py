"""GET /room/{token}: access, and the room object for each kind of caller."""

from __future__ import annotations

import pytest

from talk.constants import NotificationLevel
from talk.models import Participant, Room
from tests.api.helpers import (
    SECRET,
    START,
    TIMESTAMP,
    assert_refused,
    put_in,
    rows,
    set_password,
)
from tests.factories import ParticipantFactory, RoomFactory


class TestFind:
    """Access by caller and room."""

    def test_an_unknown_token_is_404(self, non_participant):
        assert_refused(non_participant.get("/room/k7pz3mqd"), 404)

    @pytest.mark.parametrize("token", ["abcd", "a" * 30, "01l0lo"])
    def test_tokens_of_4_to_30_characters_are_found(self, as_alice, alice, token):
        ParticipantFactory(room=RoomFactory(token=token), user=alice)
        assert as_alice.room(token)["token"] == token

    def test_a_non_participant_of_a_group_room_gets_404(
        self, as_alice, non_participant
    ):
        token = as_alice.create_room(type=2)
        assert_refused(non_participant.get(f"/room/{token}"), 404)

    def test_a_non_participant_of_a_one_to_one_room_gets_404(
        self, as_alice, bob, non_participant
    ):
        token = as_alice.create_room(type=1, invite="bob")
        assert_refused(non_participant.get(f"/room/{token}"), 404)

    def test_a_private_room_is_refused_like_one_that_does_not_exist(
        self, as_alice, as_carol
    ):
        token = as_alice.create_room(type=2)
        private, unknown = (
            as_carol.get(f"/room/{name}") for name in (token, "k7pz3mqd")
        )
        assert (private.meta, private.data) == (unknown.meta, unknown.data)

    def test_a_one_to_one_room_whose_partner_is_gone_is_404(self, as_alice, bob):
        token = as_alice.create_room(type=1, invite="bob")
        Participant.objects.filter(user=bob).delete()
        assert_refused(as_alice.get(f"/room/{token}"), 404)
        assert Room.objects.filter(token=token).exists()

    @pytest.mark.parametrize("type", [1, 2, 3, 5])
    def test_participants_of_every_type_see_the_room(self, as_bob, bob, type):
        participant = ParticipantFactory(user=bob, type=type)
        assert as_bob.room(participant.room.token)["participantType"] == type

    @pytest.mark.parametrize("type", [4, 6])
    def test_guests_see_their_type(self, as_alice, as_guest, type):
        token = as_alice.create_room()
        as_guest.join(token)
        Participant.objects.filter(guest__isnull=False).update(type=type)
        assert as_guest.room(token)["participantType"] == type

    def test_a_guest_who_left_is_a_non_participant(self, as_alice, as_guest):
        token = as_alice.create_room()
        as_guest.join(token)
        as_guest.say(token, "hi")
        Participant.objects.filter(guest__isnull=False).delete()
        room = as_guest.room(token)
        assert room["sessionId"] == "0"
        assert room["lastMessage"] == []

    def test_a_guest_of_one_room_is_a_non_participant_in_another(
        self, as_alice, as_guest
    ):
        as_guest.join(as_alice.create_room())
        other = as_alice.create_room()
        assert as_guest.room(other)["participants"] == []


class TestShown:
    """The exact room object for each kind of caller."""

    def test_a_member_sees_everything(self, clock, as_alice, as_bob, bob, as_guest):
        token = as_alice.create_room(type=3, name="Plan")
        put_in(token, bob, favorite=True, notification_level=NotificationLevel.NEVER)
        session_id = as_bob.join(token)
        as_guest.join(token)
        message_id = as_alice.say(token, "hello")
        answer = as_bob.get(f"/room/{token}")
        assert answer.meta["status"] == "ok"
        assert answer.meta["statuscode"] == 200
        assert answer.data == {
            "id": Room.objects.get().pk,
            "token": token,
            "type": 3,
            "name": "Plan",
            "displayName": "Plan",
            "objectType": "",
            "objectId": "",
            "participantType": 3,
            "participantInCall": False,
            "participantFlags": 0,
            "count": 2,
            "hasPassword": False,
            "hasCall": False,
            "lastActivity": TIMESTAMP,
            "unreadMessages": 1,
            "unreadMention": False,
            "isFavorite": True,
            "notificationLevel": 3,
            "lastPing": TIMESTAMP,
            "sessionId": session_id,
            "participants": {
                "alice": {
                    "name": "Alice Adams",
                    "type": 1,
                    "call": 0,
                    "sessionId": "0",
                },
                "bob": {
                    "name": "Bob Brown",
                    "type": 3,
                    "call": 0,
                    "sessionId": session_id,
                },
            },
            "numGuests": 1,
            "guestList": "1 guest",
            "lastMessage": {
                "id": message_id,
                "token": token,
                "actorType": "users",
                "actorId": "alice",
                "actorDisplayName": "Alice Adams",
                "timestamp": TIMESTAMP,
                "message": "hello",
                "messageParameters": [],
                "systemMessage": "",
            },
        }

    def test_a_guest_sees_everything_but_unread_messages(
        self, clock, as_alice, as_guest
    ):
        token = as_alice.create_room(type=3, name="Plan")
        session_id = as_guest.join(token)
        message_id = as_alice.say(token, "hello")
        assert as_guest.room(token) == {
            "id": Room.objects.get().pk,
            "token": token,
            "type": 3,
            "name": "Plan",
            "displayName": "Plan",
            "objectType": "",
            "objectId": "",
            "participantType": 4,
            "participantInCall": False,
            "participantFlags": 0,
            "count": 1,
            "hasPassword": False,
            "hasCall": False,
            "lastActivity": TIMESTAMP,
            "unreadMessages": 0,
            "unreadMention": False,
            "isFavorite": False,
            "notificationLevel": 2,
            "lastPing": TIMESTAMP,
            "sessionId": session_id,
            "participants": {
                "alice": {
                    "name": "Alice Adams",
                    "type": 1,
                    "call": 0,
                    "sessionId": "0",
                },
            },
            "numGuests": 1,
            "guestList": "",
            "lastMessage": {
                "id": message_id,
                "token": token,
                "actorType": "users",
                "actorId": "alice",
                "actorDisplayName": "Alice Adams",
                "timestamp": TIMESTAMP,
                "message": "hello",
                "messageParameters": [],
                "systemMessage": "",
            },
        }

    def test_a_non_participant_of_a_room_without_a_password_sees_no_participants(
        self, clock, as_alice, non_participant
    ):
        token = as_alice.create_room(type=3, name="Plan")
        as_alice.join(token)
        as_alice.say(token, "hello")
        Room.objects.update(active_since=START, object_type="order", object_id="77")
        assert non_participant.room(token) == {
            "id": Room.objects.get().pk,
            "token": token,
            "type": 3,
            "name": "Plan",
            "displayName": "Plan",
            "objectType": "order",
            "objectId": "77",
            "participantType": 4,
            "participantInCall": False,
            "participantFlags": 0,
            "count": 1,
            "hasPassword": False,
            "hasCall": True,
            "lastActivity": TIMESTAMP,
            "unreadMessages": 0,
            "unreadMention": False,
            "isFavorite": False,
            "notificationLevel": 2,
            "lastPing": 0,
            "sessionId": "0",
            "participants": [],
            "numGuests": 0,
            "guestList": "",
            "lastMessage": [],
        }

    def test_a_non_participant_of_a_room_with_a_password_sees_hardly_anything(
        self, clock, as_alice, non_participant
    ):
        token = as_alice.create_room(type=3, name="Plan")
        as_alice.join(token)
        as_alice.say(token, "hello")
        Room.objects.update(active_since=START, object_type="order", object_id="77")
        set_password(token)
        assert non_participant.room(token) == {
            "id": Room.objects.get().pk,
            "token": token,
            "type": 3,
            "name": "",
            "displayName": "",
            "objectType": "",
            "objectId": "",
            "participantType": 4,
            "participantInCall": False,
            "participantFlags": 0,
            "count": 0,
            "hasPassword": True,
            "hasCall": False,
            "lastActivity": 0,
            "unreadMessages": 0,
            "unreadMention": False,
            "isFavorite": False,
            "notificationLevel": 2,
            "lastPing": 0,
            "sessionId": "0",
            "participants": [],
            "numGuests": 0,
            "guestList": "",
            "lastMessage": [],
        }

    def test_members_of_a_room_with_a_password_see_all(self, as_alice):
        token = as_alice.create_room(name="Plan")
        set_password(token)
        room = as_alice.room(token)
        assert room["hasPassword"] is True
        assert room["name"] == "Plan"

    def test_guests_who_gave_the_password_see_all(self, as_alice, as_guest):
        token = as_alice.create_room(name="Plan")
        set_password(token)
        as_guest.join(token, password=SECRET)
        room = as_guest.room(token)
        assert room["hasPassword"] is True
        assert room["name"] == "Plan"

    def test_a_non_participant_of_an_unnamed_room_sees_no_names(
        self, as_alice, as_carol
    ):
        token = as_alice.create_room(name="")
        room = as_carol.room(token)
        assert (room["name"], room["displayName"]) == ("", "")

    @pytest.mark.parametrize(
        "who", ["member", "self-joined", "guest", "non_participant"]
    )
    def test_reading_writes_nothing(
        self, clock, as_alice, as_bob, as_carol, as_guest, who
    ):
        token = as_alice.create_room()
        for client in (as_alice, as_carol, as_guest):
            client.join(token)
        clock.shift(1000)
        clients = {"member": as_alice, "self-joined": as_carol, "guest": as_guest}
        before = rows()
        clients.get(who, as_bob).get(f"/room/{token}")
        assert rows() == before
