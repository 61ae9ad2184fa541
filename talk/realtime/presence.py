"""Pings and read marks of polls, at their start and while they wait."""

from __future__ import annotations

import asyncio

from talk.hints import HintKind
from talk.realtime.presence_batches import PresenceBatches
from talk.realtime.waited_rooms import WaitedRooms
from talk.realtime.waiters import Waiter
from talk.realtime.waking import RoomWaker


class WaiterPresence:
    """Keeps the sessions of waiters live, and their read markers current."""

    def __init__(
        self, rooms: WaitedRooms, waker: RoomWaker, batches: PresenceBatches
    ) -> None:
        self._rooms = rooms
        self._waker = waker
        self._batches = batches
        self._loop = asyncio.get_running_loop()
        self._pinged_at = self._loop.time()
        """When all waiters were last pinged, by the clock of the event loop."""

    async def note_arrival(self, waiter: Waiter) -> None:
        """Ping the sessions of a poll that begins, and mark what its client has read.

        Writes nothing for a client that comes back at once and knows what it knew.
        """
        remembered, poll, mark = waiter.remembered, waiter.poll, waiter.poll.read_mark
        room = self._rooms.room_of(poll)
        if poll.kind is HintKind.TIMELINE:
            await self._waker.catch_up(room)
            if poll.moves_read_marker:
                mark = remembered.read_mark_at(room.cache.comment_count)
        now = self._loop.time()
        # A client that was between two polls when all were pinged missed that ping.
        pings = poll.session_pks if remembered.pinged_at < self._pinged_at else ()
        await self._batches.write(pings=pings, mark=mark)
        if pings:
            remembered.pinged_at = now
        if mark is not None:
            remembered.read_comments = max(remembered.read_comments, mark.comments)

    async def ping_all(self) -> None:
        """Ping the sessions of all waiters."""
        now = self._pinged_at = self._loop.time()
        callers = {
            id(waiter.remembered): waiter.remembered
            for room in self._rooms
            for waiter in room.waiters
        }
        pks = {
            pk
            for remembered in callers.values()
            for pk in remembered.request.session_pks
        }
        await self._batches.write(pings=sorted(pks), mark=None)
        for remembered in callers.values():
            remembered.pinged_at = now
