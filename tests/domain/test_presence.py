"""Pings of sessions, and read markers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from talk.domain.access import Caller, Identity, find_caller
from talk.domain.presence import ping_sessions, present_sessions, raise_read_markers
from talk.models import BATCH, Participant
from tests.factories import ParticipantFactory, SessionFactory

pytestmark = pytest.mark.django_db

NOW = timezone.now()
PHONE = "phone"

# On other databases with row locks: savepoint, lock, update, release.
STATEMENTS = {"postgresql": 1, "sqlite": 1}.get(connection.vendor, 4)


def caller_of(session: Any, device: str | None) -> Caller:
    identity = Identity(user=session.participant.user, device=device)
    return find_caller(identity=identity, token=session.room.token)


class TestPresentSessions:
    """`present_sessions`."""

    def test_a_request_with_a_device_keeps_its_session_alive(self) -> None:
        session = SessionFactory(device=PHONE)
        SessionFactory(participant=session.participant, room=session.room)
        caller = caller_of(session, PHONE)
        assert present_sessions(caller=caller, now=NOW) == (session.pk,)

    def test_a_request_with_a_device_costs_no_query(
        self, django_assert_num_queries: Any
    ) -> None:
        caller = caller_of(SessionFactory(device=PHONE), PHONE)
        with django_assert_num_queries(0):
            present_sessions(caller=caller, now=NOW)

    def test_a_request_without_a_device_keeps_all_live_sessions_alive(self) -> None:
        session = SessionFactory(device=PHONE, last_ping=NOW)
        room, participant = session.room, session.participant
        other = SessionFactory(participant=participant, room=room, last_ping=NOW)
        SessionFactory(
            participant=participant, room=room, last_ping=NOW - timedelta(hours=1)
        )
        caller = caller_of(session, None)
        found = present_sessions(caller=caller, now=NOW)
        assert set(found) == {session.pk, other.pk}

    def test_a_device_without_a_session_keeps_none_alive(self) -> None:
        caller = caller_of(SessionFactory(device=PHONE), "tablet")
        assert present_sessions(caller=caller, now=NOW) == ()


class TestPingSessions:
    """`ping_sessions`."""

    @pytest.mark.parametrize(("sessions", "queries"), [(0, 0), (1, 1)])
    def test_one_session_is_one_query(
        self, sessions: int, queries: int, django_assert_num_queries: Any
    ) -> None:
        pks = [session.pk for session in SessionFactory.create_batch(sessions)]
        with django_assert_num_queries(queries):
            ping_sessions(pks=pks, now=NOW)

    @pytest.mark.parametrize("sessions", [2, 50])
    def test_many_sessions_cost_the_same_as_few(
        self, sessions: int, django_assert_num_queries: Any
    ) -> None:
        pks = [session.pk for session in SessionFactory.create_batch(sessions)]
        with django_assert_num_queries(STATEMENTS):
            ping_sessions(pks=pks, now=NOW)


class TestRaiseReadMarkers:
    """`raise_read_markers`."""

    def test_each_marker_moves_to_its_own_count(self) -> None:
        one, other = ParticipantFactory.create_batch(2)
        assert raise_read_markers({one.pk: 3, other.pk: 5}) == set()
        one.refresh_from_db()
        other.refresh_from_db()
        assert (one.read_comments, other.read_comments) == (3, 5)

    def test_no_marker_moves_back(self) -> None:
        participants = ParticipantFactory.create_batch(2, read_comments=9)
        raise_read_markers({participant.pk: 3 for participant in participants})
        assert {p.read_comments for p in Participant.objects.all()} == {9}

    def test_other_markers_stay(self) -> None:
        one, other = ParticipantFactory.create_batch(2)
        raise_read_markers({one.pk: 3})
        other.refresh_from_db()
        assert other.read_comments == 0

    def test_a_removed_participant_is_not_returned(self) -> None:
        one, other = ParticipantFactory.create_batch(2)
        other.delete()
        assert raise_read_markers({one.pk: 3, other.pk or 0: 3}) == set()

    @pytest.mark.parametrize("participants", [2, 50])
    def test_many_cost_the_same_as_few(
        self, participants: int, django_assert_num_queries: Any
    ) -> None:
        pks = [
            participant.pk
            for participant in ParticipantFactory.create_batch(participants)
        ]
        with django_assert_num_queries(STATEMENTS):
            raise_read_markers(dict.fromkeys(pks, 3))

    def test_many_markers_move_in_a_few_statements(
        self, django_assert_num_queries: Any
    ) -> None:
        participants = ParticipantFactory.create_batch(3)
        marks = dict.fromkeys(range(10**6, 10**6 + BATCH), 3)
        # With row locks, a query looks for locked rows among the missing ones, and no
        # UPDATE is sent for a batch without unlocked rows.
        batches = {"postgresql": 2, "sqlite": 2}
        with django_assert_num_queries(batches.get(connection.vendor, 5 + 4)):
            raise_read_markers(
                marks | {participant.pk: 3 for participant in participants}
            )
        assert {p.read_comments for p in Participant.objects.all()} == {3}
