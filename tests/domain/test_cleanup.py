"""The reaper: the rows it deletes and the rows it keeps."""

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
"""The last pings of the oldest live session and of the newest dead one."""

STARTED = NOW - timedelta(seconds=725)

BY_LINK = [
    ParticipantType.GUEST,
    ParticipantType.SELF_JOINED,
    ParticipantType.GUEST_MODERATOR,
]
PERMANENT = [ParticipantType.OWNER, ParticipantType.MODERATOR, ParticipantType.USER]
ALL_TYPES = [*PERMANENT, *BY_LINK]


def clean(now: datetime = NOW) -> CleanupCounts:
    """Clean up."""
    return clean_up(now=now)


def participant_with_sessions(
    type: ParticipantType, *pings: datetime, room: Room | None = None, **fields: Any
) -> Participant:
    """Return a participant of a room, by default a new one, with a session per ping."""
    owner = {"user": None, "guest": GuestFactory()} if type.is_guest else {}
    participant = ParticipantFactory(
        room=room or room_with_owner(), type=type, **owner, **fields
    )
    for ping in pings:
        SessionFactory(participant=participant, last_ping=ping)
    return participant


def room_with_owner(**fields: Any) -> Room:
    """Return a room with an owner who is not connected."""
    room = RoomFactory(**fields)
    ParticipantFactory(room=room, type=ParticipantType.OWNER)
    return room


def exists(row: Any) -> bool:
    """Return whether a row still exists."""
    return type(row).objects.filter(pk=row.pk).exists()


def call_in(room: Room, *participants: Participant) -> Room:
    """Start a call in the room with these participants in it."""
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


