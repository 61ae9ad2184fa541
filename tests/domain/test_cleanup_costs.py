"""What the reaper costs, and several of them at the same moment."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from talk.constants import ParticipantType
from talk.models import SignalingMessage
from tests.domain.test_cleanup import (
    DEAD,
    EVERYBODY,
    LIVE,
    call_in,
    clean,
    inhabited,
    keys_in,
    place_of,
)
from tests.factories import RoomFactory
from tests.threads import at_once

pytestmark = pytest.mark.django_db

USER, GUEST = ParticipantType.USER, ParticipantType.GUEST

QUIET_QUERIES = 4
"""Dead sessions, forgotten calls, empty rooms, old signaling messages."""


class TestCosts:
    """How many queries a run needs."""

    def count(self, make: Callable[[], Any], times: int) -> int:
        """Return the queries of a run after something was made so often."""
        for _ in range(times):
            make()
        with CaptureQueriesContext(connection) as queries:
            clean()
        return len(queries)

    @pytest.mark.parametrize("rooms", [0, 1, 50])
    def test_live_rooms_cost_nothing(self, rooms, django_assert_num_queries):
        for _ in range(rooms):
            participant = place_of(ParticipantType.GUEST, LIVE)
            call_in(participant.room, participant)
        with django_assert_num_queries(QUIET_QUERIES):
            clean()

    @pytest.mark.parametrize("type", [ParticipantType.USER, ParticipantType.GUEST])
    def test_live_people_of_a_room_cost_nothing(self, type):
        few, many = inhabited(), inhabited()
        dead = partial(place_of, type, DEAD)
        place_of(type, LIVE, room=few)
        cost_of_few = self.count(partial(dead, room=few), 1)
        for _ in range(50):
            place_of(type, LIVE, room=many)
        assert self.count(partial(dead, room=many), 1) == cost_of_few

    @pytest.mark.parametrize("type", [ParticipantType.USER, ParticipantType.GUEST])
    def test_the_dead_of_a_room_cost_the_same_however_many(self, type):
        few, many = inhabited(), inhabited()
        cost_of_few = self.count(partial(place_of, type, DEAD, room=few), 2)
        cost_of_many = self.count(partial(place_of, type, DEAD, room=many), 50)
        assert cost_of_many == cost_of_few

    @pytest.mark.parametrize(
        "make",
        [
            pytest.param(partial(place_of, ParticipantType.USER, DEAD), id="session"),
            pytest.param(partial(place_of, ParticipantType.GUEST, DEAD), id="guest"),
            pytest.param(lambda: call_in(inhabited()), id="call"),
            pytest.param(RoomFactory, id="empty room"),
        ],
    )
    def test_each_room_costs_the_same(self, make):
        one, five = self.count(make, 1), self.count(make, 5)
        assert five - QUIET_QUERIES == 5 * (one - QUIET_QUERIES)

    @pytest.mark.parametrize("types", [[USER], [GUEST], [USER, GUEST]], ids=str)
    @pytest.mark.parametrize("has_call", [False, True])
    def test_who_waits_is_told_once_a_room_of_all_that_went(self, types, has_call):
        room = inhabited()
        dead = [place_of(type, DEAD, room=room) for type in types for _ in range(3)]
        if has_call:
            call_in(room, *dead)
        room.refresh_from_db()
        before = room.presence_version
        clean()
        room.refresh_from_db()
        assert room.presence_version == before + 1

    @pytest.mark.parametrize("type", [USER, GUEST])
    def test_whether_the_call_goes_on_is_asked_once_a_room(self, type):
        room = inhabited()
        call_in(room, place_of(USER, LIVE, room=room))
        place_of(type, DEAD, room=room)
        with CaptureQueriesContext(connection) as queries:
            clean()
        asked = [
            query["sql"]
            for query in queries
            if query["sql"].startswith("SELECT 1") and "in_call" in query["sql"]
        ]
        assert len(asked) == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    """Runs, and people, at the same moment."""

    def test_two_runs_remove_everything_once(self):
        for _ in range(5):
            room = inhabited()
            participants = [place_of(type, DEAD, room=room) for type in EVERYBODY]
            call_in(room, *participants)
            RoomFactory()
        found = at_once(*[clean] * 4)
        assert sum(cleaned.sessions for cleaned in found) == 30
        assert sum(cleaned.participants for cleaned in found) == 15
        assert sum(cleaned.calls for cleaned in found) == 5
        assert sum(cleaned.rooms for cleaned in found) == 5

    def test_two_runs_sum_a_call_up_once(self):
        participants = [place_of(ParticipantType.USER, DEAD, room=inhabited())]
        room = participants[0].room
        participants.append(place_of(ParticipantType.USER, DEAD, room=room))
        call_in(room, *participants)
        at_once(*[clean] * 4)
        assert keys_in(room) == ["call_ended"]

    def test_two_runs_remove_old_signaling_messages(self):
        participant = place_of(ParticipantType.USER, LIVE)
        for _ in range(20):
            SignalingMessage.objects.create(
                recipient=participant.sessions.get(),
                sender_session_id="a" * 512,
                text="{}",
                created_at=DEAD - timedelta(hours=1),
            )
        at_once(*[clean] * 4)
        assert not SignalingMessage.objects.exists()
