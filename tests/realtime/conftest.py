"""A hub over a database that a test decides about."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
import pytest_asyncio

from talk.api.polls import Look, Poll
from talk.domain.chat import Page
from talk.domain.names import Names
from talk.exceptions import NotFound
from talk.hints import Kind
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

    def newest_positions(self, *, room_ids: Any) -> dict[int, dict[Kind, int]]:
        if self.fails:
            self.failed.set()
            raise RuntimeError("the database is down")
        return {
            pk: {Kind.TIMELINE: len(self.rooms[pk]), Kind.PEOPLE: 0}
            for pk in room_ids
            if pk in self.rooms
        }

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


@dataclass(frozen=True, kw_only=True)
class FakePoll(Poll):
    """Waits for the ids of messages, and answers with the page itself."""

    kind = Kind.TIMELINE
    database: ClassVar[FakeDatabase]

    after: int
    limit: int

    @property
    def key(self) -> tuple[int, int]:
        return self.after, self.limit

    def look(self) -> Look:
        position = self.database.newest_position(room_id=self.room_id)
        page = self.database.read_newer(
            room_id=self.room_id, after=self.after, limit=self.limit
        )
        return Look(position=position, news=page if page.messages else None)

    def respond(self, news: Any) -> Any:
        return news

    def expire(self) -> Any:
        return None


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> FakeDatabase:
    """The database of the hub."""
    database = FakeDatabase(rooms={1: [10, 20]})
    database.gate.set()
    for name in ("newest_positions", "ping_sessions"):
        monkeypatch.setattr(hub_module, name, getattr(database, name))
    monkeypatch.setattr(FakePoll, "database", database, raising=False)
    return database


@pytest_asyncio.fixture
async def hub(database: FakeDatabase) -> AsyncIterator[Hub]:
    """A hub that is not started: nothing happens by itself."""
    hub = Hub()
    yield hub
    await hub.stop()


def make_poll(**changes: Any) -> FakePoll:
    """Return a poll for room 1 by somebody who knows all of it."""
    values = {
        "room_id": 1,
        "position": 2,
        "timeout": 30,
        "session_pks": (),
        "needed_session_pk": None,
        "after": 20,
        "limit": 100,
        "complete": lambda action: action(),
    }
    return FakePoll(**{**values, **changes})
