"""A hub over a database that a test decides about."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
import pytest_asyncio

from talk.api import polls
from talk.api.polls import Poll
from talk.domain.chat import Page
from talk.domain.names import Names
from talk.exceptions import NotFound
from talk.realtime import hub as hub_module
from talk.realtime.hub import Hub


@dataclass
class FakeDatabase:
    """Rooms by id with their messages, which are just ids; notes who reads what."""

    rooms: dict[int, list[int]] = field(default_factory=dict)
    looks: int = 0
    pinged: list[list[int]] = field(default_factory=list)
    fails: bool = False
    gate: threading.Event = field(default_factory=threading.Event)
    """Reading messages goes on only while it is set."""

    failed: threading.Event = field(default_factory=threading.Event)

    entered: threading.Event = field(default_factory=threading.Event)
    """Set as soon as somebody has read the position and waits at the gate."""

    def newest_positions(self, *, room_ids: Any) -> dict[int, int]:
        if self.fails:
            self.failed.set()
            raise RuntimeError("the database is down")
        return {pk: len(self.rooms[pk]) for pk in room_ids if pk in self.rooms}

    def newest_position(self, *, room_id: int) -> int:
        if room_id not in self.rooms:
            raise NotFound
        return len(self.rooms[room_id])

    def read_newer(self, *, room_id: int, after: int, limit: int) -> Page:
        self.looks += 1
        found = [pk for pk in self.rooms[room_id] if pk > after][:limit]
        self.entered.set()
        self.gate.wait(30)
        return Page(messages=[SimpleNamespace(pk=pk) for pk in found], names=Names())

    def ping_sessions(self, *, pks: list[int], now: Any) -> None:
        self.pinged.append(sorted(pks))


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> FakeDatabase:
    """The database of the hub."""
    database = FakeDatabase(rooms={1: [10, 20]})
    database.gate.set()
    for name in ("newest_position", "newest_positions", "ping_sessions"):
        monkeypatch.setattr(hub_module, name, getattr(database, name))
    monkeypatch.setattr(polls, "read_newer", database.read_newer)
    return database


@pytest_asyncio.fixture
async def hub(database: FakeDatabase) -> AsyncIterator[Hub]:
    """A hub that is not started: nothing happens by itself."""
    hub = Hub()
    yield hub
    await hub.stop()


def make_poll(**changes: Any) -> Poll:
    """Return a poll for room 1 by somebody who knows all of it."""
    values = {
        "room_id": 1,
        "position": 2,
        "timeout": 30,
        "session_pks": (),
        "guest_session_pk": None,
        "after": 20,
        "limit": 100,
        "respond": lambda page: page,
        "complete": lambda action: action(),
    }
    return Poll(**{**values, **changes})
