"""Concurrent joining and leaving of calls."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from talk.constants import InCall, ParticipantType
from talk.domain.access import Caller, Identity, find_caller
from talk.domain.calls import join_call, leave_call
from talk.domain.room_changes import delete_room
from talk.exceptions import NotFound
from talk.models import CallAttendance, Message, Participant, Room, Session
from tests.factories import ParticipantFactory, RoomFactory, SessionFactory
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = 6
FLAGS = InCall.IN_CALL | InCall.WITH_AUDIO


@pytest.fixture
def callers(db: None) -> list[Caller]:
    """Users who have joined one room, each on a device."""
    room = RoomFactory()
    found = []
    for number in range(PEOPLE):
        participant = ParticipantFactory(room=room, type=ParticipantType.OWNER)
        SessionFactory(participant=participant, device=f"device {number}")
        identity = Identity(user=participant.user, device=f"device {number}")
        found.append(find_caller(identity=identity, token=room.token))
    return found


def join(caller: Caller) -> Callable[[], Any]:
    return lambda: join_call(caller=caller, flags=FLAGS, now=timezone.now())


def leave(caller: Caller) -> Callable[[], Any]:
    return lambda: leave_call(caller=caller, now=timezone.now())


def told() -> list[str]:
    """Return the system messages, oldest first."""
    rows = Message.objects.order_by("pk")
    return list(rows.values_list("system_message", flat=True))


def test_one_of_many_concurrent_joins_starts_the_call(callers: list[Caller]) -> None:
    assert at_once(*map(join, callers)) == [None] * PEOPLE
    assert told() == ["call_started", *["call_joined"] * (PEOPLE - 1)]
    assert CallAttendance.objects.count() == PEOPLE


def test_the_last_of_many_concurrent_leaves_ends_the_call(
    callers: list[Caller],
) -> None:
    for caller in callers:
        join(caller)()
    assert at_once(*map(leave, callers)) == [None] * PEOPLE
    assert told()[PEOPLE:] == [*["call_left"] * PEOPLE, "call_ended"]
    assert Room.objects.get().active_since is None
    assert not CallAttendance.objects.exists()


def test_two_concurrent_joins_of_a_caller_add_one_message(
    callers: list[Caller],
) -> None:
    assert at_once(join(callers[0]), join(callers[0])) == [None, None]
    assert told() == ["call_started"]


def test_two_concurrent_leaves_of_a_caller_add_one_message(
    callers: list[Caller],
) -> None:
    for caller in callers[:2]:
        join(caller)()
    assert at_once(leave(callers[0]), leave(callers[0])) == [None, None]
    assert told()[2:] == ["call_left"]


def test_a_caller_who_joins_while_the_last_one_leaves_is_in_a_call(
    callers: list[Caller],
) -> None:
    first, second = callers[:2]
    join(first)()
    assert at_once(leave(first), join(second)) == [None, None]
    assert Room.objects.get().active_since is not None
    assert Session.objects.in_call().count() == 1


def test_joining_the_call_of_a_room_that_is_being_deleted_succeeds_or_is_not_found(
    callers: list[Caller],
) -> None:
    owner, *others = callers
    results = at_once(partial(delete_room, caller=owner), *map(join, others))
    assert all(result is None or isinstance(result, NotFound) for result in results)
    assert not Room.objects.exists()
    assert not Participant.objects.exists()
    assert not CallAttendance.objects.exists()
