"""Fixtures for rooms, clocks and callers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client

from tests.api.helpers import START, put_in, set_password
from tests.client import TalkClient
from tests.factories import GroupFactory, RoomFactory
from tests.timelines import write


@pytest.fixture
def clock() -> Iterator[Any]:
    """A clock that is fixed at `START` until a test shifts it."""
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


@pytest.fixture
def public(as_alice: TalkClient) -> str:
    """A public room in which Alice is alone."""
    return as_alice.create_room(type=3)


@pytest.fixture
def shared(public: str, bob: Any) -> str:
    """A public room of Alice with Bob as a participant."""
    put_in(public, bob)
    return public


@pytest.fixture
def long(shared: str, alice: Any) -> str:
    """A room with 250 messages of Alice, whose ids alternate with another room's."""
    other = RoomFactory()
    for ten in range(25):
        write(shared, [f"text {10 * ten + unit}" for unit in range(10)], user=alice)
        write(other.token, ["elsewhere"], user=alice)
    return shared


@pytest.fixture
def locked(as_alice: TalkClient) -> str:
    """A public room of Alice with a password."""
    token = as_alice.create_room(type=3)
    set_password(token)
    return token


@pytest.fixture
def group(as_alice: TalkClient) -> str:
    """A group room in which Alice is alone."""
    return as_alice.create_room(type=2)


@pytest.fixture
def staff(as_alice: TalkClient, alice: Any, bob: Any) -> str:
    """A group room of Alice, created with a group of which Bob is a member."""
    GroupFactory(name="staff").user_set.add(alice, bob)
    return as_alice.create_room(type=2, invite="staff")


@pytest.fixture
def pair(as_alice: TalkClient, bob: Any) -> str:
    """The one-to-one room of Alice and Bob."""
    return as_alice.create_room(type=1, invite="bob")


@pytest.fixture(params=["user", "anonymous"])
def non_participant(request: pytest.FixtureRequest, as_carol: TalkClient) -> TalkClient:
    """A caller who is in no room: a user, then an anonymous caller."""
    return as_carol if request.param == "user" else TalkClient()


@pytest.fixture(params=["alice", "carol", "guest"])
def anyone(request: pytest.FixtureRequest) -> TalkClient:
    """A caller who may join a public room: its owner, a user, an anonymous caller."""
    return request.getfixturevalue(f"as_{request.param}")


@pytest.fixture
def browser(alice: Any) -> Client:
    """Alice's browser with CSRF checks, as a page of another site may use it."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    return client
