"""The rooms that the polls of a process wait for."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from talk.api.polls.base import Poll
from talk.conf import talk_settings
from talk.hints import HintKind
from talk.realtime.database import Database
from talk.realtime.database_threads import DatabaseThreads
from talk.realtime.jitter import jittered_timeout
from talk.realtime.message_cache import MessageCache
from talk.realtime.outcomes import Outcome
from talk.realtime.remembered_callers import RememberedCaller
from talk.realtime.waiters import WaitedRoom, Waiter

WAKE_SLICE = 1000
"""Waiters woken at once: all of most rooms, so that no client that was answered polls
again before the last one has its message, and not more than block the event loop for
100 ms."""

IDLE_SECONDS = 30.0
"""How long a room is kept after its last waiter: most clients poll again at once."""

SUPERSEDE_SECONDS = 1.0
"""How long a poll of the chat may wait before a newer one of its session ends it. Two
tabs of a browser are one session: without the pause they would end each other's polls
in a loop."""


class WaitedRooms:
    """The waited rooms of one event loop, and the limits on how many polls may wait."""

    def __init__(self, threads: DatabaseThreads, database: Database) -> None:
        self._threads = threads
        self._database = database
        self._loop = asyncio.get_running_loop()
        self._rooms: dict[int, WaitedRoom] = {}
        self._count_by_network: Counter[str] = Counter()
        self.waiter_count = 0
        """The number of polls that wait."""

    def __iter__(self) -> Iterator[WaitedRoom]:
        return iter(list(self._rooms.values()))

    def __len__(self) -> int:
        return len(self._rooms)

    @property
    def ids(self) -> list[int]:
        """The primary keys of the rooms."""
        return list(self._rooms)

    def get(self, room_id: int) -> WaitedRoom | None:
        """Return a room that has waiters, or had some less than `IDLE_SECONDS` ago."""
        return self._rooms.get(room_id)

    def room_of(self, poll: Poll) -> WaitedRoom:
        """Return the room of a poll that is subscribed."""
        return self._rooms[poll.room_id]

    def make_waiter(self, remembered: RememberedCaller, poll: Poll) -> Waiter:
        """Return a waiter for a poll that begins now."""
        now = self._loop.time()
        deadline = now + jittered_timeout(poll.timeout)
        return Waiter(remembered, poll, began=now, deadline=deadline)

    def has_capacity_for(self, poll: Poll) -> bool:
        """Whether one more poll may wait: in the process, and from a guest's network."""
        settings = talk_settings()
        if self.waiter_count >= settings.POLL_WAITERS_MAX:
            return False
        network = poll.guest_network
        return not network or self._count_by_network[network] < settings.GUEST_POLLS_MAX

    def subscribe(self, waiter: Waiter) -> None:
        """Let a waiter be woken until `unsubscribe`; call it before the first fetch."""
        poll = waiter.poll
        room = self._rooms.get(poll.room_id)
        if room is None:
            room = self._rooms[poll.room_id] = self._make_room(poll)
        if poll.kind is HintKind.TIMELINE:
            room.cache.note_position(poll.position)
        else:
            self.note_presence_version(room, poll.position)
        self._supersede_older(room, waiter)
        self._count(poll, 1)

    def unsubscribe(self, waiter: Waiter) -> None:
        """Undo `subscribe`."""
        self._count(waiter.poll, -1)
        room = self.room_of(waiter.poll)
        room.remove(waiter)
        if not room.waiters:
            room.idle_since = self._loop.time()

    def note_presence_version(self, room: WaitedRoom, version: int) -> None:
        """Learn a room's presence version; wake the waiters that know an older one."""
        if version <= room.presence_version:
            return
        room.presence_version = version
        room.sessions_without_news.clear()
        # A change of presence may be a new name of a guest, and messages show names.
        room.cache.clear()
        waiters = room.waiters_for(HintKind.PRESENCE)
        self.wake([waiter for waiter in waiters if waiter.position < version])

    def end_polls(self, waiters: Collection[Waiter], outcome: Outcome) -> None:
        """End the polls of waiters: decide on all of them, then wake them."""
        for waiter in waiters:
            waiter.set_outcome(outcome)
        self.wake(list(waiters))

    def end_polls_of_accounts(self, accounts: Collection[str]) -> None:
        """End all polls of accounts whose logins have ended."""
        for room in self:
            waiters = [one for one in room.waiters if one.poll.account in accounts]
            self.end_polls(waiters, Outcome.LOGIN_ENDED)

    def wake_sessions(self, room: WaitedRoom, session_pks: Collection[int]) -> None:
        """Wake the waiters for signaling messages to some of a room's sessions."""
        room.sessions_without_news.difference_update(session_pks)
        waiters = [
            waiter
            for pk in session_pks
            if (waiter := room.newest_by_session.get((HintKind.PRESENCE, pk)))
        ]
        self.wake(waiters)

    def wake(self, waiters: Sequence[Waiter]) -> None:
        """Wake waiters, `WAKE_SLICE` at a time."""
        for waiter in waiters[:WAKE_SLICE]:
            waiter.wake()
        if len(waiters) > WAKE_SLICE:
            self._loop.call_soon(self.wake, waiters[WAKE_SLICE:])

    def drop_idle(self) -> None:
        """Drop rooms without waiters, and messages that rooms have kept for long."""
        long_ago = self._loop.time() - IDLE_SECONDS
        for room_id, room in list(self._rooms.items()):
            if not room.waiters and room.idle_since <= long_ago:
                del self._rooms[room_id]
            else:
                room.cache.clear_old()

    def _make_room(self, poll: Poll) -> WaitedRoom:
        cache = MessageCache(
            room_id=poll.room_id,
            token=poll.token,
            threads=self._threads,
            database=self._database,
        )
        return WaitedRoom(cache=cache, idle_since=self._loop.time())

    def _supersede_older(self, room: WaitedRoom, waiter: Waiter) -> None:
        older = room.add(waiter)
        if older is None:
            return
        end = older.began
        if waiter.poll.kind is HintKind.TIMELINE:
            end += SUPERSEDE_SECONDS
        if end <= self._loop.time():
            older.end(Outcome.SUPERSEDED)
        else:
            self._loop.call_at(end, older.end, Outcome.SUPERSEDED)

    def _count(self, poll: Poll, change: int) -> None:
        self.waiter_count += change
        network = poll.guest_network
        if network:
            self._count_by_network[network] += change
            if not self._count_by_network[network]:
                del self._count_by_network[network]
