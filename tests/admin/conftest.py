"""Fixtures: staff browsers, and a room with a guest."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from talk.models import Room
from tests.admin.helpers import browser
from tests.client import TalkClient


@pytest.fixture
def chief(db: None) -> Client:
    """Return the browser of a superuser."""
    return browser(
        username="ada", first_name="Ada", last_name="Admin", is_superuser=True
    )


@pytest.fixture
def viewer(db: None) -> Client:
    """Return the browser of staff who may view every model and change none."""
    models = ("room", "message", "participant", "guest", "session")
    return browser(*[f"view_{model}" for model in models])


@pytest.fixture
def clerk(db: None) -> Client:
    """Return the browser of staff without a permission for Talk."""
    return browser()


@pytest.fixture
def room(as_alice: TalkClient) -> Room:
    """Return a public room that Alice owns."""
    return Room.objects.get(token=as_alice.create_room(type=3, name="Square"))


@pytest.fixture
def guest(as_guest: TalkClient, room: Room) -> Any:
    """Return the client of a guest who is connected to the room."""
    as_guest.join(room.token)
    as_guest.post(f"/guest/{room.token}/name", displayName="Gwen")
    return as_guest
