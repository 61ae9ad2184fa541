"""GET /room: access, listed rooms, and their order."""

from __future__ import annotations

from datetime import timedelta

import pytest

from talk.models import Participant, Room
from tests.api.helpers import START, assert_login_needed, fill, put_in, rows
from tests.client import TalkClient
from tests.factories import ParticipantFactory, RoomFactory


class TestList:
    """Access, and the listed rooms."""

    def test_anonymous_callers_get_401(self, as_guest):
        assert_login_needed(as_guest.get("/room"))

    def test_guests_get_401(self, as_alice, as_guest):
        as_guest.join(as_alice.create_room())
        assert_login_needed(as_guest.get("/room"))

    def test_without_rooms_the_list_is_empty(self, as_alice):
        answer = as_alice.get("/room")
        assert answer.status == 200
        assert answer.meta["status"] == "ok"
        assert answer.meta["statuscode"] == 200
        assert answer.data == []

    def test_rooms_of_others_are_not_listed(self, as_alice, as_carol):
        as_alice.create_room(type=3)
        as_alice.create_room(type=2)
        assert as_carol.get("/room").data == []

    @pytest.mark.parametrize("type", [1, 2, 3, 5])
    def test_rooms_are_listed_for_every_type_of_participant(self, as_bob, bob, type):
        participant = ParticipantFactory(user=bob, type=type)
        (room,) = as_bob.get("/room").data
        assert room["token"] == participant.room.token
        assert room["participantType"] == type

    def test_a_room_joined_by_its_link_is_listed(self, as_alice, as_carol):
        token = as_alice.create_room(type=3)
        as_carol.join(token)
        assert [room["token"] for room in as_carol.get("/room").data] == [token]

    def test_a_room_is_listed_once_with_several_members_and_devices(
        self, as_alice, alice
    ):
        token = as_alice.create_room()
        fill(token, people=2)
        as_alice.join(token)
        TalkClient(alice).join(token)
        assert len(as_alice.get("/room").data) == 1

    def test_list_and_single_room_are_the_same(self, clock, as_alice, as_bob, bob):
        tokens = [
            as_alice.create_room(type=1, invite="bob"),
            as_alice.create_room(type=2, name=""),
            as_alice.create_room(type=3, name="Plan"),
        ]
        put_in(tokens[1], bob)
        put_in(tokens[2], bob)
        fill(tokens[2], people=2)
        as_bob.join(tokens[2])
        as_alice.say(tokens[2], "hello")
        listed = {room["token"]: room for room in as_bob.get("/room").data}
        assert listed == {token: as_bob.room(token) for token in tokens}

    def test_a_one_to_one_room_whose_partner_is_gone_is_left_out(self, as_alice, bob):
        as_alice.create_room(type=1, invite="bob")
        other = as_alice.create_room(type=2)
        Participant.objects.filter(user=bob).delete()
        assert [room["token"] for room in as_alice.get("/room").data] == [other]

    def test_leaving_a_broken_room_out_deletes_nothing(self, as_alice, bob):
        token = as_alice.create_room(type=1, invite="bob")
        Participant.objects.filter(user=bob).delete()
        as_alice.get("/room")
        assert Room.objects.filter(token=token).exists()

    def test_a_one_to_one_room_stays_when_the_partner_is_disabled(self, as_alice, bob):
        token = as_alice.create_room(type=1, invite="bob")
        bob.is_active = False
        bob.save()
        assert [room["token"] for room in as_alice.get("/room").data] == [token]

    def test_reading_writes_nothing(self, clock, as_alice, as_carol, as_guest):
        token = as_alice.create_room()
        for client in (as_alice, as_carol, as_guest):
            client.join(token)
        clock.shift(1000)
        before = rows()
        as_alice.get("/room")
        assert rows() == before


class TestOrder:
    """Favourites, then the latest activity, then the id."""

    def test_favourites_come_first_then_the_latest_activity_then_the_id(
        self, as_alice, alice
    ):
        def participant(name: str, hours_ago: int | None, *, favorite: bool) -> None:
            ago = None if hours_ago is None else START - timedelta(hours=hours_ago)
            room = RoomFactory(name=name, last_activity=ago)
            ParticipantFactory(room=room, user=alice, favorite=favorite)

        participant("never", None, favorite=False)
        participant("old", 5, favorite=False)
        participant("new", 1, favorite=False)
        participant("equally new", 1, favorite=False)
        participant("old favourite", 9, favorite=True)
        participant("new favourite", 8, favorite=True)
        assert [room["name"] for room in as_alice.get("/room").data] == [
            "new favourite",
            "old favourite",
            "new",
            "equally new",
            "old",
            "never",
        ]

    def test_a_message_moves_its_room_to_the_front(self, clock, as_alice):
        first = as_alice.create_room()
        clock.shift(1)
        second = as_alice.create_room()
        clock.shift(1)
        as_alice.say(first, "hello")
        listed = [room["token"] for room in as_alice.get("/room").data]
        assert listed == [first, second]
