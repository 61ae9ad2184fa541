"""The end of a call, and its summary."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db.transaction import TransactionManagementError

from talk.domain.calls import end_if_empty
from talk.models import CallAttendance, Message, Room, atomic
from tests.factories import (
    GuestFactory,
    ParticipantFactory,
    RoomFactory,
    SessionFactory,
    UserFactory,
)
from tests.timelines import ADVANCE

pytestmark = pytest.mark.django_db

NOW = datetime(2025, 1, 1, 12, tzinfo=UTC)
STARTED = NOW - timedelta(seconds=725, microseconds=999_999)
LIVE, STALE = NOW - timedelta(seconds=99), NOW - timedelta(seconds=100)


@pytest.fixture
def room() -> Room:
    """A room with a running call."""
    return RoomFactory(active_since=STARTED)


def users(room: Room, *names: str) -> list[Any]:
    """Let users have taken part in the call, in this order."""
    accounts = [UserFactory(username=name) for name in names]
    for account in accounts:
        CallAttendance.objects.create(room=room, user=account, joined_at=STARTED)
    return accounts


def guests(room: Room, count: int) -> None:
    """Let guests have taken part in the call."""
    for guest in GuestFactory.create_batch(count):
        CallAttendance.objects.create(room=room, guest=guest, joined_at=STARTED)


def connect(room: Room, *, in_call: int = 7, last_ping: datetime = LIVE) -> None:
    """Create a session in the room."""
    participant = ParticipantFactory(room=room)
    SessionFactory(participant=participant, in_call=in_call, last_ping=last_ping)


@atomic
def end(room: Room, now: datetime = NOW) -> bool:
    """End the call if nobody is in it."""
    locked = Room.objects.lock(room.pk)
    assert locked is not None
    has_ended = end_if_empty(room=locked, now=now)
    assert locked.active_since == Room.objects.get(pk=room.pk).active_since
    return has_ended


def summaries(room: Room) -> list[dict[str, Any]]:
    """Return the attendances of the calls of a room."""
    messages = Message.objects.filter(room=room, system_message="call_ended")
    assert messages.count() == Message.objects.count()
    return [message.parameters for message in messages]


class TestWhen:
    """Cases in which the call ends or goes on."""

    def test_it_ends_when_nobody_is_left(self, room):
        connect(room, in_call=0)
        assert end(room) is True
        room.refresh_from_db()
        assert room.active_since is None

    @pytest.mark.parametrize("flags", [1, 3, 5, 7])
    def test_it_goes_on_while_a_session_is_in_it(self, room, flags):
        users(room, "amy", "ben")
        connect(room, in_call=flags)
        assert end(room) is False
        room.refresh_from_db()
        assert room.active_since == STARTED
        assert CallAttendance.objects.count() == 2
        assert summaries(room) == []

    def test_a_dead_session_is_not_in_it(self, room):
        connect(room, last_ping=STALE)
        assert end(room) is True

    def test_a_session_in_the_call_of_another_room_is_not_in_it(self, room):
        connect(RoomFactory(active_since=STARTED))
        assert end(room) is True

    def test_nothing_ends_without_a_call(self):
        room = RoomFactory()
        connect(room, in_call=0)
        assert end(room) is False
        assert summaries(room) == []

    def test_it_ends_once(self, room):
        users(room, "amy", "ben")
        assert [end(room), end(room)] == [True, False]
        assert len(summaries(room)) == 1

    def test_it_needs_a_transaction(self, room, monkeypatch):
        monkeypatch.setattr(
            "talk.models.database.transaction.get_connection",
            lambda using: type("Connection", (), {"in_atomic_block": False}),
        )
        with pytest.raises(TransactionManagementError, match="end_if_empty"):
            end_if_empty(room=room, now=NOW)


class TestSummary:
    """The system message `call_ended`."""

    @pytest.mark.parametrize(
        ("names", "guest_count"),
        [(["amy", "ben"], 0), (["amy"], 1), (["amy"], 2), (["amy", "ben", "cy"], 3)],
    )
    def test_two_are_enough_for_one(self, room, names, guest_count):
        users(room, *names)
        guests(room, guest_count)
        end(room)
        expected = {"users": names, "guests": guest_count, "duration": 725}
        assert summaries(room) == [expected]

    @pytest.mark.parametrize(
        ("names", "guest_count"), [([], 0), (["amy"], 0), ([], 1), ([], 2)]
    )
    def test_one_user_alone_or_guests_alone_add_no_message(
        self, room, names, guest_count
    ):
        users(room, *names)
        guests(room, guest_count)
        before = Room.objects.values("last_position", "last_activity").get()
        assert end(room) is True
        assert summaries(room) == []
        assert Room.objects.values("last_position", "last_activity").get() == before

    def test_users_are_listed_in_the_order_of_their_ids(self, room):
        users(room, "cy", "amy", "ben")
        end(room)
        assert summaries(room)[0]["users"] == ["amy", "ben", "cy"]

    def test_the_first_user_is_its_actor(self, room):
        _, amy = users(room, "ben", "amy")
        end(room)
        message = Message.objects.get()
        assert (message.actor_type, message.actor_user) == ("users", amy)
        assert message.created_at == NOW

    def test_a_user_who_has_left_the_room_still_counts(self, room):
        users(room, "amy", "ben")
        assert not room.participants.exists()
        end(room)
        assert summaries(room)[0]["users"] == ["amy", "ben"]

    def test_the_next_call_counts_from_zero(self, room):
        users(room, "amy", "ben")
        guests(room, 1)
        end(room)
        assert not CallAttendance.objects.exists()

    def test_the_call_of_another_room_goes_on(self, room):
        other = RoomFactory(active_since=STARTED)
        users(other, "amy", "ben")
        end(room)
        assert CallAttendance.objects.filter(room=other).count() == 2
        other.refresh_from_db()
        assert other.active_since == STARTED


class TestCosts:
    """Queries."""

    def test_without_a_call_it_costs_no_query(self, django_assert_num_queries):
        room = RoomFactory()
        with django_assert_num_queries(0):
            end_if_empty(room=room, now=NOW)

    @pytest.mark.parametrize("people", [1, 50])
    def test_a_call_that_goes_on_costs_one(
        self, room, people, django_assert_num_queries
    ):
        for _ in range(people):
            connect(room)
        with django_assert_num_queries(1):
            end_if_empty(room=room, now=NOW)

    @pytest.mark.parametrize("people", [2, 50])
    def test_a_call_that_ends_costs_the_same_for_few_and_many(
        self, room, people, django_assert_num_queries
    ):
        users(room, *[f"user{number}" for number in range(people)])
        guests(room, people)
        with django_assert_num_queries(ADVANCE + 6):
            end_if_empty(room=room, now=NOW)
