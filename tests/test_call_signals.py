"""Signals about calls."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from talk import signals
from talk.models import Room
from tests.client import TalkClient
from tests.factories import ParticipantFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def heard() -> Iterator[list[dict[str, Any]]]:
    """The arguments of the signals that are sent."""
    calls: list[dict[str, Any]] = []

    def receive(**arguments: Any) -> None:
        calls.append(arguments)

    signals.call_started.connect(receive)
    yield calls
    signals.call_started.disconnect(receive)


@pytest.fixture
def room(as_alice: TalkClient, bob: Any) -> Room:
    """A room of Alice's with Bob in it, which both and a guest have joined."""
    room = Room.objects.get(token=as_alice.create_room())
    ParticipantFactory(room=room, user=bob)
    return room


@pytest.fixture
def call(room: Room, django_capture_on_commit_callbacks: Any) -> Any:
    """Makes a client join the room and its call."""

    def call(client: TalkClient, **parameters: Any) -> None:
        client.join(room.token)
        with django_capture_on_commit_callbacks(execute=True):
            assert client.post(f"/call/{room.token}", **parameters).status == 200

    return call


def test_the_start_of_a_call_names_the_other_users(
    heard, call, room, as_alice, alice, bob
) -> None:
    call(as_alice)
    (told,) = heard
    assert set(told) == {"signal", "sender", "room", "actor", "users"}
    assert (told["sender"], told["room"], told["users"]) == (Room, room, [bob])
    assert (told["actor"].user, told["actor"].guest) == (alice, None)


def test_a_call_started_by_a_guest_names_all_users(
    heard, call, as_guest, alice, bob
) -> None:
    call(as_guest)
    (told,) = heard
    assert told["users"] == [alice, bob]
    assert told["actor"].guest is not None


def test_later_joins_and_changes_send_nothing(heard, call, as_alice, as_bob) -> None:
    call(as_alice)
    call(as_bob)
    call(as_bob, flags=1)
    assert len(heard) == 1


def test_the_next_call_sends_it_again(heard, call, room, as_alice) -> None:
    call(as_alice)
    as_alice.delete(f"/call/{room.token}")
    call(as_alice)
    assert len(heard) == 2
