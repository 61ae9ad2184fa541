"""The hub: where the long polls of a process wait, and what wakes them.

One hub serves one event loop, in practice one process. It alone is a member of the
channel layer, whatever the number of waiting clients. A hint makes it ring those who
wait for that room; they look at the database, which is the truth. Every few seconds
one query for all waited rooms finds what a lost hint would have told.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import (
    Awaitable,
    Callable,
    Container,
    Coroutine,
    Hashable,
    Iterable,
    Iterator,
    Sequence,
)
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from channels.layers import InMemoryChannelLayer, get_channel_layer
from django.utils import timezone

from talk import hints
from talk.api.polls import Look, Poll
from talk.conf import talk_settings
from talk.domain.progress import newest_positions
from talk.domain.sessions import ended_sessions, ping_sessions
from talk.domain.signaling import full_mailboxes
from talk.exceptions import NotFound
from talk.hints import Hint, Kind
from talk.models import in_batches
from talk.realtime.drain import DrainOnSignal
from talk.realtime.pauses import repeat
from talk.realtime.reaper import reap
from talk.realtime.subscription import Subscription
from talk.realtime.threads import DatabaseThreads

logger = logging.getLogger("talk.hub")

STOP_SECONDS = 5.0
"""What a hub that stops gives its polls to be answered."""

SLICE = 64
"""Waiters rung at once, so that a crowded room does not hold the event loop."""


class Waiter:
    """One poll that waits for a room to change after `position`."""

    def __init__(self, poll: Poll) -> None:
        self.poll = poll
        self.position = poll.position
        self.is_over = False
        """Whether the session that the poll depends on has ended."""
        self.is_superseded = False
        """Whether a newer poll of the same session has taken over."""
        self.has_looked = False
        self._is_rung = False
        self._bell: asyncio.Future[None] | None = None

    def ring(self) -> None:
        """Wake the waiter, or keep it from falling asleep."""
        self._is_rung = True
        if self._bell is not None and not self._bell.done():
            self._bell.set_result(None)

    async def wait(self, gone: asyncio.Future[Any], seconds: float) -> bool:
        """Wait until rung, until the client is gone or the time is up.

        Returns whether it was rung, also if that was before the call.
        """
        if not self._is_rung:
            self._bell = asyncio.get_running_loop().create_future()
            await asyncio.wait(
                {self._bell, gone},
                timeout=max(seconds, 0),
                return_when=asyncio.FIRST_COMPLETED,
            )
        was_rung, self._is_rung = self._is_rung, False
        return was_rung


@dataclass(slots=True)
class WaitedRoom:
    """The waiters of one room, and the looks that are under way for them."""

    waiters: set[Waiter] = field(default_factory=set)
    rings: int = 0
    looks: dict[Hashable, asyncio.Task[Look]] = field(default_factory=dict)
    """By the number of rings they began after, and by what they depend on."""
    checks: dict[int, asyncio.Task[None]] = field(default_factory=dict)
    """Searches for ended sessions, by the number of rings they began after."""


class Hub:
    """Everything that waits on one event loop. Use `current_hub` to get it.

    Its methods are to be called on that loop, but `publish_here` anywhere.
    """

    def __init__(self) -> None:
        settings = talk_settings()
        count, max_age = settings.POLL_THREADS, settings.POLL_CONNECTION_MAX_AGE_SECONDS
        self.admissions = DatabaseThreads(count, max_age)
        """Where callers are identified, which may mean to hash a password."""
        self.threads = DatabaseThreads(count, max_age)
        """Where everything else happens; slow admissions must not delay a wake-up."""
        self.is_draining = False
        self.is_stopped = False
        self._loop = asyncio.get_running_loop()
        self._drain_on_signal = DrainOnSignal(self._loop, self.drain)
        self._rooms: dict[int, WaitedRoom] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._serving = 0
        self._all_answered: asyncio.Event | None = None

    @property
    def waiter_count(self) -> int:
        """How many polls are waiting."""
        return sum(len(room.waiters) for room in self._rooms.values())

    def start(self) -> None:
        """Begin to hear hints, to look at the database and to ping."""
        hints.add_listener(self.publish_here)
        self._drain_on_signal.install()
        settings = talk_settings()
        self._spawn(repeat(settings.POLL_LOOK_SECONDS, self._guard(self.look_at_all)))
        self._spawn(repeat(settings.POLL_PING_SECONDS, self._guard(self.ping_all)))
        self._spawn(repeat(settings.REAPER_SECONDS, self._guard(self.reap)))
        layer = get_channel_layer(settings.CHANNEL_LAYER)
        # What an in-memory layer could tell has been published here already.
        if layer is not None and not isinstance(layer, InMemoryChannelLayer):
            subscription = Subscription(
                layer, hear=self.hear, catch_up=self.look_at_all
            )
            self._spawn(subscription.run())

    async def stop(self) -> None:
        """Answer whoever waits and end all work of the hub."""
        self.drain()
        self.forget()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._wait_for_answers()
        self.is_stopped = True
        await asyncio.to_thread(self.admissions.close)
        await asyncio.to_thread(self.threads.close)

    def forget(self) -> None:
        """Hear neither hints nor signals any more; enough when the loop has ended."""
        self._drain_on_signal.restore()
        hints.remove_listener(self.publish_here)

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Have `stop` wait for what is done inside, if it does not take too long."""
        self._serving += 1
        try:
            yield
        finally:
            self._serving -= 1
            if not self._serving and self._all_answered is not None:
                self._all_answered.set()

    async def _wait_for_answers(self) -> None:
        if not self._serving:
            return
        self._all_answered = asyncio.Event()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._all_answered.wait()
        except TimeoutError:
            logger.warning("%s polls were still unanswered", self._serving)

    def drain(self) -> None:
        """Have all polls answered now, and every later one without waiting."""
        self.is_draining = True
        for room in self._rooms.values():
            self._ring(list(room.waiters))

    def publish_here(self, news: list[Hint]) -> None:
        """Ring for hints of this process; may be called in any thread."""
        with suppress(RuntimeError):  # the loop was closed
            self._loop.call_soon_threadsafe(self.hear, news)

    def hear(self, news: list[Hint]) -> None:
        """Ring everybody whom the hints concern and who does not know it yet."""
        for hint in news:
            room = self._rooms.get(hint.room_id)
            if room is None:
                continue
            if hint.kind is Kind.DEPARTURE:
                check = partial(self.send_departed_away, hint.room_id)
                self._spawn(self._guard(check)())
            else:
                self._ring_behind(room, hint.kind, hint.position)
                self._ring_mailboxes(room, {hint.session_pk})

    @contextmanager
    def subscribe(self, poll: Poll) -> Iterator[Waiter]:
        """Count `poll` among those who are rung. To be entered before its first look."""
        waiter = Waiter(poll)
        room = self._rooms.setdefault(poll.room_id, WaitedRoom())
        self._supersede(room, poll)
        room.waiters.add(waiter)
        try:
            yield waiter
        finally:
            room.waiters.discard(waiter)
            if not room.waiters:
                self._rooms.pop(poll.room_id, None)

    def _supersede(self, room: WaitedRoom, poll: Poll) -> None:
        """End the wait of older polls that a new one takes the place of."""
        for older in room.waiters:
            if poll.takes_over(older.poll):
                older.is_superseded = True
                older.ring()

    async def look(self, waiter: Waiter) -> Any | None:
        """Return what is new for a subscribed waiter, None for nothing.

        Waiters who know the same share one look, unless it may have begun before
        what they were rung for.

        Raises:
            NotFound: the room was deleted, or the session that the poll depends on
                has ended.
        """
        room = self._rooms[waiter.poll.room_id]
        if waiter.has_looked and waiter.poll.needed_session_pk is not None:
            await self._shared_check(room)
        waiter.has_looked = True
        if waiter.is_over:
            raise NotFound
        found = await self._shared_look(room, waiter.poll)
        if found.position < waiter.position:
            # It had begun before the waiter was admitted; the next one has not.
            found = await self._shared_look(room, waiter.poll)
        waiter.position = max(waiter.position, found.position)
        return found.news

    async def look_at_all(self) -> None:
        """Find what changed in waited rooms without a hint.

        A query per 500 rooms, per 500 mailboxes, and per 500 sessions that are needed.
        """
        for some in in_batches(list(self._rooms)):
            newest = await self.threads.run(partial(newest_positions, room_ids=some))
            for room_id in some:
                room = self._rooms.get(room_id)
                if room is None:
                    continue
                if room_id not in newest:
                    self._ring_room(room, list(room.waiters))
                    continue
                for kind, position in newest[room_id].items():
                    self._ring_behind(room, kind, position)
        await self._look_at_mailboxes()
        rooms = list(self._rooms.values())
        await self._find_departed(rooms)
        for room in rooms:
            self._ring([waiter for waiter in room.waiters if waiter.is_over])

    async def _look_at_mailboxes(self) -> None:
        mailboxes = {
            waiter.poll.mailbox
            for room in self._rooms.values()
            for waiter in room.waiters
            if waiter.poll.mailbox is not None
        }
        for some in in_batches(sorted(mailboxes)):
            full = await self.threads.run(partial(full_mailboxes, session_pks=some))
            for room in list(self._rooms.values()):
                self._ring_mailboxes(room, full)

    async def send_departed_away(self, room_id: int) -> None:
        """Ring those of a room whose session has ended, or all when the room is gone.

        A query or two a hint.
        """
        newest = await self.threads.run(partial(newest_positions, room_ids=[room_id]))
        room = self._rooms.get(room_id)
        if room is None:
            return
        if room_id not in newest:
            self._ring_room(room, list(room.waiters))
            return
        await self._find_departed([room])
        self._ring([waiter for waiter in room.waiters if waiter.is_over])

    async def _shared_check(self, room: WaitedRoom) -> None:
        """Find out whose session has ended, once a ring for all waiters of a room."""
        key = room.rings
        task = room.checks.get(key)
        if task is None:
            task = self._loop.create_task(self._check_once(room, key))
            room.checks[key] = task
        await asyncio.shield(task)

    async def _check_once(self, room: WaitedRoom, key: int) -> None:
        try:
            await self._find_departed([room])
        finally:
            del room.checks[key]

    async def _find_departed(self, rooms: Iterable[WaitedRoom]) -> None:
        needed = {
            waiter: waiter.poll.needed_session_pk
            for room in rooms
            for waiter in room.waiters
            if waiter.poll.needed_session_pk is not None
        }
        for some in in_batches(sorted(set(needed.values()))):
            ended = await self.threads.run(partial(ended_sessions, pks=some))
            for waiter, session_pk in needed.items():
                waiter.is_over = waiter.is_over or session_pk in ended

    async def ping_all(self) -> None:
        """Note that the sessions of all waiters are there; an update per 500."""
        pks = [
            pk
            for room in self._rooms.values()
            for waiter in room.waiters
            for pk in waiter.poll.session_pks
        ]
        for some in in_batches(pks):
            ping = partial(ping_sessions, pks=some, now=timezone.now())
            await self.threads.run(ping)

    async def reap(self) -> None:
        """Remove what has ended without a farewell, if it is this process's turn."""
        await self.threads.run(reap)

    async def _shared_look(self, room: WaitedRoom, poll: Poll) -> Look:
        if poll.key is None:
            return await self.threads.run(poll.look)
        key = (room.rings, poll.kind, poll.key)
        task = room.looks.get(key)
        if task is None:
            task = self._loop.create_task(self._look_once(room, key, poll))
            room.looks[key] = task
        return await asyncio.shield(task)

    async def _look_once(self, room: WaitedRoom, key: Hashable, poll: Poll) -> Look:
        try:
            return await self.threads.run(poll.look)
        finally:
            # Before anybody learns the result: who asks then wants a later look.
            del room.looks[key]

    def _ring_behind(self, room: WaitedRoom, kind: Kind, position: int) -> None:
        """Ring those who wait for such news and do not know of that position."""
        behind = [
            waiter
            for waiter in room.waiters
            if waiter.poll.kind is kind and waiter.position < position
        ]
        self._ring_room(room, behind)

    def _ring_mailboxes(self, room: WaitedRoom, session_pks: Container[int]) -> None:
        """Ring those who wait for messages to one of these sessions."""
        meant = [w for w in room.waiters if w.poll.mailbox in session_pks]
        self._ring_room(room, meant)

    def _ring_room(self, room: WaitedRoom, waiters: Sequence[Waiter]) -> None:
        if waiters:
            room.rings += 1
            self._ring(waiters)

    def _ring(self, waiters: Sequence[Waiter]) -> None:
        for waiter in waiters[:SLICE]:
            waiter.ring()
        if len(waiters) > SLICE:
            self._loop.call_soon(self._ring, waiters[SLICE:])

    def _guard(
        self, work: Callable[[], Awaitable[None]]
    ) -> Callable[[], Coroutine[None, None, None]]:
        """Return `work` as something that is tried again next time when it fails."""

        async def guarded() -> None:
            try:
                await work()
            except Exception:
                logger.exception("The hub could not reach the database")

        return guarded

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


_hubs: dict[asyncio.AbstractEventLoop, Hub] = {}


def current_hub() -> Hub:
    """Return the hub of the running event loop, started if there was none."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        for closed in [other for other in _hubs if other.is_closed()]:
            _hubs.pop(closed).forget()
        hub = _hubs[loop] = Hub()
        hub.start()
    return _hubs[loop]


async def stop_hub() -> None:
    """Stop the hub of the running event loop; polls that come later are sent away."""
    hub = _hubs.get(asyncio.get_running_loop())
    if hub is not None:
        await hub.stop()
