"""The queries of the reaper, and several runs at the same time."""

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
    ALL_TYPES,
    DEAD,
    LIVE,
    call_in,
    clean,
    keys_in,
    participant_with_sessions,
    room_with_owner,
)
from tests.factories import RoomFactory
from tests.threads import at_once

pytestmark = pytest.mark.django_db

USER, GUEST = ParticipantType.USER, ParticipantType.GUEST

QUIET_QUERIES = 4
"""Dead sessions, abandoned calls, empty rooms, old signaling messages."""


class TestCosts:
    """The queries of a run."""

    def count(self, make: Callable[[], Any], times: int) -> int:
        """Return the number of queries of a run after calling `make` several times."""
        for _ in range(times):
            make()
        with CaptureQueriesContext(connection) as queries:
            clean()
        return len(queries)

    @pytest.mark.parametrize("rooms", [0, 1, 50])
    def test_live_rooms_cost_nothing(self, rooms, django_assert_num_queries):
        for _ in range(rooms):
            participant = participant_with_sessions(ParticipantType.GUEST, LIVE)
            call_in(participant.room, participant)
        with django_assert_num_queries(QUIET_QUERIES):
            clean()

    @pytest.mark.parametrize("type", [ParticipantType.USER, ParticipantType.GUEST])
    def test_live_participants_of_a_room_cost_nothing(self, type):
        few, many = room_with_owner(), room_with_owner()
        dead = partial(participant_with_sessions, type, DEAD)
        participant_with_sessions(type, LIVE, room=few)
        cost_of_few = self.count(partial(dead, room=few), 1)
        for _ in range(50):
            participant_with_sessions(type, LIVE, room=many)
        assert self.count(partial(dead, room=many), 1) == cost_of_few

    @pytest.mark.parametrize("type", [ParticipantType.USER, ParticipantType.GUEST])
    def test_any_number_of_dead_sessions_of_a_room_costs_the_same(self, type):
        few, many = room_with_owner(), room_with_owner()
        cost_of_few = self.count(
            partial(participant_with_sessions, type, DEAD, room=few), 2
        )
        cost_of_many = self.count(
            partial(participant_with_sessions, type, DEAD, room=many), 50
        )
        assert cost_of_many == cost_of_few

    @pytest.mark.parametrize(
        "make",
        [
            pytest.param(
                partial(participant_with_sessions, ParticipantType.USER, DEAD),
                id="session",
            ),
            pytest.param(
                partial(participant_with_sessions, ParticipantType.GUEST, DEAD),
                id="guest",
            ),
            pytest.param(lambda: call_in(room_with_owner()), id="call"),
            pytest.param(RoomFactory, id="empty room"),
        ],
    )
    def test_each_room_costs_the_same(self, make):
        one, five = self.count(make, 1), self.count(make, 5)
        assert five - QUIET_QUERIES == 5 * (one - QUIET_QUERIES)

    @pytest.mark.parametrize("types", [[USER], [GUEST], [USER, GUEST]], ids=str)
    @pytest.mark.parametrize("has_call", [False, True])
    def test_waiting_polls_hear_once_a_room_of_all_removals(self, types, has_call):
        room = room_with_owner()
        dead = [
            participant_with_sessions(type, DEAD, room=room)
            for type in types
            for _ in range(3)
        ]
        if has_call:
            call_in(room, *dead)
        room.refresh_from_db()
        before = room.presence_version
        clean()
        room.refresh_from_db()
        assert room.presence_version == before + 1

    @pytest.mark.parametrize("type", [USER, GUEST])
    def test_the_end_of_the_call_is_checked_once_a_room(self, type):
        room = room_with_owner()
        call_in(room, participant_with_sessions(USER, LIVE, room=room))
        participant_with_sessions(type, DEAD, room=room)
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
    """Two runs at the same time."""

    def test_two_runs_delete_everything_once(self):
        for _ in range(5):
            room = room_with_owner()
            participants = [
                participant_with_sessions(type, DEAD, room=room) for type in ALL_TYPES
            ]
            call_in(room, *participants)
            RoomFactory()
        found = at_once(*[clean] * 4)
        assert sum(cleaned.sessions for cleaned in found) == 30
        assert sum(cleaned.participants for cleaned in found) == 15
        assert sum(cleaned.calls for cleaned in found) == 5
        assert sum(cleaned.rooms for cleaned in found) == 5

    def test_two_runs_write_one_summary_of_a_call(self):
        participants = [
            participant_with_sessions(
                ParticipantType.USER, DEAD, room=room_with_owner()
            )
        ]
        room = participants[0].room
        participants.append(
            participant_with_sessions(ParticipantType.USER, DEAD, room=room)
        )
        call_in(room, *participants)
        at_once(*[clean] * 4)
        assert keys_in(room) == ["call_ended"]

    def test_two_runs_delete_old_signaling_messages(self):
        participant = participant_with_sessions(ParticipantType.USER, LIVE)
        for _ in range(20):
            SignalingMessage.objects.create(
                recipient=participant.sessions.get(),
                sender_session_id="a" * 512,
                text="{}",
                created_at=DEAD - timedelta(hours=1),
            )
        at_once(*[clean] * 4)
        assert not SignalingMessage.objects.exists()
