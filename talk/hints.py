"""Hints tell hubs that a room or an account has changed. They are what wakes waiters.

`talk.domain.events` publishes them after the commit: to the hubs of this process at
once, and to the hubs of other processes over the channel layer. A hint says what to
read again and never carries content. It may be lost, doubled or late without harm,
because hubs also compare with the database every few seconds.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypedDict, TypeVar

from channels.layers import BaseChannelLayer, InMemoryChannelLayer, get_channel_layer

from talk.conf import talk_settings
from talk.utils.background_threads import BackgroundThreads
from talk.utils.rate_limited_log import RateLimitedLog

logger = logging.getLogger("talk.hub")

T = TypeVar("T")

MESSAGE_TYPE = "talk.hints"
"""`type` of our messages on the channel layer."""

QUEUE_MAX = 10_000
"""Hints queued for a slow channel layer; beyond it the oldest are dropped."""

LAYER_SECONDS = 5.0
"""Seconds after which a layer counts as down; queued hints are late by then."""

FLUSH_AT_EXIT_SECONDS = 2.0
"""Seconds that a process waits for its last hints to leave before it exits."""


class HintKind(StrEnum):
    """The kind of a change in a room or of an account."""

    TIMELINE = "timeline"
    """Messages were added to the room."""

    PRESENCE = "presence"
    """The room's sessions, in-call flags or guests' names have changed."""

    SIGNALING = "signaling"
    """A signaling message was queued for one of the room's sessions."""

    DEPARTURE = "departure"
    """Sessions, participants or messages of the room are gone, or the room itself."""

    ROOM = "room"
    """The room's name, type or password was changed."""

    ACCOUNT = "account"
    """An account was saved, or connected to a room."""

    LOGIN = "login"
    """Logins of an account have ended: by logout, a new password, disabling, deletion."""


Subject = tuple[int, HintKind, int, str]
"""The subject of a hint: its `room_id`, `kind`, `session_pk` and `account`."""


@dataclass(frozen=True, slots=True)
class Hint:
    """Something has changed in a room, or with an account; then `room_id` is 0.

    `position` is the position of the room's newest message for `TIMELINE`, the number
    of changes for `PRESENCE`, and 0 for other kinds. `session_pk` is the session that
    is concerned, 0 for all. `account` is the primary key of the account as text.
    """

    room_id: int = 0
    position: int = 0
    kind: HintKind = HintKind.TIMELINE
    session_pk: int = 0
    account: str = ""

    @property
    def subject(self) -> Subject:
        """The room, session or account; a later hint with the same subject supersedes it."""
        return self.room_id, self.kind, self.session_pk, self.account


class HintMessage(TypedDict):
    """A message on the channel layer; `hints` hold the fields of `Hint`, in order."""

    type: str
    hints: list[tuple[int, int, HintKind, int, str]]


_listeners: set[Callable[[list[Hint]], None]] = set()


def publish(hints: Iterable[Hint]) -> None:
    """Send hints to the hubs of this process now and to other processes soon.

    Hints about the same subject become one, with the greatest position. Never blocks.
    """
    newest: dict[Subject, Hint] = {}
    for hint in hints:
        known = newest.get(hint.subject)
        if known is None or known.position < hint.position:
            newest[hint.subject] = hint
    if not newest:
        return
    merged = list(newest.values())
    for listener in tuple(_listeners):
        listener(merged)
    layer = get_channel_layer(talk_settings().CHANNEL_LAYER)
    # An in-memory layer reaches only the hubs of this process, which have the hints.
    if layer is not None and not isinstance(layer, InMemoryChannelLayer):
        publisher.send(merged)


def add_listener(listener: Callable[[list[Hint]], None]) -> None:
    """Call `listener` with the hints of each `publish`, in the publishing thread."""
    _listeners.add(listener)


def remove_listener(listener: Callable[[list[Hint]], None]) -> None:
    """Undo `add_listener`."""
    _listeners.discard(listener)


def group_names() -> list[str]:
    """Return the groups that a hub joins to receive the hints of all rooms."""
    return [f"talk.hints.{shard}" for shard in range(talk_settings().HUB_SHARDS)]


