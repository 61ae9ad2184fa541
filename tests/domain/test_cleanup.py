"""The reaper's work: what it takes away, what it leaves alone, what it costs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from talk.constants import ParticipantType, RoomType
from talk.domain.cleanup import SIGNALING_SECONDS, CleanupCounts, clean_up
from talk.hints import Hint, HintKind
from talk.models import (
    BATCH,
    CallAttendance,
    Guest,
    Message,
    Participant,
    Room,
    Session,
    SignalingMessage,
)
from tests.api.helpers import rows
from tests.factories import (
    GuestFactory,
    ParticipantFactory,
    RoomFactory,
    SessionFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

NOW = datetime(2025, 1, 1, 12, tzinfo=UTC)
LIVE, DEAD = NOW - timedelta(seconds=99), NOW - timedelta(seconds=100)
"""The last pings of the oldest live session and of the freshest dead one."""

STARTED = NOW - timedelta(seconds=725)

BY_LINK = [
    ParticipantType.GUEST,
    ParticipantType.SELF_JOINED,
    ParticipantType.GUEST_MODERATOR,
]
MEMBERS = [ParticipantType.OWNER, ParticipantType.MODERATOR, ParticipantType.USER]
EVERYBODY = [*MEMBERS, *BY_LINK]


def clean(now: datetime = NOW) -> CleanupCounts:
    """Clean up."""
    return clean_up(now=now)


def place_of(
    type: ParticipantType, *pings: datetime, room: Room | None = None, **fields: Any
) -> Participant:
    """Return a place in a room, or in one of its own, with a session per ping."""
    owner = {"user": None, "guest": GuestFactory()} if type.is_guest else {}
    participant = ParticipantFactory(
        room=room or inhabited(), type=type, **owner, **fields
    )
    for ping in pings:
        SessionFactory(participant=participant, last_ping=ping)
    return participant


def inhabited(**fields: Any) -> Room:
    """Return a room with an owner who is not connected."""
    room = RoomFactory(**fields)
    ParticipantFactory(room=room, type=ParticipantType.OWNER)
    return room


def exists(row: Any) -> bool:
    """Whether a row is still there."""
    return type(row).objects.filter(pk=row.pk).exists()


def call_in(room: Room, *participants: Participant) -> Room:
    """Let these have been in a call that runs in the room."""
    Room.objects.filter(pk=room.pk).update(active_since=STARTED)
    for participant in participants:
        CallAttendance.objects.create(
            room=room, user=participant.user, guest=participant.guest, joined_at=STARTED
        )
        participant.sessions.update(in_call=7)
    return room


def keys_in(room: Room) -> list[str]:
    """Return the keys of a room's timeline, oldest first."""
    messages = Message.objects.filter(room=room).order_by("pk")
    return list(messages.values_list("system_message", flat=True))


class TestMembers:
    """Participants who were invited."""

    @pytest.mark.parametrize("type", MEMBERS)
    def test_a_dead_session_goes_and_the_place_stays(self, type):
        participant = place_of(type, DEAD)
        assert clean() == CleanupCounts(sessions=1)
        assert exists(participant)
        assert not participant.sessions.exists()

    def test_the_last_ping_is_remembered(self):
        participant = place_of(ParticipantType.USER, DEAD)
        clean()
        participant.refresh_from_db()
        assert participant.last_seen == DEAD

    def test_of_several_dead_sessions_the_last_ping_is_remembered(self):
        older = DEAD - timedelta(hours=1)
        participant = place_of(ParticipantType.USER, older, DEAD, older)
        assert clean().sessions == 3
        participant.refresh_from_db()
        assert participant.last_seen == DEAD

    def test_an_older_session_does_not_turn_last_seen_back(self):
        participant = place_of(
            ParticipantType.USER, DEAD - timedelta(hours=1), last_seen=DEAD
        )
        clean()
        participant.refresh_from_db()
        assert participant.last_seen == DEAD

    def test_a_live_session_on_another_device_stays(self):
        participant = place_of(ParticipantType.USER, LIVE, DEAD)
        assert clean() == CleanupCounts(sessions=1)
        assert participant.sessions.get().last_ping == LIVE

    def test_what_they_have_decided_stays(self):
        participant = place_of(
            ParticipantType.USER,
            DEAD,
            favorite=True,
            notification_level=3,
            read_comments=7,
        )
        clean()
        after = Participant.objects.values().get(pk=participant.pk)
        assert after["favorite"] is True
        assert (after["notification_level"], after["read_comments"]) == (3, 7)

    def test_somebody_who_never_joined_is_left_alone(self):
        place_of(ParticipantType.USER)
        before = rows()
        assert clean() == CleanupCounts()
        assert rows() == before


