"""Queries of calls and signaling: exact numbers, independent of participants."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection

from talk.models import CallAttendance, Session, SignalingMessage
from tests.api.callers import guest, invited_and_joined, without_cookies
from tests.api.calling import call, hang_up, peers
from tests.api.helpers import assert_done, assert_refused, fill
from tests.client import TalkClient
from tests.timelines import write

pytestmark = pytest.mark.django_db

SAVEPOINT = 2
"""In tests a transaction is a savepoint, which takes two queries."""


def lock() -> int:
    """Return the number of queries that lock and read a room."""
    return 1 if connection.features.has_select_for_update else 2


def connected_without_cookies(token: str) -> TalkClient:
    """Return a program of a user who has joined with another one."""
    invited_and_joined(token)
    return without_cookies(token)


@pytest.mark.parametrize("people", [1, 10])
class TestQueries:
    """In a room with few participants, or with many."""

    @pytest.fixture
    def idle(self, shared: str, alice: Any, people: int) -> str:
        """A room with connected participants and no call."""
        fill(shared, people)
        write(shared, ["hello"] * people, user=alice)
        return shared

    @pytest.fixture
    def busy(self, idle: str, as_alice: TalkClient) -> str:
        """A room with a call that all participants are in."""
        as_alice.join(idle)
        call(as_alice, idle)
        sessions = Session.objects.filter(room__token=idle)
        for session in sessions.select_related("participant", "room"):
            participant = session.participant
            CallAttendance.objects.get_or_create(
                room=session.room,
                user=participant.user,
                guest=participant.guest,
                defaults={"joined_at": session.last_ping},
            )
        sessions.update(in_call=7)
        return idle

    @pytest.mark.parametrize(
        ("caller", "count"),
        [
            # Login 2 or HTTP session 1 or account 1; participant 1; peers 1.
            (invited_and_joined, 4),
            (guest, 3),
            (connected_without_cookies, 3),
        ],
    )
    def test_peers(self, busy, people, caller, count, django_assert_num_queries):
        client = caller(busy)
        with django_assert_num_queries(count):
            found = peers(client, busy)
        assert len(found) == 2 * people + 1

    @pytest.mark.parametrize(
        ("caller", "count"),
        [
            (invited_and_joined, 14),
            (guest, 13),
            (connected_without_cookies, 13),
        ],
    )
    def test_starting(self, idle, caller, count, django_assert_num_queries):
        client = caller(idle)
        with django_assert_num_queries(count + lock() + SAVEPOINT):
            call(client, idle)

    @pytest.mark.parametrize(
        ("caller", "count"),
        [
            (invited_and_joined, 14),
            (guest, 13),
            (connected_without_cookies, 13),
        ],
    )
    def test_joining(self, busy, caller, count, django_assert_num_queries):
        client = caller(busy)
        with django_assert_num_queries(count + lock() + SAVEPOINT):
            call(client, busy)

    @pytest.mark.parametrize(
        ("caller", "count"),
        [
            (invited_and_joined, 10),
            (guest, 9),
            (connected_without_cookies, 9),
        ],
    )
    def test_changing_flags(self, busy, caller, count, django_assert_num_queries):
        client = caller(busy)
        call(client, busy)
        with django_assert_num_queries(count + lock() + SAVEPOINT):
            call(client, busy, flags=1)

    @pytest.mark.parametrize(
        ("caller", "count"),
        [
            (invited_and_joined, 11),
            (guest, 10),
            (connected_without_cookies, 10),
        ],
    )
    def test_leaving(self, busy, caller, count, django_assert_num_queries):
        client = caller(busy)
        call(client, busy)
        with django_assert_num_queries(count + lock() + SAVEPOINT):
            hang_up(client, busy)

    @pytest.mark.parametrize(
        ("caller", "count"),
        [
            (invited_and_joined, 17),
            (guest, 16),
            (connected_without_cookies, 16),
        ],
    )
    def test_ending(self, busy, caller, count, django_assert_num_queries):
        client = caller(busy)
        call(client, busy)
        own = Session.objects.filter(room__token=busy).order_by("-pk")[:1].get()
        Session.objects.exclude(pk=own.pk).update(in_call=0)
        with django_assert_num_queries(count + lock() + SAVEPOINT):
            hang_up(client, busy)
        assert not CallAttendance.objects.exists()

    @pytest.mark.parametrize(("caller", "count"), [(invited_and_joined, 5), (guest, 4)])
    def test_leaving_without_being_in_it(
        self, busy, caller, count, django_assert_num_queries
    ):
        client = caller(busy)
        with django_assert_num_queries(count + lock() + SAVEPOINT):
            hang_up(client, busy)

    def test_a_non_participant(self, busy, as_carol, django_assert_num_queries):
        with django_assert_num_queries(3):
            assert_refused(as_carol.get(f"/call/{busy}"), 404)

    def test_an_anonymous_caller_who_leaves(
        self, busy, as_guest, django_assert_num_queries
    ):
        with django_assert_num_queries(1):
            hang_up(as_guest, busy)

    @pytest.mark.parametrize("messages", [1, 150])
    @pytest.mark.parametrize(("caller", "count"), [(invited_and_joined, 6), (guest, 5)])
    def test_sending(
        self, idle, people, messages, caller, count, django_assert_num_queries
    ):
        client = caller(idle)
        own = client.room(idle)["sessionId"]
        others = list(
            Session.objects.filter(room__token=idle)
            .exclude(session_id=own)
            .values_list("session_id", flat=True)
        )
        envelopes = [
            {
                "ev": "message",
                "sessionId": own,
                "fn": json.dumps({"to": others[number % len(others)], "n": number}),
            }
            for number in range(messages)
        ]
        body = json.dumps(envelopes)
        with django_assert_num_queries(count + SAVEPOINT):
            answer = client.post(f"/signaling/{idle}", messages=body)
        assert_done(answer)
        assert SignalingMessage.objects.count() == messages

    def test_sending_nothing(self, idle, django_assert_num_queries):
        client = invited_and_joined(idle)
        with django_assert_num_queries(4 + SAVEPOINT):
            assert_done(client.post(f"/signaling/{idle}", messages="[]"))

    @pytest.mark.parametrize("messages", [0, 1, 150])
    @pytest.mark.parametrize(
        ("caller", "count"), [(invited_and_joined, 10), (guest, 9)]
    )
    def test_a_poll_with_new_messages(
        self, idle, people, messages, caller, count, django_assert_num_queries
    ):
        client = caller(idle)
        own = Session.objects.get(session_id=client.room(idle)["sessionId"])
        SignalingMessage.objects.bulk_create(
            SignalingMessage(
                recipient=own,
                sender_session_id="x",
                text="{}",
                created_at=own.last_ping,
            )
            for _ in range(messages)
        )
        with django_assert_num_queries(count + SAVEPOINT + 2 * bool(messages)):
            answer = client.get(f"/signaling/{idle}")
        assert len(answer.data) == messages + 1
        assert len(answer.data[-1]["data"]) == 2 * people + 1

    @pytest.mark.parametrize(("caller", "count"), [(invited_and_joined, 7), (guest, 6)])
    def test_a_poll_without_new_messages(
        self, idle, people, caller, count, settings, django_assert_num_queries
    ):
        settings.TALK = {"SIGNALING_POLL_SECONDS": 0}
        client = caller(idle)
        client.get(f"/signaling/{idle}")
        with django_assert_num_queries(count):
            answer = client.get(f"/signaling/{idle}")
        assert len(answer.data[-1]["data"]) == 2 * people + 1


@pytest.mark.parametrize("people", [1, 10])
def test_a_room_that_is_left_during_a_call(
    people, shared, as_alice, as_bob, django_assert_num_queries
):
    fill(shared, people)
    Session.objects.update(in_call=7)
    as_alice.join(shared)
    call(as_alice, shared)
    as_bob.join(shared)
    call(as_bob, shared)
    with django_assert_num_queries(13 + lock() + SAVEPOINT):
        as_bob.leave(shared)
