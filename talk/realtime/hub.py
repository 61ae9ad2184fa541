"""The hub: where the long polls of a process wait, and what wakes them.

One hub serves one event loop, in practice one process. It alone is a member of the
channel layer, whatever the number of waiting clients. A hint makes it read what is new
in a waited room, once, and hand it to all who wait there. Every few seconds one query
for all waited rooms finds what a lost hint would have told, and where people have come
or gone; now and then all who wait or are remembered are asked for.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import (
    Awaitable,
    Callable,
    Collection,
    Container,
    Coroutine,
    Iterable,
)
from contextlib import suppress
from functools import partial

from channels.layers import InMemoryChannelLayer, get_channel_layer

from talk import hints
from talk.api.polls.base import PollResult
from talk.api.polls.chat import ChatPoll
from talk.api.responses import RenderedResponse
from talk.conf import talk_settings
from talk.domain.access import participants_without_access
from talk.domain.events import add_comment_listener, remove_comment_listener
from talk.domain.progress import RoomVersions, room_versions
from talk.domain.sessions import ended_sessions
from talk.domain.signaling_internal import sessions_with_queued_messages
from talk.exceptions import NotFound
from talk.hints import Hint, HintKind
from talk.models import Message, Names, in_batches
from talk.realtime.database_threads import DatabaseThreads
from talk.realtime.drain import DrainOnSignal
from talk.realtime.gc_tuning import freeze_startup_objects
from talk.realtime.metrics import log_line, metrics
from talk.realtime.pauses import repeat
from talk.realtime.presence_batches import PresenceBatches
from talk.realtime.reaper import reap
from talk.realtime.remembered_callers import RememberedCallers
from talk.realtime.requests_in_flight import RequestsInFlight
from talk.realtime.subscription import Subscription
from talk.realtime.waited_rooms import IDLE_SECONDS, WaitedRooms
from talk.realtime.waiters import WaitedRoom, Waiter

logger = logging.getLogger("talk.hub")

STOP_SECONDS = 5.0
"""What a hub that stops gives its polls to be answered."""

THOROUGH_EVERY = 6
"""Each so many regular looks one asks for everybody, whether their room has changed or
not: most of what changes somebody's rights changes the people of their room."""


LOGOUT_SECONDS = 1.0
"""After so long those are admitted anew once more whose logins have ended: Django tells
of a logout before it ends the session, and some may have come back in between."""