class TestByLink:
    """Guests and self-joined users."""

    @pytest.mark.parametrize("type", BY_LINK)
    def test_they_go_with_their_last_session(self, type):
        participant = place_of(type, DEAD)
        assert clean() == CleanupCounts(sessions=1, participants=1)
        assert not exists(participant)
        assert not Session.objects.exists()

    @pytest.mark.parametrize("type", BY_LINK)
    def test_with_another_live_session_they_stay(self, type):
        participant = place_of(type, DEAD, LIVE)
        assert clean() == CleanupCounts(sessions=1)
        assert participant.sessions.get().last_ping == LIVE

    @pytest.mark.parametrize("type", BY_LINK)
    def test_with_several_dead_sessions_they_go_once(self, type):
        place_of(type, DEAD, DEAD)
        assert clean() == CleanupCounts(sessions=2, participants=1)

    @pytest.mark.parametrize("type", BY_LINK)
    def test_nothing_is_said_about_it(self, type):
        participant = place_of(type, DEAD)
        clean()
        assert keys_in(participant.room) == []

    def test_the_account_of_a_self_joined_user_stays(self):
        participant = place_of(ParticipantType.SELF_JOINED, DEAD)
        clean()
        assert exists(participant.user)

    def test_what_guests_have_said_keeps_their_name(self):
        participant = place_of(ParticipantType.GUEST, DEAD)
        Guest.objects.update(display_name="Gwen")
        message = Message.objects.create(
            room=participant.room,
            position=1,
            comment_count=1,
            text="hello",
            actor_type="guests",
            actor_guest=participant.guest,
            created_at=DEAD,
        )
        clean()
        message.refresh_from_db()
        assert message.actor_guest.display_name == "Gwen"

    def test_the_dead_of_all_rooms_go_in_one_run(self):
        for _ in range(3):
            place_of(ParticipantType.GUEST, DEAD)
            place_of(ParticipantType.USER, DEAD)
        assert clean() == CleanupCounts(sessions=6, participants=3)


class TestCalls:
    """A call ends with the last live session in it."""

    @pytest.fixture
    def two(self) -> tuple[Participant, Participant]:
        """Two members of a room who are in its call, and dead."""
        room = inhabited()
        ben = UserFactory(username="ben")
        one = place_of(ParticipantType.USER, DEAD, room=room, user=ben)
        other = place_of(ParticipantType.GUEST, DEAD, room=room)
        call_in(room, one, other)
        return one, other

    def test_it_ends_with_its_summary(self, two):
        assert clean() == CleanupCounts(sessions=2, participants=1, calls=1)
        room = Room.objects.get()
        assert room.active_since is None
        message = Message.objects.get()
        assert message.system_message == "call_ended"
        assert message.parameters == {"users": ["ben"], "guests": 1, "duration": 725}
        assert message.created_at == NOW
        assert not CallAttendance.objects.exists()

    def test_it_goes_on_while_somebody_live_is_in_it(self, two):
        Session.objects.filter(participant=two[0]).update(last_ping=LIVE)
        assert clean() == CleanupCounts(sessions=1, participants=1)
        room = Room.objects.get()
        assert room.active_since == STARTED
        assert keys_in(room) == []
        assert CallAttendance.objects.count() == 2

    def test_it_ends_though_somebody_live_is_in_the_room(self, two):
        place_of(ParticipantType.USER, LIVE, room=two[0].room)
        assert clean().calls == 1
        assert keys_in(two[0].room) == ["call_ended"]

    def test_it_ends_without_any_dead_session(self):
        room = call_in(inhabited())
        assert clean() == CleanupCounts(calls=1)
        room.refresh_from_db()
        assert room.active_since is None

    def test_of_somebody_alone_nothing_is_said(self):
        participant = place_of(ParticipantType.USER, DEAD)
        call_in(participant.room, participant)
        assert clean() == CleanupCounts(sessions=1, calls=1)
        assert keys_in(participant.room) == []

    @pytest.mark.parametrize("first", [0, 1])
    def test_who_is_removed_first_does_not_end_it_for_others(self, two, first):
        dead, live = two[first], two[1 - first]
        live.sessions.update(last_ping=LIVE)
        assert clean().calls == 0
        assert not dead.sessions.exists()

    def test_calls_of_other_rooms_go_on(self, two):
        participant = place_of(ParticipantType.USER, LIVE)
        call_in(participant.room, participant)
        assert clean().calls == 1
        assert Room.objects.get(pk=participant.room.pk).active_since == STARTED


