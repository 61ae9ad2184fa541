"""Hints: "room R changed", published once after commit. The only road to a wake-up.

Domain code calls `record` inside its transaction. When that has committed, what was
recorded goes to the hubs of this process at once, and over the channel layer to the
hubs of all others. A hint is a doorbell: it says where to look, never what is there.
It may be lost, doubled or late without harm, because whoever waits also looks at the
database now and then.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypedDict, TypeVar

from channels.layers import BaseChannelLayer, InMemoryChannelLayer, get_channel_layer
from django.db import transaction

from talk.conf import talk_settings
from talk.models import talk_database
from talk.utils.background_threads import BackgroundThreads
from talk.utils.rate_limited_log import RateLimitedLog

logger = logging.getLogger("talk.hub")

T = TypeVar("T")

MESSAGE_TYPE = "talk.hints"
"""`type` of our messages on the channel layer."""

QUEUE_MAX = 10_000
"""Hints that wait for a slow channel layer; the oldest are dropped beyond it."""

LAYER_SECONDS = 5.0
"""A layer that takes longer is down; hints that wait behind it are late already."""

FLUSH_AT_EXIT_SECONDS = 2.0
"""What a process that ends gives its last hints to leave."""


class HintKind(StrEnum):
    """What has changed in a room."""

    TIMELINE = "timeline"
    """Its timeline has grown."""

    PRESENCE = "presence"
    """Who is connected, and how: who came, left, is in the call, is called so."""

    SIGNALING = "signaling"
    """One of its sessions has been sent something."""

    DEPARTURE = "departure"
    """Sessions or places in it have ended, or the room itself is gone."""

    ROOM = "room"
    """It is another room now than its callers knew: its name, type or password."""

    ACCOUNT = "account"
    """An account is not what it was: changed, or connected anew."""

    LOGIN = "login"
    """Logins of an account have ended: by logout, a new password, disabling, deletion."""


Subject = tuple[int, HintKind, int, str]
"""What a hint is about: a room's id, what has changed there, and for whom."""


@dataclass(frozen=True, slots=True)
class Hint:
    """Something has changed in a room, or with an account, whose `room_id` is 0.

    `position` is how far its timeline reaches now, or how often its people have
    changed; 0 for news of another kind. `session_pk` is the session that it is for,
    0 for all. `account` is the primary key of the account as text.
    """

    room_id: int
    position: int
    kind: HintKind = HintKind.TIMELINE
    session_pk: int = 0
    account: str = ""

    @property
    def subject(self) -> Subject:
        """What the hint is about; later ones about the same supersede it."""
        return self.room_id, self.kind, self.session_pk, self.account


class HintMessage(TypedDict):
    """What travels on the channel layer; `hints` hold the fields of `Hint`, in order."""

    type: str
    hints: list[tuple[int, int, HintKind, int, str]]


class _Recorded(threading.local):
    """What the current thread's transaction has recorded: positions by subject."""

    def __init__(self) -> None:
        self.positions: dict[Subject, int] = {}


_recorded = _Recorded()
_listeners: set[Callable[[list[Hint]], None]] = set()


def record(*, room_id: int, position: int) -> None:
    """Publish, once the transaction has committed, that a room's timeline has grown."""
    _record((room_id, HintKind.TIMELINE, 0, ""), position)


def record_presence(*, room_id: int, version: int) -> None:
    """Publish, once the transaction has committed, that a room's people have changed."""
    _record((room_id, HintKind.PRESENCE, 0, ""), version)


def record_signaling(*, room_id: int, session_pk: int) -> None:
    """Publish, once the transaction has committed, that a session was sent something."""
    _record((room_id, HintKind.SIGNALING, session_pk, ""), 0)


def record_departure(*, room_id: int) -> None:
    """Publish, once the transaction has committed, that sessions of a room have ended.

    Also for a room that is deleted, with which all its sessions end.
    """
    _record((room_id, HintKind.DEPARTURE, 0, ""), 0)


def record_room(*, room_id: int) -> None:
    """Publish, once the transaction has committed, that a room is another one now.

    Whoever remembers it or its callers has to ask the database again.
    """
    _record((room_id, HintKind.ROOM, 0, ""), 0)