def group_name(room_id: int) -> str:
    """Return the group that receives the hints of this room."""
    return f"talk.hints.{room_id % talk_settings().HUB_SHARDS}"


def message_of(hints: Iterable[Hint]) -> HintMessage:
    """Return the message that carries hints over the channel layer."""
    carried = [
        (hint.room_id, hint.position, hint.kind, hint.session_pk, hint.account)
        for hint in hints
    ]
    return {"type": MESSAGE_TYPE, "hints": carried}


def parse(message: HintMessage | dict[str, Any]) -> list[Hint]:
    """Return the hints of a message from the channel layer."""
    return [
        Hint(room_id, position, HintKind(kind), session_pk, account)
        for room_id, position, kind, session_pk, account in message["hints"]
    ]


class InlineExecutor(ThreadPoolExecutor):
    """Runs an event loop's blocking calls in the loop's own thread.

    The publisher's loop has nothing else to do meanwhile. A command's last hints leave
    when the interpreter exits, and then no other threads can be started.
    """

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Run `fn` and return its outcome as a future that is done."""
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - the future carries it
            future.set_exception(error)
        return future


class Publisher(BackgroundThreads):
    """Carries hints to the channel layer from one thread with its own event loop.

    A request must not wait for Redis, and `async_to_sync` without a running loop
    opens a connection per call; one lasting loop keeps one connection. Queued hints
    about the same subject leave as one.
    """

    def __init__(self) -> None:
        super().__init__(name="talk-publisher")
        self.dropped = 0
        """Hints that were dropped because the queue was full."""
        self._failures = RateLimitedLog(logger)

    def _reset(self) -> None:
        """Start afresh: neither thread nor loop survive in a forked child."""
        super()._reset()
        self._positions: dict[Subject, int] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._has_hints: asyncio.Event | None = None

    def send(self, hints: Iterable[Hint]) -> None:
        """Queue hints; the oldest are dropped when the queue is full."""
        with self._lock:
            for hint in hints:
                known = self._positions.pop(hint.subject, 0)
                self._positions[hint.subject] = max(known, hint.position)
            while len(self._positions) > QUEUE_MAX:
                self._positions.pop(next(iter(self._positions)))
                self.dropped += 1
            self._is_idle.clear()
            if self._loop is None:
                self._start()
            loop, has_hints = self._loop, self._has_hints
        if loop is not None and has_hints is not None:
            loop.call_soon_threadsafe(has_hints.set)

    @property
    def queue_length(self) -> int:
        """How many hints are queued for the channel layer."""
        return len(self._positions)

    def _start(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._loop.set_default_executor(InlineExecutor())
        self._has_hints = asyncio.Event()
        self._start_thread()

    def _work(self) -> None:
        if self._loop is not None and self._has_hints is not None:
            self._loop.run_until_complete(self._deliver_all(self._has_hints))

    async def _deliver_all(self, has_hints: asyncio.Event) -> None:
        while True:
            await has_hints.wait()
            has_hints.clear()
            while positions := self._take():
                await self._deliver(positions)

    def _take(self) -> dict[Subject, int]:
        with self._lock:
            positions, self._positions = self._positions, {}
            if not positions:
                self._is_idle.set()
            return positions

    async def _deliver(self, positions: dict[Subject, int]) -> None:
        groups: dict[str, list[Hint]] = {}
        for (room_id, kind, session_pk, account), position in positions.items():
            hint = Hint(room_id, position, kind, session_pk, account)
            groups.setdefault(group_name(room_id), []).append(hint)
        try:
            layer = get_channel_layer(talk_settings().CHANNEL_LAYER)
            for group, hints in groups.items():
                await self._send_group(layer, group, hints)
        except Exception as error:  # noqa: BLE001 - whatever a layer raises
            message = "Hints do not reach the channel layer"
            self._failures.log(logging.ERROR, message, error=error)

    async def _send_group(
        self,
        layer: BaseChannelLayer | None,
        group: str,
        hints: list[Hint],
    ) -> None:
        if layer is not None:
            message = message_of(hints)
            async with asyncio.timeout(LAYER_SECONDS):
                await layer.group_send(group, dict(message))


publisher = Publisher()
atexit.register(publisher.flush, FLUSH_AT_EXIT_SECONDS)