class TestPermanentParticipants:
    """Participants who were invited."""

    @pytest.mark.parametrize("type", PERMANENT)
    def test_a_dead_session_is_deleted_and_its_participant_stays(self, type):
        participant = participant_with_sessions(type, DEAD)
        assert clean() == CleanupCounts(sessions=1)
        assert exists(participant)
        assert not participant.sessions.exists()

    def test_the_last_ping_is_stored_with_the_participant(self):
        participant = participant_with_sessions(ParticipantType.USER, DEAD)
        clean()
        participant.refresh_from_db()
        assert participant.last_seen == DEAD

    def test_the_last_ping_of_several_dead_sessions_is_stored(self):
        older = DEAD - timedelta(hours=1)
        participant = participant_with_sessions(
            ParticipantType.USER, older, DEAD, older
        )
        assert clean().sessions == 3
        participant.refresh_from_db()
        assert participant.last_seen == DEAD

    def test_an_older_session_does_not_move_last_seen_back(self):
        participant = participant_with_sessions(
            ParticipantType.USER, DEAD - timedelta(hours=1), last_seen=DEAD
        )
        clean()
        participant.refresh_from_db()
        assert participant.last_seen == DEAD

    def test_a_live_session_on_another_device_stays(self):
        participant = participant_with_sessions(ParticipantType.USER, LIVE, DEAD)
        assert clean() == CleanupCounts(sessions=1)
        assert participant.sessions.get().last_ping == LIVE

    def test_preferences_and_read_marker_stay(self):
        participant = participant_with_sessions(
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

    def test_a_participant_who_never_joined_stays(self):
        participant_with_sessions(ParticipantType.USER)
        before = rows()
        assert clean() == CleanupCounts()
        assert rows() == before


class TestByLink:
    """Guests and self-joined users."""

    @pytest.mark.parametrize("type", BY_LINK)
    def test_they_are_removed_with_their_last_session(self, type):
        participant = participant_with_sessions(type, DEAD)
        assert clean() == CleanupCounts(sessions=1, participants=1)
        assert not exists(participant)
        assert not Session.objects.exists()

    @pytest.mark.parametrize("type", BY_LINK)
    def test_they_stay_with_another_live_session(self, type):
        participant = participant_with_sessions(type, DEAD, LIVE)
        assert clean() == CleanupCounts(sessions=1)
        assert participant.sessions.get().last_ping == LIVE

    @pytest.mark.parametrize("type", BY_LINK)
    def test_they_are_removed_once_for_several_dead_sessions(self, type):
        participant_with_sessions(type, DEAD, DEAD)
        assert clean() == CleanupCounts(sessions=2, participants=1)

    @pytest.mark.parametrize("type", BY_LINK)
    def test_no_system_message_tells_of_it(self, type):
        participant = participant_with_sessions(type, DEAD)
        clean()
        assert keys_in(participant.room) == []

    def test_the_account_of_a_self_joined_user_stays(self):
        participant = participant_with_sessions(ParticipantType.SELF_JOINED, DEAD)
        clean()
        assert exists(participant.user)

    def test_messages_of_removed_guests_keep_their_name(self):
        participant = participant_with_sessions(ParticipantType.GUEST, DEAD)
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

    def test_dead_sessions_of_all_rooms_are_deleted_in_one_run(self):
        for _ in range(3):
            participant_with_sessions(ParticipantType.GUEST, DEAD)
            participant_with_sessions(ParticipantType.USER, DEAD)
        assert clean() == CleanupCounts(sessions=6, participants=3)


class TestCalls:
    """A call ends with the last live session in it."""

    @pytest.fixture
    def two(self) -> tuple[Participant, Participant]:
        """Two participants in the call of a room, with dead sessions."""
        room = room_with_owner()
        ben = UserFactory(username="ben")
        one = participant_with_sessions(ParticipantType.USER, DEAD, room=room, user=ben)
        other = participant_with_sessions(ParticipantType.GUEST, DEAD, room=room)
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

    def test_it_continues_with_a_live_session_in_it(self, two):
        Session.objects.filter(participant=two[0]).update(last_ping=LIVE)
        assert clean() == CleanupCounts(sessions=1, participants=1)
        room = Room.objects.get()
        assert room.active_since == STARTED
        assert keys_in(room) == []
        assert CallAttendance.objects.count() == 2

    def test_it_ends_even_with_a_live_session_in_the_room(self, two):
        participant_with_sessions(ParticipantType.USER, LIVE, room=two[0].room)
        assert clean().calls == 1
        assert keys_in(two[0].room) == ["call_ended"]

    def test_it_ends_without_any_dead_session(self):
        room = call_in(room_with_owner())
        assert clean() == CleanupCounts(calls=1)
        room.refresh_from_db()
        assert room.active_since is None

    def test_a_call_of_one_participant_has_no_summary(self):
        participant = participant_with_sessions(ParticipantType.USER, DEAD)
        call_in(participant.room, participant)
        assert clean() == CleanupCounts(sessions=1, calls=1)
        assert keys_in(participant.room) == []

    @pytest.mark.parametrize("first", [0, 1])
    def test_it_continues_whichever_of_two_sessions_is_dead(self, two, first):
        dead, live = two[first], two[1 - first]
        live.sessions.update(last_ping=LIVE)
        assert clean().calls == 0
        assert not dead.sessions.exists()

    def test_calls_of_other_rooms_continue(self, two):
        participant = participant_with_sessions(ParticipantType.USER, LIVE)
        call_in(participant.room, participant)
        assert clean().calls == 1
        assert Room.objects.get(pk=participant.room.pk).active_since == STARTED


class TestRooms:
    """Rooms without participants."""

    @pytest.mark.parametrize("type", [RoomType.GROUP, RoomType.PUBLIC])
    def test_an_empty_room_is_deleted(self, type):
        RoomFactory(type=type)
        assert clean() == CleanupCounts(rooms=1)
        assert not Room.objects.exists()

    @pytest.mark.parametrize("type", RoomType)
    @pytest.mark.parametrize("people", [0, 1])
    def test_a_room_of_a_sites_own_object_stays(self, type, people):
        room = RoomFactory(type=type, object_type="blog.article", object_id="7")
        ParticipantFactory.create_batch(people, room=room)
        assert clean() == CleanupCounts()
        assert exists(room)

    @pytest.mark.parametrize("people", [0, 1])
    def test_a_one_to_one_room_without_its_pair_is_deleted(self, people):
        room = RoomFactory(type=RoomType.ONE_TO_ONE)
        ParticipantFactory.create_batch(people, room=room)
        assert clean() == CleanupCounts(rooms=1)
        assert not exists(room)

    def test_a_one_to_one_room_with_its_pair_stays(self):
        room = RoomFactory(type=RoomType.ONE_TO_ONE)
        ParticipantFactory.create_batch(2, room=room)
        assert clean() == CleanupCounts()
        assert exists(room)

    @pytest.mark.parametrize("type", [RoomType.GROUP, RoomType.PUBLIC])
    @pytest.mark.parametrize("participant_type", ALL_TYPES)
    def test_a_room_with_a_participant_stays(self, type, participant_type):
        room = RoomFactory(type=type)
        participant_with_sessions(participant_type, LIVE, room=room)
        assert clean() == CleanupCounts()
        assert exists(room)

    @pytest.mark.parametrize("type", BY_LINK)
    def test_a_room_is_deleted_in_the_same_run_as_its_last_participants(self, type):
        room = RoomFactory()
        participant_with_sessions(type, DEAD, room=room)
        assert clean() == CleanupCounts(sessions=1, participants=1, rooms=1)
        assert not exists(room)

    def test_its_messages_and_guests_are_deleted_with_it(self):
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

    def test_waiting_polls_hear_of_its_deletion(
        self, monkeypatch, django_capture_on_commit_callbacks
    ):
        # A key of no other test's room; hints of rolled back changes may remain.
        room, told = RoomFactory(pk=987_654), []
        monkeypatch.setattr("talk.hints.publish", told.extend)
        with django_capture_on_commit_callbacks(execute=True):
            clean()
        assert [hint for hint in told if hint.room_id == room.pk] == [
            Hint(room.pk, 0, HintKind.DEPARTURE)
        ]


class TestSignaling:
    """Signaling messages that were not fetched."""

    def message(self, age: float) -> SignalingMessage:
        """Return a message of some age for a live session."""
        participant = participant_with_sessions(ParticipantType.USER, LIVE)
        return SignalingMessage.objects.create(
            recipient=participant.sessions.get(),
            sender_session_id="a" * 512,
            text="{}",
            created_at=NOW - timedelta(seconds=age),
        )

    def test_an_old_message_is_deleted(self):
        self.message(SIGNALING_SECONDS + 1)
        assert clean() == CleanupCounts(signaling_messages=1)
        assert not SignalingMessage.objects.exists()

    def test_a_recent_message_stays(self):
        message = self.message(SIGNALING_SECONDS)
        assert clean() == CleanupCounts()
        assert exists(message)

    def test_a_message_is_deleted_with_its_recipient(self):
        message = self.message(0)
        Session.objects.update(last_ping=DEAD)
        assert clean() == CleanupCounts(sessions=1)
        assert not exists(message)

    def test_many_messages_are_deleted_in_one_run(self):
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
    """Live rows, and rows of an earlier run."""

    def test_live_rows_stay(self):
        for type in ALL_TYPES:
            participant = participant_with_sessions(type, LIVE, NOW)
            call_in(participant.room, participant)
        tables = (Room, Participant, Session, Guest, Message, CallAttendance)
        before = rows(*tables)
        assert clean() == CleanupCounts()
        assert rows(*tables) == before

    def test_a_second_run_deletes_nothing(self):
        room = room_with_owner()
        participants = [
            participant_with_sessions(type, DEAD, room=room) for type in ALL_TYPES
        ]
        call_in(room, *participants)
        RoomFactory()
        first = clean()
        assert first == CleanupCounts(sessions=6, participants=3, calls=1, rooms=1)
        before = rows()
        assert clean() == CleanupCounts()
        assert rows() == before

    def test_live_participants_of_a_cleaned_room_stay(self):
        room = room_with_owner()
        live = [participant_with_sessions(type, LIVE, room=room) for type in ALL_TYPES]
        for type in BY_LINK:
            participant_with_sessions(type, DEAD, room=room)
        timeline = Room.objects.values("last_position", "last_activity")
        before = timeline.get()
        assert clean() == CleanupCounts(sessions=3, participants=3)
        assert all(
            exists(participant) and participant.sessions.exists()
            for participant in live
        )
        assert timeline.get() == before