class Hub:
    """Everything that waits on one event loop. Use `current_hub` to get it.

    Its methods are to be called on that loop, but `take` and `publish_here` anywhere.
    """

    def __init__(self) -> None:
        settings = talk_settings()
        count, max_age = settings.POLL_THREADS, settings.POLL_CONNECTION_MAX_AGE_SECONDS
        self.admissions = DatabaseThreads(count, max_age)
        """Where callers are identified, which may mean to hash a password."""
        self.threads = DatabaseThreads(count, max_age)
        """Where everything else happens; slow admissions must not delay a wake-up."""
        self.presence = PresenceBatches(self.threads)
        self.remembered_callers = RememberedCallers(settings.POLL_MEMORY_SECONDS)
        self.is_draining = False
        self.is_stopped = False
        self._loop = asyncio.get_running_loop()
        self._pinged_at = self._loop.time()
        """When all who waited were pinged last, by the clock of the event loop."""
        self._drain_on_signal = DrainOnSignal(self._loop, self.drain)
        self.rooms = WaitedRooms(self.threads)
        self._tasks: set[asyncio.Task[None]] = set()
        self._looks = 0
        """Regular looks so far, but for those that failed."""
        self._versions: tuple[dict[int, int], dict[int, int]] = ({}, {})
        """The versions of rooms' people at the last two looks, the older ones first."""
        self.requests_in_flight = RequestsInFlight()
        """What `stop` waits for, if it does not take too long."""

    def start(self) -> None:
        """Begin to hear hints, to look at the database and to ping."""
        settings = talk_settings()
        if settings.TUNE_GC:
            freeze_startup_objects()
        add_comment_listener(self.take)
        hints.add_listener(self.publish_here)
        self._drain_on_signal.install()
        look = self._guard(self.look_regularly)
        self._spawn(repeat(settings.POLL_LOOK_SECONDS, look))
        self._spawn(repeat(settings.POLL_PING_SECONDS, self._guard(self.ping_all)))
        self._spawn(repeat(settings.REAPER_SECONDS, self._guard(self.reap)))
        self._spawn(repeat(IDLE_SECONDS, self._guard(self.tidy)))
        if settings.METRICS_LOG_SECONDS:
            self._spawn(repeat(settings.METRICS_LOG_SECONDS, self._guard(self.log)))
        layer = get_channel_layer(settings.CHANNEL_LAYER)
        # What an in-memory layer could tell has been published here already.
        if layer is not None and not isinstance(layer, InMemoryChannelLayer):
            subscription = Subscription(layer, hear=self.hear, catch_up=self.catch_up)
            self._spawn(subscription.run())

    async def stop(self) -> None:
        """Answer whoever waits and end all work of the hub."""
        self.drain()
        self.forget()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if not await self.requests_in_flight.wait_for_all(STOP_SECONDS):
            logger.warning(
                "%s polls were still unanswered", self.requests_in_flight.count
            )
        self.is_stopped = True
        await asyncio.to_thread(self.admissions.close)
        await asyncio.to_thread(self.threads.close)

    def forget(self) -> None:
        """Hear neither hints nor signals any more; enough when the loop has ended."""
        self._drain_on_signal.restore()
        hints.remove_listener(self.publish_here)
        remove_comment_listener(self.take)

    def drain(self) -> None:
        """Have all polls answered now, and every later one without waiting."""
        self.is_draining = True
        for room in self.rooms:
            self.rooms.ring(list(room.waiters))

    def take(self, message: Message, names: Names) -> None:
        """Keep a comment of this process for its hint; may be called in any thread."""
        room = self.rooms.get(message.room_id)
        if room is not None:
            room.timeline.offer(message, names)

    def publish_here(self, news: list[Hint]) -> None:
        """Ring for hints of this process; may be called in any thread."""
        with suppress(RuntimeError):  # the loop was closed
            self._loop.call_soon_threadsafe(self.hear, news)

    def hear(self, news: list[Hint]) -> None:
        """Do for everybody whom the hints concern what has to be done."""
        accounts: set[str] = set()
        for hint in news:
            if hint.kind is HintKind.TIMELINE:
                self._hear_timeline(hint)
            elif hint.kind is HintKind.ACCOUNT:
                self.remembered_callers.drop_account(hint.account)
            elif hint.kind is HintKind.LOGIN:
                accounts.add(hint.account)
            elif hint.kind is HintKind.ROOM:
                self.remembered_callers.drop_room(hint.room_id)
            elif hint.kind is HintKind.DEPARTURE:
                self._hear_departure(hint.room_id)
            else:
                self._hear_signaling(hint)
        if accounts:
            self._end_logins(accounts)
            self._loop.call_later(LOGOUT_SECONDS, self._end_logins, accounts)

    def _end_logins(self, accounts: Collection[str]) -> None:
        """Have all who were admitted with accounts admitted anew."""
        for account in accounts:
            self.remembered_callers.end_logins(account)
        self.rooms.doubt(accounts)

    def _hear_timeline(self, hint: Hint) -> None:
        room = self.rooms.get(hint.room_id)
        if room is None:
            return
        room.timeline.hear(hint.position)
        if room.waiters:
            self._wake(room)

    def _hear_signaling(self, hint: Hint) -> None:
        room = self.rooms.get(hint.room_id)
        if room is None:
            return
        if hint.kind is HintKind.PRESENCE:
            self.rooms.hear_people(room, hint.position)
        else:
            self.rooms.ring_mailboxes(room, {hint.session_pk})

    def _hear_departure(self, room_id: int) -> None:
        doubted_at = self.remembered_callers.doubt(room_id)
        room = self.rooms.get(room_id)
        if room is not None:
            room.timeline.forget()
        if room is not None or doubted_at is not None:
            work = partial(self.send_departed_away, room_id, doubted_at)
            self._spawn(self._guard(work)())

    async def arrive(self, waiter: Waiter) -> None:
        """Note that the client is there and how far it has read, before it goes on.

        Nothing is written for one that comes back at once and knows what it knew.
        """
        remembered, poll, mark = waiter.remembered, waiter.poll, waiter.poll.mark
        room = self.rooms.of(poll)
        if poll.kind is HintKind.TIMELINE:
            await self._catch_up(room)
            if poll.marks_read:
                mark = remembered.mark_for(room.timeline.comments)
        now = self._loop.time()
        # Who has not waited when all were pinged must not be seen less often for that.
        pings = poll.session_pks if remembered.pinged_at < self._pinged_at else ()
        await self.presence.write(pings=pings, mark=mark)
        if pings:
            remembered.pinged_at = now
        if mark is not None:
            remembered.marked = max(remembered.marked, mark.comments)

    async def look(self, waiter: Waiter) -> PollResult | RenderedResponse | None:
        """Return what is new for a subscribed waiter, None for nothing.

        Messages come as the answer that all get who wait for the same.

        Raises:
            NotFound: the room was deleted, or the session that the poll depends on
                has ended.
        """
        poll = waiter.poll
        room = self.rooms.of(poll)
        if waiter.is_over:
            raise NotFound
        if isinstance(poll, ChatPoll):
            return await self._look_at_messages(room, waiter, poll)
        return await self._look_at_signaling(room, waiter)

    async def _look_at_messages(
        self, room: WaitedRoom, waiter: Waiter, poll: ChatPoll
    ) -> RenderedResponse | None:
        while True:
            await self._catch_up(room)
            if waiter.is_over:
                raise NotFound
            progress = room.timeline.progress
            answer = await room.timeline.find(poll)
            is_new = room.timeline.is_behind or room.timeline.progress is not progress
            if answer is not None or not is_new:
                # Nothing can have come since: whoever sleeps now hears of all later.
                return answer

    async def _look_at_signaling(
        self, room: WaitedRoom, waiter: Waiter
    ) -> PollResult | None:
        session_pk = waiter.poll.session_pk
        waiter.position = max(waiter.position, room.people_version)
        if session_pk in room.quiet:
            return None
        if session_pk is not None:
            # Whoever is rung from now on is quiet no more.
            room.quiet.add(session_pk)
        found: PollResult | None = None
        try:
            found = await self.threads.run(waiter.poll.look)
        finally:
            if (found is None or found.news is not None) and session_pk is not None:
                room.quiet.discard(session_pk)
        return found if found.news is not None else None

    async def _catch_up(self, room: WaitedRoom) -> None:
        """Return when all has been read that anybody has told of.

        Raises:
            NotFound: the room is gone.
        """
        if room.timeline.is_behind:
            await asyncio.shield(self._wake(room))

    def _wake(self, room: WaitedRoom) -> asyncio.Task[None]:
        """Read what is new in a room and hand it out; one reader a room at a time."""
        if room.waking is None:
            room.waking = self._loop.create_task(self._read_and_give(room))
            # Those who wait for it hear of its error; there may be nobody.
            room.waking.add_done_callback(_hear_error)
        return room.waking

    async def _read_and_give(self, room: WaitedRoom) -> None:
        try:
            while room.timeline.is_behind:
                began = self._loop.time()
                sleepers = room.sleepers()
                polls = [
                    waiter.poll
                    for waiter in sleepers
                    if isinstance(waiter.poll, ChatPoll)
                ]
                ended = await room.timeline.read(polls)
                woken = self._give(room, ended)
                if woken:
                    metrics.note_wake(woken, self._loop.time() - began)
        finally:
            room.waking = None

    def _give(self, room: WaitedRoom, ended: Container[int]) -> int:
        """Wake those who wait for messages with what has been read; return how many."""
        meant = []
        for waiter in room.sleepers():
            poll = waiter.poll
            if not isinstance(poll, ChatPoll) or waiter.is_over:
                continue
            if room.timeline.has_nothing_for(poll):
                continue
            if poll.needs_session and poll.session_pk in ended:
                waiter.is_over = True
            else:
                waiter.answer = room.timeline.answer_at_hand(poll)
            meant.append(waiter)
        self.rooms.ring(meant)
        return len(meant)

    async def catch_up(self) -> None:
        """Find what changed while no hints were heard; trust nothing remembered."""
        self.remembered_callers.drop_all()
        await self.look_at_all()

    async def look_regularly(self) -> None:
        """Do what `look_at_all` does, thoroughly each `THOROUGH_EVERY` times."""
        await self.look_at_all(thoroughly=self._looks % THOROUGH_EVERY == 0)
        self._looks += 1

    async def look_at_all(self, *, thoroughly: bool = False) -> None:
        """Find what changed without a hint, for those who wait or are remembered.

        A query per 500 rooms and per 500 mailboxes. About who waits or is remembered
        only where people have come or gone lately, or `thoroughly` everywhere: per 500
        sessions, and per 500 callers who are remembered. Twice for each change: whoever
        was being admitted at the first time may have been seen by neither.
        """
        older, newer = self._versions
        room_ids = sorted({*self.rooms.ids, *self.remembered_callers.room_ids})
        newest: dict[int, RoomVersions] = {}
        for some in in_batches(room_ids):
            newest |= await self.threads.run(partial(room_versions, room_ids=some))
        versions = {pk: found.presence_version for pk, found in newest.items()}
        known = {} if thoroughly else older
        changed = [pk for pk, version in versions.items() if known.get(pk) != version]
        # Before anybody is given what was said after they had been removed.
        await self._ask_about(changed)
        for room_id in room_ids:
            self._compare(room_id, newest.get(room_id))
        await self._look_at_mailboxes()
        self._versions = (newer, versions)

    def _compare(self, room_id: int, current: RoomVersions | None) -> None:
        """Have a room catch up with what the database says; None for gone."""
        if current is None:
            self.remembered_callers.drop_room(room_id)
        room = self.rooms.get(room_id)
        if room is None:
            return
        if current is None:
            self.rooms.end(room)
            return
        room.timeline.hear(current.position)
        if room.timeline.is_behind and room.waiters:
            self._wake(room)
        self.rooms.hear_people(room, current.presence_version)

    async def _look_at_mailboxes(self) -> None:
        mailboxes = {
            waiter.poll.session_pk
            for room in self.rooms
            for waiter in room.waiters
            if waiter.poll.kind is HintKind.PRESENCE
            and waiter.poll.session_pk is not None
        }
        for some in in_batches(sorted(mailboxes)):
            find = partial(sessions_with_queued_messages, session_pks=some)
            queued = await self.threads.run(find)
            for room in self.rooms:
                self.rooms.ring_mailboxes(room, queued)

    async def send_departed_away(self, room_id: int, doubted_at: int | None) -> None:
        """Send away whose session or place has ended, or all when the room is gone.

        Those who were removed are told of it first. A few queries a hint.
        """
        newest = await self.threads.run(partial(room_versions, room_ids=[room_id]))
        self._compare(room_id, newest.get(room_id))
        room = self.rooms.get(room_id)
        if room is not None and room.waking is not None:
            await asyncio.wait([room.waking])
        await self._ask_about([room_id])
        if doubted_at is not None:
            self.remembered_callers.trust(room_id, doubted_at)

    async def _ask_about(self, room_ids: Collection[int]) -> None:
        """Find who waits in rooms, or is remembered there, and should not any more."""
        found = [self.rooms.get(room_id) for room_id in room_ids]
        rooms = [room for room in found if room is not None]
        await self._find_departed(rooms)
        await self._find_lost(room_ids, rooms)

    async def _find_departed(self, rooms: Iterable[WaitedRoom]) -> None:
        """Ring those who wait with a session that has ended."""
        needed = {
            waiter: waiter.poll.session_pk
            for room in rooms
            for waiter in room.waiters
            if waiter.poll.needs_session
            and waiter.poll.session_pk is not None
            and not waiter.is_over
        }
        ended = await self._ended(set(needed.values()))
        self.rooms.send_away([waiter for waiter, pk in needed.items() if pk in ended])

    async def _find_lost(
        self, room_ids: Iterable[int], rooms: Iterable[WaitedRoom]
    ) -> None:
        """Send those away who have lost their place, and forget whom to ask again.

        To be asked again are those and, of the callers who are remembered of
        `room_ids`, who has lost one of the sessions they are there with.
        """
        callers = self.remembered_callers.callers(room_ids)
        waiters = [waiter for room in rooms for waiter in room.waiters]
        waiting = {waiter.poll.participant_pk for waiter in waiters}
        lost: set[int] = set()
        for some in in_batches(sorted(waiting.union(callers))):
            lost |= await self.threads.run(partial(participants_without_access, some))
        lost_waiters = [one for one in waiters if one.poll.participant_pk in lost]
        self.rooms.send_away(lost_waiters)
        ended = await self._ended({pk for pks in callers.values() for pk in pks})
        if ended:
            lost |= {pk for pk in callers if not ended.isdisjoint(callers[pk])}
        self.remembered_callers.drop_participants(lost)

    async def _ended(self, sessions: Collection[int]) -> set[int]:
        ended: set[int] = set()
        for some in in_batches(sorted(sessions)):
            ended |= await self.threads.run(partial(ended_sessions, pks=some))
        return ended

    async def ping_all(self) -> None:
        """Note that the sessions of all waiters are there."""
        now = self._pinged_at = self._loop.time()
        remembered_callers = {
            id(waiter.remembered): waiter.remembered
            for room in self.rooms
            for waiter in room.waiters
        }
        pks = sorted(
            {
                pk
                for remembered in remembered_callers.values()
                for pk in remembered.caller.session_pks
            }
        )
        await self.presence.write(pings=pks, mark=None)
        for remembered in remembered_callers.values():
            remembered.pinged_at = now

    async def reap(self) -> None:
        """Remove what has ended without a farewell, if it is this process's turn."""
        await self.threads.run(reap)

    async def log(self) -> None:
        """Log what this process has done and has to do."""
        log_line(self)

    async def tidy(self) -> None:
        """Forget rooms that nobody waits for, old messages, and callers who stay away."""
        self.rooms.tidy()
        self.remembered_callers.drop_expired()

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


def _hear_error(task: asyncio.Task[None]) -> None:
    """Have a task's error count as noticed; whoever wants to know awaits the task."""
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.debug("A room could not be read", exc_info=error)


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


def any_hub() -> Hub | None:
    """Return the hub of this process, whichever thread asks; None if there is none."""
    return next((hub for hub in _hubs.values() if not hub.is_stopped), None)


async def stop_hub() -> None:
    """Stop the hub of the running event loop; polls that come later are sent away."""
    hub = _hubs.get(asyncio.get_running_loop())
    if hub is not None:
        await hub.stop()