def record_account(*, user_pk: object) -> None:
    """Publish, once the transaction has committed, that an account is not what it was.

    Whoever remembers somebody who was logged in with it has to look again.
    """
    _record((0, HintKind.ACCOUNT, 0, str(user_pk)), 0)


def record_login_end(*, user_pk: object) -> None:
    """Publish, once the transaction has committed, that logins of an account have ended.

    Whoever was admitted with it has to be admitted anew, also those who wait.
    """
    _record((0, HintKind.LOGIN, 0, str(user_pk)), 0)


def _record(subject: Subject, position: int) -> None:
    """Note what is to be published.

    Every call registers a callback, because Django drops those of a savepoint that
    is rolled back; the first one that runs publishes for all of them. What a rolled
    back transaction leaves behind rings once too often, which hints may.
    """
    known = _recorded.positions.get(subject, 0)
    _recorded.positions[subject] = max(known, position)
    transaction.on_commit(_publish_recorded, using=talk_database(), robust=True)


def _publish_recorded() -> None:
    positions, _recorded.positions = _recorded.positions, {}
    if positions:
        publish(_hints_of(positions))


def _hints_of(positions: Mapping[Subject, int]) -> list[Hint]:
    return [
        Hint(room_id, position, kind, session_pk, account)
        for (room_id, kind, session_pk, account), position in positions.items()
    ]


def publish(hints: list[Hint]) -> None:
    """Tell the hubs of this process now and those of others soon; never blocks."""
    for listener in tuple(_listeners):
        listener(hints)
    layer = get_channel_layer(talk_settings().CHANNEL_LAYER)
    # All hubs that an in-memory layer reaches have just been told.
    if layer is not None and not isinstance(layer, InMemoryChannelLayer):
        publisher.send(hints)


def add_listener(listener: Callable[[list[Hint]], None]) -> None:
    """Call `listener` with each publication of this process, in the thread it is in."""
    _listeners.add(listener)


def remove_listener(listener: Callable[[list[Hint]], None]) -> None:
    """Undo `add_listener`."""
    _listeners.discard(listener)


def group_names() -> list[str]:
    """Return the groups that a hub joins to hear about all rooms."""
    return [f"talk.hints.{shard}" for shard in range(talk_settings().HUB_SHARDS)]


def group_name(room_id: int) -> str:
    """Return the group that hears about this room."""
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
    """Runs what an event loop would give to other threads, in the loop's own thread.

    The publisher's loop has nothing else to do meanwhile; and when the interpreter
    ends, which is when a command's last hints leave, there are no other threads.
    """

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Run `fn` and return its outcome as a future that is done."""
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - handed to whoever awaits it
            future.set_exception(error)
        return future


class Publisher(BackgroundThreads):
    """Carries hints to the channel layer from one thread with its own event loop.

    A request must not wait for Redis, and `async_to_sync` without a running loop
    opens a connection per call; one lasting loop keeps one connection. Hints for
    the same room that wait together leave as one.
    """

    def __init__(self) -> None:
        super().__init__(name="talk-publisher")
        self.dropped = 0
        """Hints that were thrown away because too many waited."""
        self._failures = RateLimitedLog(logger)

    def _reset(self) -> None:
        """Start afresh: in a forked child neither thread nor loop exist any more."""
        super()._reset()
        self._positions: dict[Subject, int] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._bell: asyncio.Event | None = None

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
            loop, bell = self._loop, self._bell
        if loop is not None and bell is not None:
            loop.call_soon_threadsafe(bell.set)

    @property
    def queue_length(self) -> int:
        """How many hints wait for the channel layer."""
        return len(self._positions)

    def _start(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._loop.set_default_executor(InlineExecutor())
        self._bell = asyncio.Event()
        self._start_thread()

    def _work(self) -> None:
        if self._loop is not None and self._bell is not None:
            self._loop.run_until_complete(self._deliver_all(self._bell))

    async def _deliver_all(self, bell: asyncio.Event) -> None:
        while True:
            await bell.wait()
            bell.clear()
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
        for hint in _hints_of(positions):
            groups.setdefault(group_name(hint.room_id), []).append(hint)
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
