"""Queries of reading and writing: exact numbers, independent of the messages."""

from __future__ import annotations

from typing import Any

import pytest

from talk.models import Room
from tests.api.callers import (
    Caller,
    guest,
    invited,
    invited_and_joined,
    without_cookies,
)
from tests.api.helpers import assert_not_found
from tests.client import TalkClient
from tests.factories import GroupFactory, ParticipantFactory, UserFactory
from tests.timelines import SAY, ids_of, write

pytestmark = pytest.mark.django_db

SAVEPOINT = 2
"""In tests a transaction is a savepoint, which takes two queries."""


def joined_elsewhere(token: str) -> TalkClient:
    """Return the browser of a participant who has joined only another room."""
    client = invited(token)
    client.join(Room.objects.exclude(token=token).get(name="Elsewhere").token)
    return client


@pytest.mark.parametrize(("room_count", "message_count"), [(1, 10), (100, 1000)])
class TestQueries:
    """In a room of many participants, with few or many messages."""

    @pytest.fixture
    def busy(
        self, shared: str, alice: Any, bob: Any, room_count: int, message_count: int
    ) -> str:
        ParticipantFactory(user=bob, room__name="Elsewhere")
        for number in range(1, room_count):
            participant = ParticipantFactory(user=bob, room__name=f"Room {number}")
            write(participant.room.token, ["elsewhere"], user=alice)
        write(shared, ["hello"] * message_count, user=alice)
        return shared

    @pytest.mark.parametrize(
        ("caller", "count"),
        [
            # Login 2, participant 1, ping 1, messages 1.
            (invited_and_joined, 5),
            # The same without a ping.
            (joined_elsewhere, 4),
            # HTTP session 1, participant 1, ping 1, messages 1.
            (guest, 4),
            # Account 1, participant 1, live sessions 1, messages 1.
            (without_cookies, 4),
        ],
    )
    def test_history(
        self,
        busy: str,
        caller: Caller,
        count: int,
        django_assert_num_queries: Any,
    ) -> None:
        client = caller(busy)
        with django_assert_num_queries(count):
            assert client.history(busy).status == 200

    @pytest.mark.parametrize(
        ("caller", "count"),
        [
            # As history, and the read marker 1.
            (invited_and_joined, 6),
            (joined_elsewhere, 5),
            (without_cookies, 5),
            # Guests have no read marker.
            (guest, 4),
        ],
    )
    def test_a_poll_with_new_messages(
        self,
        busy: str,
        caller: Caller,
        count: int,
        django_assert_num_queries: Any,
    ) -> None:
        client = caller(busy)
        with django_assert_num_queries(count):
            assert client.poll(busy, after=0).status == 200

    @pytest.mark.parametrize(("caller", "count"), [(invited_and_joined, 5), (guest, 4)])
    def test_a_poll_without_new_messages(
        self,
        busy: str,
        caller: Caller,
        count: int,
        django_assert_num_queries: Any,
    ) -> None:
        client = caller(busy)
        last = ids_of(busy)[-1]
        client.poll(busy, after=last)
        with django_assert_num_queries(count):
            assert client.poll(busy, after=last).status == 304

    @pytest.mark.parametrize(
        ("caller", "count"),
        [
            # Login 2, participant 1.
            (invited_and_joined, 3 + SAY + SAVEPOINT),
            (joined_elsewhere, 3 + SAY + SAVEPOINT),
            # The login takes one query less.
            (guest, 2 + SAY + SAVEPOINT),
            (without_cookies, 2 + SAY + SAVEPOINT),
        ],
    )
    def test_sending(
        self,
        busy: str,
        caller: Caller,
        count: int,
        django_assert_num_queries: Any,
    ) -> None:
        client = caller(busy)
        with django_assert_num_queries(count):
            client.say(busy, "hello")

    def test_sending_with_a_new_name(
        self, busy: str, django_assert_num_queries: Any
    ) -> None:
        client = guest(busy)
        with django_assert_num_queries(5 + SAY + SAVEPOINT):
            answer = client.post(f"/chat/{busy}", message="hi", actorDisplayName="Gwen")
        assert answer.status == 201

    def test_a_non_participant(
        self, busy: str, as_carol: TalkClient, django_assert_num_queries: Any
    ) -> None:
        with django_assert_num_queries(3):
            assert_not_found(as_carol.history(busy))

    def test_an_anonymous_caller_without_cookies(
        self, busy: str, as_guest: TalkClient, django_assert_num_queries: Any
    ) -> None:
        with django_assert_num_queries(0):
            assert_not_found(as_guest.history(busy))


@pytest.mark.parametrize("size", [1, 10])
def test_any_number_of_mentions_costs_one_query(
    as_alice: TalkClient, alice: Any, size: int, django_assert_num_queries: Any
) -> None:
    staff = GroupFactory(name="staff")
    staff.user_set.add(alice, *UserFactory.create_batch(size))
    token = as_alice.create_room(type=2, invite="staff")
    as_alice.join(token)
    with django_assert_num_queries(6):  # login 2, place, ping, messages, names
        assert len(as_alice.history(token).data) == size + 1