class TestRooms:
    """Rooms that nobody can come back to."""

    @pytest.mark.parametrize("type", [RoomType.GROUP, RoomType.PUBLIC])
    def test_an_empty_one_is_deleted(self, type):
        RoomFactory(type=type)
        assert clean() == CleanupCounts(rooms=1)
        assert not Room.objects.exists()

    @pytest.mark.parametrize("type", RoomType)
    @pytest.mark.parametrize("people", [0, 1])
    def test_one_of_the_sites_own_objects_stays(self, type, people):
        room = RoomFactory(type=type, object_type="blog.article", object_id="7")
        ParticipantFactory.create_batch(people, room=room)
        assert clean() == CleanupCounts()
        assert exists(room)

    @pytest.mark.parametrize("people", [0, 1])
    def test_half_a_one_to_one_room_is_deleted(self, people):
        room = RoomFactory(type=RoomType.ONE_TO_ONE)
        ParticipantFactory.create_batch(people, room=room)
        assert clean() == CleanupCounts(rooms=1)
        assert not exists(room)

    def test_a_whole_one_to_one_room_stays(self):
        room = RoomFactory(type=RoomType.ONE_TO_ONE)
        ParticipantFactory.create_batch(2, room=room)
        assert clean() == CleanupCounts()
        assert exists(room)

    @pytest.mark.parametrize("type", [RoomType.GROUP, RoomType.PUBLIC])
    @pytest.mark.parametrize("place", EVERYBODY)
    def test_one_with_somebody_in_it_stays(self, type, place):
        room = RoomFactory(type=type)
        place_of(place, LIVE, room=room)
        assert clean() == CleanupCounts()
        assert exists(room)

    @pytest.mark.parametrize("type", BY_LINK)
    def test_one_whose_last_people_have_gone_goes_in_the_same_run(self, type):
        room = RoomFactory()
        place_of(type, DEAD, room=room)
        assert clean() == CleanupCounts(sessions=1, participants=1, rooms=1)
        assert not exists(room)

    def test_its_messages_and_guests_go_with_it(self):
        room = RoomFactory(last_position=1, comment_count=1)
        Message.objects.create(
            room=room,
            position=1,
            comment_count=1,
            text="hello",
            actor_type="guests",
            actor_guest=GuestFactory(),
            created_at=DEAD,
        )
        clean()
        assert rows() == [[], [], [], [], []]

    def test_whoever_waits_in_it_is_told(
        self, monkeypatch, django_capture_on_commit_callbacks
    ):
        # No other test's room has this key; hints of what was rolled back may linger.
        room, told = RoomFactory(pk=987_654), []
        monkeypatch.setattr("talk.hints.publish", told.extend)
        with django_capture_on_commit_callbacks(execute=True):
            clean()
        assert [hint for hint in told if hint.room_id == room.pk] == [
            Hint(room.pk, 0, HintKind.DEPARTURE)
        ]


class TestSignaling:
    """Messages between sessions that nobody has fetched."""

    def message(self, age: float) -> SignalingMessage:
        """Return a message of some age for a live session."""
        participant = place_of(ParticipantType.USER, LIVE)
        return SignalingMessage.objects.create(
            recipient=participant.sessions.get(),
            sender_session_id="a" * 512,
            text="{}",
            created_at=NOW - timedelta(seconds=age),
        )

    def test_an_old_one_goes(self):
        self.message(SIGNALING_SECONDS + 1)
        assert clean() == CleanupCounts(signaling_messages=1)
        assert not SignalingMessage.objects.exists()

    def test_a_young_one_stays(self):
        message = self.message(SIGNALING_SECONDS)
        assert clean() == CleanupCounts()
        assert exists(message)

    def test_one_goes_with_the_session_that_it_is_for(self):
        message = self.message(0)
        Session.objects.update(last_ping=DEAD)
        assert clean() == CleanupCounts(sessions=1)
        assert not exists(message)

    def test_many_go_in_one_run(self):
        first = self.message(SIGNALING_SECONDS + 1)
        SignalingMessage.objects.bulk_create(
            SignalingMessage(
                recipient=first.recipient,
                sender_session_id="a" * 512,
                text="{}",
                created_at=first.created_at,
            )
            for _ in range(BATCH)
        )
        assert clean() == CleanupCounts(signaling_messages=BATCH + 1)


class TestLeftAlone:
    """What is live, and what was cleaned up already."""

    def test_nothing_live_is_touched(self):
        for type in EVERYBODY:
            participant = place_of(type, LIVE, NOW)
            call_in(participant.room, participant)
        tables = (Room, Participant, Session, Guest, Message, CallAttendance)
        before = rows(*tables)
        assert clean() == CleanupCounts()
        assert rows(*tables) == before

    def test_a_second_run_finds_nothing(self):
        room = inhabited()
        participants = [place_of(type, DEAD, room=room) for type in EVERYBODY]
        call_in(room, *participants)
        RoomFactory()
        first = clean()
        assert first == CleanupCounts(sessions=6, participants=3, calls=1, rooms=1)
        before = rows()
        assert clean() == CleanupCounts()
        assert rows() == before

    def test_the_dead_leave_the_living_of_their_room_alone(self):
        room = inhabited()
        live = [place_of(type, LIVE, room=room) for type in EVERYBODY]
        for type in BY_LINK:
            place_of(type, DEAD, room=room)
        timeline = Room.objects.values("last_position", "last_activity")
        before = timeline.get()
        assert clean() == CleanupCounts(sessions=3, participants=3)
        assert all(
            exists(participant) and participant.sessions.exists()
            for participant in live
        )
        assert timeline.get() == before
