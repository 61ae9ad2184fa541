"""The rooms that polls of a process wait for, and who waits there."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from talk.api.polls.base import Poll
from talk.conf import talk_settings
from talk.hints import HintKind
from talk.realtime.database_threads import DatabaseThreads
from talk.realtime.message_cache import MessageCache
from talk.realtime.pauses import jitter
from talk.realtime.remembered_callers import RememberedCaller
from talk.realtime.waiters import WaitedRoom, Waiter

SLICE = 1000
"""Waiters rung at once: all of most rooms, so that nobody who was answered polls again
before the last one has the message, and no more than hold the event loop for 100 ms."""

IDLE_SECONDS = 30.0
"""How long a room is watched whose last waiter has gone: most come back at once."""

SUPERSEDE_SECONDS = 1.0
"""How long a poll of the chat may wait before a newer one of its session ends it. Two
tabs of a browser are one session: ended at once, they would chase each other."""


class WaitedRooms:
    """All of one event loop, and the bounds of how many may wait."""

    def __init__(self, threads: DatabaseThreads) -> None:
        self._threads = threads
        self._loop = asyncio.get_running_loop()
        self._rooms: dict[int, WaitedRoom] = {}
        self._by_address: Counter[str] = Counter()
        self.waiter_count = 0
        """How many polls are waiting."""

    def __iter__(self) -> Iterator[WaitedRoom]:
        return iter(list(self._rooms.values()))

    def __len__(self) -> int:
        return len(self._rooms)

    @property
    def ids(self) -> list[int]:
        """The keys of the rooms."""
        return list(self._rooms)

    def get(self, room_id: int) -> WaitedRoom | None:
        """Return a room that somebody waits for, or has waited for a moment ago."""
        return self._rooms.get(room_id)

    def subscribe(self, remembered: RememberedCaller, poll: Poll) -> Waiter:
        """Count a poll among those who are rung, until it is unsubscribed.

        To be called before its first look.
        """
        now = self._loop.time()
        deadline = now + jitter(poll.timeout)
        waiter = Waiter(remembered, poll, began=now, deadline=deadline)
        room = self._room_of(poll)
        if poll.kind is HintKind.TIMELINE:
            room.timeline.hear(poll.position)
        else:
            self.hear_people(room, poll.position)
        self._supersede(room, waiter)
        self._count(remembered, 1)
        return waiter

    def unsubscribe(self, waiter: Waiter) -> None:
        """Undo `subscribe`."""
        self._count(waiter.remembered, -1)
        room = self.of(waiter.poll)
        room.leave(waiter)
        if not room.waiters:
            room.idle_since = self._loop.time()

    def _count(self, remembered: RememberedCaller, change: int) -> None:
        self.waiter_count += change
        if remembered.guest_address:
            self._by_address[remembered.guest_address] += change
            if not self._by_address[remembered.guest_address]:
                del self._by_address[remembered.guest_address]

    def of(self, poll: Poll) -> WaitedRoom:
        """Return the room of a poll that is subscribed."""
        return self._rooms[poll.room_id]

    def _room_of(self, poll: Poll) -> WaitedRoom:
        room = self._rooms.get(poll.room_id)
        if room is None:
            timeline = MessageCache(
                room_id=poll.room_id, token=poll.token, threads=self._threads
            )
            room = WaitedRoom(timeline=timeline, idle_since=self._loop.time())
            self._rooms[poll.room_id] = room
        return room

    def _supersede(self, room: WaitedRoom, waiter: Waiter) -> None:
        """End the wait of the older poll that a new one takes the place of."""
        older = room.enter(waiter)
        if older is None:
            return
        end = older.began
        if waiter.poll.kind is HintKind.TIMELINE:
            end += SUPERSEDE_SECONDS
        if end <= self._loop.time():
            older.supersede()
        else:
            self._loop.call_at(end, older.supersede)

    def has_place_for(self, remembered: RememberedCaller) -> bool:
        """Whether one more poll may wait: of the process, and of a guest's address."""
        settings = talk_settings()
        if self.waiter_count >= settings.POLL_WAITERS_MAX:
            return False
        count = (
            self._by_address[remembered.guest_address]
            if remembered.guest_address
            else 0
        )
        return count < settings.GUEST_POLLS_MAX

    def hear_people(self, room: WaitedRoom, version: int) -> None:
        """Learn how often the people of a room have changed; ring who knows less."""
        if version <= room.people_version:
            return
        room.people_version = version
        room.quiet.clear()
        # Names of guests are among what changes with the people.
        room.timeline.forget()
        behind = [
            waiter
            for waiter in room.waiters
            if waiter.poll.kind is HintKind.PRESENCE and waiter.position < version
        ]
        self.ring(behind)

    def end(self, room: WaitedRoom) -> None:
        """Tell everybody that their room is gone."""
        self.send_away(list(room.waiters))

    def send_away(self, waiters: Sequence[Waiter]) -> None:
        """Tell waiters that there is nothing here that they may wait for."""
        for waiter in waiters:
            waiter.is_over = True
        self.ring(waiters)

    def doubt(self, accounts: Collection[str]) -> None:
        """End the polls of accounts, without news: the next ones are admitted anew."""
        meant = [
            waiter
            for room in self
            for waiter in room.waiters
            if waiter.poll.account in accounts
        ]
        for waiter in meant:
            waiter.is_doubted = True
        self.ring(meant)

    def ring_mailboxes(self, room: WaitedRoom, session_pks: Collection[int]) -> None:
        """Ring those who wait for messages to one of these sessions."""
        room.quiet.difference_update(session_pks)
        meant = [
            waiter
            for pk in session_pks
            if (waiter := room.by_session.get((HintKind.PRESENCE, pk))) is not None
        ]
        self.ring(meant)

    def ring(self, waiters: Sequence[Waiter]) -> None:
        """Wake waiters, some at a time."""
        for waiter in waiters[:SLICE]:
            waiter.ring()
        if len(waiters) > SLICE:
            self._loop.call_soon(self.ring, waiters[SLICE:])

    def tidy(self) -> None:
        """Forget rooms that nobody waits for any more, and what others hold for long."""
        long_ago = self._loop.time() - IDLE_SECONDS
        for room_id, room in list(self._rooms.items()):
            if not room.waiters and room.idle_since <= long_ago and not room.waking:
                del self._rooms[room_id]
            else:
                room.timeline.grow_old()
