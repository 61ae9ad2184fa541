"""How waiters get news: a room is read once, and what was read goes to all its waiters."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Container
from functools import partial

from talk.api.polls.base import PollResult
from talk.api.polls.chat import ChatPoll
from talk.api.responses import RenderedResponse
from talk.exceptions import NotFound
from talk.realtime.database_threads import DatabaseThreads
from talk.realtime.metrics import metrics
from talk.realtime.outcomes import Outcome
from talk.realtime.waited_rooms import WaitedRooms
from talk.realtime.waiters import WaitedRoom, Waiter
from talk.utils.single_flight import SingleFlight

logger = logging.getLogger("talk.hub")


class RoomWaker:
    """Reads waited rooms, one reading a room at a time, and wakes their waiters."""

    def __init__(self, rooms: WaitedRooms, threads: DatabaseThreads) -> None:
        self._rooms = rooms
        self._threads = threads
        self._loop = asyncio.get_running_loop()
        self._readings = SingleFlight[WaitedRoom, None]()

    def wake(self, room: WaitedRoom) -> asyncio.Task[None]:
        """Start to read a room's new messages, which wakes the waiters for them.

        Returns the task of the reading that runs already, if there is one.
        """
        task = self._readings.task(room)
        if task is None:
            task = self._readings.start(room, partial(self._read_room, room))
            # Callers that await the task get its error, but there may be none.
            task.add_done_callback(_retrieve_error)
        return task

    def reading_of(self, room: WaitedRoom) -> asyncio.Task[None] | None:
        """Return the task that reads a room at this moment, None if there is none."""
        return self._readings.task(room)

    async def finish_reading(self, room: WaitedRoom) -> None:
        """Return when the reading that runs has ended, be it with an error."""
        task = self.reading_of(room)
        if task is not None:
            await asyncio.wait([task])

    async def catch_up(self, room: WaitedRoom) -> None:
        """Return when all messages that a room is known to have are read.

        Raises:
            NotFound: the room is gone.
        """
        if room.cache.is_behind:
            await asyncio.shield(self.wake(room))

    async def fetch_news(self, waiter: Waiter) -> PollResult | RenderedResponse | None:
        """Return the news for a subscribed waiter, None if there is none.

        Messages come as the response that all waiters share that want the same.

        Raises:
            NotFound: the room, the participant, or the session that the poll depends
                on, is gone.
        """
        poll = waiter.poll
        room = self._rooms.room_of(poll)
        if isinstance(poll, ChatPoll):
            return await self._fetch_messages(room, waiter, poll)
        return await self._fetch_signaling(room, waiter)

    async def _fetch_messages(
        self, room: WaitedRoom, waiter: Waiter, poll: ChatPoll
    ) -> RenderedResponse | None:
        cache = room.cache
        while True:
            await self.catch_up(room)
            if waiter.outcome is Outcome.NOT_FOUND:
                raise NotFound
            progress = cache.progress
            response = await cache.render_for(poll)
            has_changed = cache.is_behind or cache.progress is not progress
            if response is not None or not has_changed:
                # Nothing can have come since: a later message wakes the waiter.
                return response

    async def _fetch_signaling(
        self, room: WaitedRoom, waiter: Waiter
    ) -> PollResult | None:
        session_pk = waiter.poll.session_pk
        waiter.position = max(waiter.position, room.presence_version)
        if session_pk in room.sessions_without_news:
            return None
        if session_pk is not None:
            # Before the query: a hint that arrives during it removes the session again.
            room.sessions_without_news.add(session_pk)
        result: PollResult | None = None
        try:
            result = await self._threads.run(waiter.poll.fetch_news)
        finally:
            has_news = result is None or result.news is not None
            if has_news and session_pk is not None:
                room.sessions_without_news.discard(session_pk)
        return result if result.news is not None else None

    async def _read_room(self, room: WaitedRoom) -> None:
        while room.cache.is_behind:
            began = self._loop.time()
            polls = [
                waiter.poll
                for waiter in room.sleeping_waiters()
                if isinstance(waiter.poll, ChatPoll)
            ]
            ended = await room.cache.read(polls)
            woken = self._distribute(room, ended)
            if woken:
                metrics.note_wake(woken, self._loop.time() - began)

    def _distribute(self, room: WaitedRoom, ended: Container[int]) -> int:
        """Give what was read to the waiters for it; return how many were woken.

        `ended` holds the sessions that have ended, of those that the polls need.
        """
        woken = []
        for waiter in room.sleeping_waiters():
            poll = waiter.poll
            if not isinstance(poll, ChatPoll) or waiter.outcome is not None:
                continue
            if room.cache.has_nothing_for(poll):
                continue
            if poll.needs_session and poll.session_pk in ended:
                waiter.set_outcome(Outcome.NOT_FOUND)
            else:
                response = room.cache.rendered_for(poll)
                if response is not None:
                    waiter.set_news(response)
            woken.append(waiter)
        self._rooms.wake(woken)
        return len(woken)


def _retrieve_error(task: asyncio.Task[None]) -> None:
    """Mark a task's error as retrieved, so that asyncio does not log it."""
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.debug("A room could not be read", exc_info=error)
