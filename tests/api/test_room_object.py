"""The room object: types, values, names, people and numbers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.hashers import make_password

from talk.constants import RoomType
from talk.models import Participant, Session
from tests.api.helpers import START, TIMESTAMP, put_in, set_password, types_of
from tests.client import TalkClient
from tests.factories import ParticipantFactory, RoomFactory, SessionFactory, UserFactory

ROOM_KEYS = {
    "id": int,
    "token": str,
    "type": int,
    "name": str,
    "displayName": str,
    "objectType": str,
    "objectId": str,
    "participantType": int,
    "participantInCall": bool,
    "participantFlags": int,
    "count": int,
    "hasPassword": bool,
    "hasCall": bool,
    "lastActivity": int,
    "unreadMessages": int,
    "unreadMention": bool,
    "isFavorite": bool,
    "notificationLevel": int,
    "lastPing": int,
    "sessionId": str,
    "participants": dict,
    "numGuests": int,
    "guestList": str,
    "lastMessage": dict,
}
"""The room object of 5.1: every key and its JSON type for a participant."""

STRANGER_KEYS = ROOM_KEYS | {"participants": list, "lastMessage": list}


class TestTypes:
    """Every key has a type of its own."""

    def test_in_the_list(self, as_alice):
        as_alice.create_room()
        (room,) = as_alice.get("/room").data
        assert types_of(room) == ROOM_KEYS

    @pytest.mark.parametrize(
        ("who", "keys"),
        [
            ("member", ROOM_KEYS),
            ("guest", ROOM_KEYS),
            ("non_participant", STRANGER_KEYS),
            ("non_participant with a password to give", STRANGER_KEYS),
        ],
    )
    def test_of_a_single_room(self, as_alice, as_carol, as_guest, who, keys):
        token = as_alice.create_room()
        as_guest.join(token)
        if "password" in who:
            set_password(token)
        clients = {"member": as_alice, "guest": as_guest}
        room = clients.get(who, as_carol).room(token)
        assert types_of(room) == keys


class TestValues:
    """Values that hang on the room."""

    def test_last_activity_is_0_in_a_room_without_messages(self, as_alice, alice):
        ParticipantFactory(user=alice)
        (room,) = as_alice.get("/room").data
        assert room["lastActivity"] == 0

    def test_last_activity_is_the_time_of_the_last_message(self, clock, as_alice):
        token = as_alice.create_room()
        clock.shift(90)
        as_alice.say(token, "hello")
        clock.shift(90)
        assert as_alice.get("/room").data[0]["lastActivity"] == TIMESTAMP + 90

    @pytest.mark.parametrize("type", [RoomType.GROUP, RoomType.PUBLIC])
    @pytest.mark.parametrize("password", ["", "secret"])
    def test_has_password_tells_whether_one_is_set(
        self, as_alice, alice, type, password
    ):
        stored = make_password(password) if password else ""
        room = RoomFactory(type=type, password=stored)
        ParticipantFactory(room=room, user=alice)
        assert as_alice.get("/room").data[0]["hasPassword"] is bool(password)

    @pytest.mark.parametrize("since", [None, START])
    def test_has_call_tells_whether_a_call_runs(self, as_alice, alice, since):
        room = RoomFactory(active_since=since)
        ParticipantFactory(room=room, user=alice)
        assert as_alice.get("/room").data[0]["hasCall"] is (since is not None)

    def test_the_object_that_a_room_is_bound_to_is_told(self, as_alice, alice):
        room = RoomFactory(object_type="shop:order", object_id="77")
        ParticipantFactory(room=room, user=alice)
        (found,) = as_alice.get("/room").data
        assert (found["objectType"], found["objectId"]) == ("shop:order", "77")


class TestOwnValues:
    """Values that hang on the participant."""

    @pytest.mark.parametrize("favorite", [True, False])
    def test_is_favorite_is_the_users_own(self, as_alice, alice, bob, favorite):
        room = ParticipantFactory(user=alice, favorite=favorite).room
        ParticipantFactory(room=room, user=bob, favorite=not favorite)
        assert as_alice.get("/room").data[0]["isFavorite"] is favorite

    @pytest.mark.parametrize("type", [RoomType.GROUP, RoomType.PUBLIC])
    @pytest.mark.parametrize(("stored", "shown"), [(0, 2), (1, 1), (2, 2), (3, 3)])
    def test_notification_level_resolves_the_default(
        self, as_alice, alice, type, stored, shown
    ):
        room = RoomFactory(type=type)
        ParticipantFactory(room=room, user=alice, notification_level=stored)
        assert as_alice.get("/room").data[0]["notificationLevel"] == shown

    @pytest.mark.parametrize(("stored", "shown"), [(0, 1), (1, 1), (2, 2), (3, 3)])
    def test_notification_level_defaults_to_always_in_one_to_one_rooms(
        self, as_alice, bob, stored, shown
    ):
        as_alice.create_room(type=1, invite="bob")
        Participant.objects.update(notification_level=stored)
        assert as_alice.get("/room").data[0]["notificationLevel"] == shown

    @pytest.mark.parametrize(
        ("flags", "is_in_call"), [(0, False), (1, True), (3, True), (7, True)]
    )
    def test_flags_are_those_of_the_users_session(
        self, as_alice, alice, flags, is_in_call
    ):
        SessionFactory(participant=ParticipantFactory(user=alice), in_call=flags)
        (room,) = as_alice.get("/room").data
        assert room["participantFlags"] == flags
        assert room["participantInCall"] is is_in_call

    def test_flags_of_others_are_not_ones_own(self, as_alice, alice, bob):
        room = ParticipantFactory(user=alice).room
        other = ParticipantFactory(room=room, user=bob)
        SessionFactory(participant=other, in_call=7)
        (found,) = as_alice.get("/room").data
        assert found["participantFlags"] == 0

    def test_last_ping_is_0_for_somebody_who_never_joined(self, as_alice):
        as_alice.create_room()
        assert as_alice.get("/room").data[0]["lastPing"] == 0

    def test_last_ping_is_the_time_of_the_join(self, clock, as_alice):
        as_alice.join(as_alice.create_room())
        clock.shift(10)
        assert as_alice.get("/room").data[0]["lastPing"] == TIMESTAMP

    @pytest.mark.parametrize(
        ("mention", "read", "is_unread"), [(0, 0, False), (1, 0, True), (1, 1, False)]
    )
    def test_a_mention_is_unread_until_it_is_read(
        self, as_alice, alice, mention, read, is_unread
    ):
        room = RoomFactory(comment_count=1)
        ParticipantFactory(
            room=room, user=alice, last_mention=mention, read_comments=read
        )
        assert as_alice.get("/room").data[0]["unreadMention"] is is_unread


class TestName:
    """The name of a room."""

    @pytest.mark.parametrize(
        ("who", "name", "display_name"),
        [("alice", "bob", "Bob Brown"), ("bob", "alice", "Alice Adams")],
    )
    def test_a_one_to_one_room_is_named_after_the_other(
        self, as_alice, as_bob, who, name, display_name
    ):
        as_alice.create_room(type=1, invite="bob")
        (room,) = {"alice": as_alice, "bob": as_bob}[who].get("/room").data
        assert room["type"] == 1
        assert room["participantType"] == 1
        assert room["name"] == name
        assert room["displayName"] == display_name

    def test_a_user_id_of_digits_is_text(self, as_alice):
        UserFactory(username="42")
        as_alice.create_room(type=1, invite="42")
        (room,) = as_alice.get("/room").data
        assert room["name"] == "42"
        assert set(room["participants"]) == {"alice", "42"}

    @pytest.mark.parametrize(
        ("type", "name", "others", "guests", "expected"),
        [
            (2, "", [], 0, ("You", "")),
            (3, "", [], 0, ("You", "")),
            (3, "", [], 1, ("You, 1 guest", "1 guest")),
            (3, "", [], 2, ("You, 2 guests", "2 guests")),
            (2, "", ["bob"], 0, ("Bob Brown", "")),
            (3, "", ["bob"], 1, ("Bob Brown, 1 guest", "1 guest")),
            (3, "", ["bob", "carol"], 0, ("Bob Brown, Carol Clark", "")),
            (2, "Plan", ["bob"], 0, ("Plan", "")),
            (3, "Plan", ["bob"], 2, ("Plan", "2 guests")),
        ],
    )
    def test_users_see_the_name_or_the_other_people(
        self, as_alice, bob, carol, type, name, others, guests, expected
    ):
        token = as_alice.create_room(type=type, name=name)
        for other in others:
            put_in(token, {"bob": bob, "carol": carol}[other])
        for _ in range(guests):
            TalkClient().join(token)
        room = as_alice.room(token)
        assert room["name"] == name
        assert (room["displayName"], room["guestList"]) == expected

    @pytest.mark.parametrize(
        ("name", "others", "guests", "expected"),
        [
            ("", [], 0, ("Alice Adams, You", "")),
            ("", ["bob"], 0, ("Alice Adams, Bob Brown, You", "")),
            (
                "",
                ["bob"],
                1,
                ("Alice Adams, Bob Brown, You, 1 other guest", "1 other guest"),
            ),
            ("", [], 2, ("Alice Adams, You, 2 other guests", "2 other guests")),
            ("Plan", ["bob"], 1, ("Plan", "1 other guest")),
        ],
    )
    def test_guests_see_the_name_or_all_people_and_themselves(
        self, as_alice, bob, as_guest, name, others, guests, expected
    ):
        token = as_alice.create_room(type=3, name=name)
        for _ in others:
            put_in(token, bob)
        for _ in range(guests):
            TalkClient().join(token)
        as_guest.join(token)
        room = as_guest.room(token)
        assert room["name"] == name
        assert (room["displayName"], room["guestList"]) == expected

    def test_a_guest_among_no_users_sees_you_and_no_participants(self, as_guest):
        token = RoomFactory(name="").token
        as_guest.join(token)
        room = as_guest.room(token)
        assert room["displayName"] == "You"
        assert room["participants"] == []

    def test_a_guest_who_is_not_counted_any_more_sees_no_negative_number(
        self, clock, as_alice, as_guest
    ):
        token = as_alice.create_room(name="")
        as_guest.join(token)
        Session.objects.update(last_ping=START - timedelta(seconds=100))
        answer = as_guest.get(f"/room/{token}")
        assert answer.data["guestList"] == ""

    def test_guests_who_are_gone_are_not_in_the_name(self, clock, as_alice):
        token = as_alice.create_room(name="")
        TalkClient().join(token)
        clock.shift(100)
        assert as_alice.room(token)["displayName"] == "You"

    def test_self_joined_users_are_in_the_name(self, as_alice, as_carol):
        token = as_alice.create_room(name="")
        as_carol.join(token)
        assert as_alice.room(token)["displayName"] == "Carol Clark"

    def test_an_account_without_a_full_name_shows_its_id(self, as_alice):
        token = as_alice.create_room(name="")
        put_in(token, UserFactory(username="dora", first_name="", last_name=""))
        assert as_alice.room(token)["displayName"] == "dora"

    def test_names_are_ordered_by_the_last_ping(self, clock, as_alice, bob, carol):
        token = as_alice.create_room(name="")
        put_in(token, bob)
        put_in(token, carol)
        put_in(token, UserFactory(username="dora"))
        TalkClient(bob).join(token)
        clock.shift(10)
        TalkClient(carol).join(token)
        names = as_alice.room(token)["displayName"]
        assert names == "Carol Clark, Bob Brown, Dora Example"


class TestPeople:
    """The other people."""

    def test_participants_are_ordered_by_the_last_ping(
        self, clock, as_alice, bob, carol
    ):
        token = as_alice.create_room()
        put_in(token, bob)
        put_in(token, carol)
        TalkClient(bob).join(token)
        clock.shift(10)
        TalkClient(carol).join(token)
        people = list(as_alice.room(token)["participants"])
        assert people == ["carol", "bob", "alice"]

    @pytest.mark.parametrize("type", [1, 2, 3, 5])
    def test_participants_have_name_type_flags_and_session(self, as_alice, bob, type):
        token = as_alice.create_room()
        participant = put_in(token, bob, type=type)
        session = SessionFactory(participant=participant, in_call=5)
        assert as_alice.room(token)["participants"]["bob"] == {
            "name": "Bob Brown",
            "type": type,
            "call": 5,
            "sessionId": session.session_id,
        }

    def test_guests_are_not_among_the_participants(self, as_alice, as_guest):
        token = as_alice.create_room()
        as_guest.join(token)
        assert list(as_alice.room(token)["participants"]) == ["alice"]

    def test_a_deleted_account_is_not_among_the_participants(self, as_alice, bob):
        token = as_alice.create_room()
        put_in(token, bob)
        bob.delete()
        assert list(as_alice.room(token)["participants"]) == ["alice"]


class TestNumbers:
    """How many are there, by the time of their last ping."""

    @pytest.mark.parametrize(("seconds", "count"), [(0, 1), (29, 1), (30, 0), (31, 0)])
    def test_count_is_who_pinged_in_the_last_30_seconds(
        self, clock, as_alice, as_bob, bob, seconds, count
    ):
        token = as_alice.create_room()
        put_in(token, bob)
        as_bob.join(token)
        clock.shift(seconds)
        assert as_alice.room(token)["count"] == count

    @pytest.mark.parametrize(("seconds", "count"), [(29, 1), (30, 0)])
    def test_strangers_see_the_same_count(
        self, clock, as_alice, as_carol, seconds, count
    ):
        token = as_alice.create_room()
        as_alice.join(token)
        clock.shift(seconds)
        assert as_carol.room(token)["count"] == count

    @pytest.mark.parametrize("who", ["member", "non_participant"])
    def test_count_has_everybody_once_with_all_their_devices(
        self, clock, as_alice, alice, as_carol, who
    ):
        token = as_alice.create_room()
        as_alice.join(token)
        TalkClient(alice).join(token)
        TalkClient().join(token)
        client = {"member": as_alice, "non_participant": as_carol}[who]
        assert client.room(token)["count"] == 2

    @pytest.mark.parametrize(("seconds", "count"), [(0, 1), (99, 1), (100, 0)])
    def test_guests_count_until_100_seconds_after_their_last_ping(
        self, clock, as_alice, as_guest, seconds, count
    ):
        token = as_alice.create_room()
        as_guest.join(token)
        clock.shift(seconds)
        assert as_alice.room(token)["numGuests"] == count

    def test_guest_moderators_count_as_guests(self, as_alice, as_guest):
        token = as_alice.create_room()
        as_guest.join(token)
        Participant.objects.filter(guest__isnull=False).update(type=6)
        assert as_alice.room(token)["numGuests"] == 1

    def test_users_do_not_count_as_guests(self, as_alice, as_carol):
        token = as_alice.create_room()
        as_carol.join(token)
        assert as_alice.room(token)["numGuests"] == 0
