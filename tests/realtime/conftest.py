"""A hub with a fake database, and helpers to let polls wait in it."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
import pytest_asyncio
from django.db import connection

from talk.api.polls.base import Poll
from talk.api.polls.chat import ChatPoll
from talk.api.responses import RenderedResponse, ResponseFormat
from talk.domain.messages import Page
from talk.domain.progress import Progress, RoomVersions
from talk.exceptions import NotFound
from talk.models import Names
from talk.realtime.database import Database
from talk.realtime.hub import Hub, current_hub, stop_hub
from talk.realtime.remembered_callers import RememberedCaller
from talk.realtime.waiters import Waiter
from talk.rendering.readers import Reader

FORMAT = ResponseFormat(version=2, format="json", language="en")

SYSTEM_USER = "addressed"
"""The user that messages with odd ids address."""


@dataclass
class FakeDatabase(Database):
    """Rooms by id with their messages, which are ids; records what is read and written."""

    rooms: dict[int, list[int]] = field(default_factory=dict)
    reads: int = 0
    renderings: list[str | None] = field(default_factory=list)
    """The readers of rendered pages; None for any reader."""

    pinged: list[list[int]] = field(default_factory=list)
    marks: list[dict[int, int]] = field(default_factory=list)
    busy: set[int] = field(default_factory=set)
    """Participants whose row is locked at the first attempt to mark it."""

    ended: set[int] = field(default_factory=set)
    """Sessions that have ended."""

    checked_sessions: list[list[int]] = field(default_factory=list)
    """Sessions that were checked, by query."""

    lost: set[int] = field(default_factory=set)
    """Participants who have lost their access."""

    checked_participants: list[list[int]] = field(default_factory=list)
    """Participants who were checked, by query."""

    presence_versions: dict[int, int] = field(default_factory=dict)
    """Presence versions by room."""

    fails: bool = False
    gate: threading.Event = field(default_factory=threading.Event)
    """Reading messages blocks until it is set."""

    failed: threading.Event = field(default_factory=threading.Event)

    entered: threading.Event = field(default_factory=threading.Event)
    """Set when a thread has read messages and waits at the gate."""

    def room_versions(self, *, room_ids: Any) -> dict[int, RoomVersions]:
        self._may_fail()
        return {
            pk: RoomVersions(
                position=len(self.rooms[pk]),
                presence_version=self.presence_versions.get(pk, 0),
            )
            for pk in room_ids
            if pk in self.rooms
        }

    def room_progress(self, *, room_id: int) -> Progress:
        self._may_fail()
        if room_id not in self.rooms:
            raise NotFound
        ids = self.rooms[room_id]
        return Progress(
            position=len(ids), comments=len(ids), newest_id=max(ids, default=0)
        )

    def read_on(self, *, room_id: int, after: int) -> Page:
        return self.read_newer(room_id=room_id, after=after, limit=200)

    def read_newer(self, *, room_id: int, after: int, limit: int) -> Page:
        self._may_fail()
        self.reads += 1
        ids = self.rooms.get(room_id, [])
        found = [
            SimpleNamespace(pk=pk, position=number, comment_count=number)
            for number, pk in enumerate(ids, start=1)
            if pk > after
        ]
        self.entered.set()
        self.gate.wait(30)
        return Page(messages=found[:limit], names=Names())

    def ping_sessions(self, *, pks: list[int], now: Any) -> None:
        self._may_fail()
        if pks:
            self.pinged.append(sorted(pks))

    def raise_read_markers(self, marks: dict[int, int]) -> set[int]:
        if marks:
            self.marks.append(dict(marks))
        busy = self.busy.intersection(marks)
        self.busy -= busy
        return busy

    def ended_sessions(self, *, pks: list[int]) -> set[int]:
        self.checked_sessions.append(list(pks))
        return self.ended.intersection(pks)

    def participants_without_access(self, participants: list[int]) -> set[int]:
        self._may_fail()
        self.checked_participants.append(sorted(participants))
        return self.lost.intersection(participants)

    def page_response(self, page: Page, *, token: str, reader: Reader) -> Any:
        self.renderings.append(reader.user_id)
        ids = [message.pk for message in page.messages]
        return SimpleNamespace(
            status_code=200,
            data={"ids": ids, "reader": reader.user_id},
            items=dict[str, str]().items,
        )

    def readers_addressed(self, message: Any) -> set[Reader]:
        return {Reader(user_id=SYSTEM_USER)} if message.pk % 2 else set()

    def _may_fail(self) -> None:
        if self.fails:
            self.failed.set()
            raise RuntimeError("the database is down")


@pytest.fixture
def one_process(settings: Any) -> None:
    """An in-memory layer: with another one, a hub drops all callers at its start."""
    settings.CHANNEL_LAYERS = {
        "default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}
    }


@pytest.fixture
def database() -> FakeDatabase:
    """The database of the hub."""
    database = FakeDatabase(rooms={1: [10, 20]})
    database.gate.set()
    return database


@pytest_asyncio.fixture
async def hub(database: FakeDatabase) -> AsyncIterator[Hub]:
    """A hub that is not started: it does no periodic work."""
    hub = Hub(database)
    yield hub
    await hub.stop()


@pytest_asyncio.fixture
async def real_hub(transactional_db: None) -> AsyncIterator[Hub]:
    """The hub of the test's loop, over the real database; it runs like a server's.

    Its threads close their connections at the end.
    """
    hub = current_hub()
    yield hub
    await stop_hub()


def make_poll(**changes: Any) -> ChatPoll:
    """Return a poll for room 1 that knows all its messages."""
    values = {
        "room_id": 1,
        "token": "room1",
        "account": "5",
        "participant_pk": 50,
        "position": 2,
        "timeout": 30,
        "session_pk": None,
        "session_pks": (),
        "needs_session": False,
        "response_format": FORMAT,
        "reader": Reader(user_id="reader"),
        "after": 20,
        "limit": 100,
    }
    return ChatPoll(**{**values, **changes})


def make_caller(poll: Poll) -> RememberedCaller:
    """Return the remembered caller of an admitted poll."""
    return RememberedCaller(
        request=poll, response=RenderedResponse(304, (), b""), headers=()
    )


@contextmanager
def waiting_in(hub: Hub, **changes: Any) -> Any:
    """Let a poll for room 1 wait; `changes` are of its fields."""
    poll = make_poll(**changes)
    with waiting_on(hub, make_caller(poll), poll) as waiter:
        yield waiter


@contextmanager
def waiting_on(hub: Hub, remembered: RememberedCaller, poll: Poll) -> Any:
    """Let a poll of a remembered caller wait."""
    waiter = hub.rooms.make_waiter(remembered, poll)
    hub.rooms.subscribe(waiter)
    try:
        yield waiter
    finally:
        hub.rooms.unsubscribe(waiter)


async def no_event() -> Any:
    """Never receive an event of the client."""
    await asyncio.Event().wait()


async def settle() -> None:
    """Let everything run that can run without waiting."""
    for _ in range(20):
        await asyncio.sleep(0)


async def asleep(hub: Hub, *waiters: Waiter) -> list[asyncio.Task[bool]]:
    """Let waiters fetch without news, and fall asleep."""
    for waiter in waiters:
        assert await hub.waker.fetch_news(waiter) is None
    tasks = [asyncio.create_task(w.wait(no_event)) for w in waiters]
    await settle()
    return tasks


@contextmanager
def counted(*pools: Any) -> Iterator[list[str]]:
    """Record all queries of some of a hub's threads."""
    statements: list[str] = []

    def note(execute: Any, sql: str, *rest: Any) -> Any:
        statements.append(sql)
        return execute(sql, *rest)

    def noting(run: Any) -> Any:
        async def run_noting(work: Callable[[], Any]) -> Any:
            def noted() -> Any:
                with connection.execute_wrapper(note):
                    return work()

            return await run(noted)

        return run_noting

    for pool in pools:
        pool.run = noting(pool.run)
    try:
        yield statements
    finally:
        for pool in pools:
            del pool.run


def ids_in(answer: RenderedResponse | None) -> list[int]:
    """Return the ids of the messages in a response."""
    assert answer is not None
    return json.loads(answer.body)["ocs"]["data"]["ids"]


def reader_in(answer: RenderedResponse | None) -> str | None:
    """Return the reader of a response; None for any reader."""
    assert answer is not None
    return json.loads(answer.body)["ocs"]["data"]["reader"]
