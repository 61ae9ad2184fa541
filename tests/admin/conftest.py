"""Staff, and rooms that they look after."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from talk.models import Room
from tests.admin.helpers import browser
from tests.client import TalkClient


@pytest.fixture
def chief(db: None) -> Client:
    """The browser of somebody who may do everything."""
    return browser(
        username="ada", first_name="Ada", last_name="Admin", is_superuser=True
    )


@pytest.fixture
def viewer(db: None) -> Client:
    """The browser of somebody who may look at everything, and no more."""
    models = ("room", "message", "participant", "guest", "session")
    return browser(*[f"view_{model}" for model in models])


@pytest.fixture
def clerk(db: None) -> Client:
    """The browser of staff who have nothing to do with Talk."""
    return browser()


@pytest.fixture
def room(as_alice: TalkClient) -> Room:
    """A public room of Alice's."""
    return Room.objects.get(token=as_alice.create_room(type=3, name="Square"))


@pytest.fixture
def guest(as_guest: TalkClient, room: Room) -> Any:
    """A guest who is connected to the room."""
    as_guest.join(room.token)
    as_guest.post(f"/guest/{room.token}/name", displayName="Gwen")
    return as_guest
