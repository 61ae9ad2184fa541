"""Who is there and how far they have read."""

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

# On other databases that can lock rows: a savepoint, the lock, the update, its end.
STATEMENTS = {"postgresql": 1, "sqlite": 1}.get(connection.vendor, 4)


def caller_of(session: Any, device: str | None) -> Caller:
    identity = Identity(user=session.participant.user, device=device)
    return find_caller(identity=identity, token=session.room.token)


class TestPresentSessions:
    """`present_sessions`."""

    def test_a_device_speaks_for_its_own_session(self) -> None:
        session = SessionFactory(device=PHONE)
        SessionFactory(participant=session.participant, room=session.room)
        caller = caller_of(session, PHONE)
        assert present_sessions(caller=caller, now=NOW) == (session.pk,)

    def test_that_is_no_query(self, django_assert_num_queries: Any) -> None:
        caller = caller_of(SessionFactory(device=PHONE), PHONE)
        with django_assert_num_queries(0):
            present_sessions(caller=caller, now=NOW)

    def test_no_device_speaks_for_all_live_ones(self) -> None:
        session = SessionFactory(device=PHONE, last_ping=NOW)
        room, participant = session.room, session.participant
        other = SessionFactory(participant=participant, room=room, last_ping=NOW)
        SessionFactory(
            participant=participant, room=room, last_ping=NOW - timedelta(hours=1)
        )
        caller = caller_of(session, None)
        found = present_sessions(caller=caller, now=NOW)
        assert set(found) == {session.pk, other.pk}

    def test_a_device_that_has_not_joined_speaks_for_none(self) -> None:
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


class TestRaiseReadMarks:
    """`raise_read_markers`."""

    def test_each_moves_to_its_own_count(self) -> None:
        one, other = ParticipantFactory.create_batch(2)
        assert raise_read_markers({one.pk: 3, other.pk: 5}) == set()
        one.refresh_from_db()
        other.refresh_from_db()
        assert (one.read_comments, other.read_comments) == (3, 5)

    def test_none_moves_back(self) -> None:
        participants = ParticipantFactory.create_batch(2, read_comments=9)
        raise_read_markers({participant.pk: 3 for participant in participants})
        assert {p.read_comments for p in Participant.objects.all()} == {9}

    def test_others_stay_as_they_are(self) -> None:
        one, other = ParticipantFactory.create_batch(2)
        raise_read_markers({one.pk: 3})
        other.refresh_from_db()
        assert other.read_comments == 0

    def test_who_is_gone_is_not_missed(self) -> None:
        one, other = ParticipantFactory.create_batch(2)
        other.delete()
        assert raise_read_markers({one.pk: 3, other.pk or 0: 3}) == set()

    @pytest.mark.parametrize("places", [2, 50])
    def test_many_cost_the_same_as_few(
        self, places: int, django_assert_num_queries: Any
    ) -> None:
        pks = [place.pk for place in ParticipantFactory.create_batch(places)]
        with django_assert_num_queries(STATEMENTS):
            raise_read_markers(dict.fromkeys(pks, 3))

    def test_a_crowd_is_moved_in_a_few_statements(
        self, django_assert_num_queries: Any
    ) -> None:
        participants = ParticipantFactory.create_batch(3)
        marks = dict.fromkeys(range(10**6, 10**6 + BATCH), 3)
        # Where rows may be locked it is asked of those who do not exist whether they are,
        # and where nobody is free nobody is updated.
        batches = {"postgresql": 2, "sqlite": 2}
        with django_assert_num_queries(batches.get(connection.vendor, 5 + 4)):
            raise_read_markers(
                marks | {participant.pk: 3 for participant in participants}
            )
        assert {p.read_comments for p in Participant.objects.all()} == {3}
