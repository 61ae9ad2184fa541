"""The hub: the life cycle of everything that waits on one event loop.

One hub serves one event loop, in practice one process. It alone is a member of the
channel layer, whatever the number of waiting clients. A hint makes it read the news of a
waited room, once, and give it to all waiters there. Every few seconds one query for all
waited rooms finds what a lost hint would have told.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import Any

from channels.layers import InMemoryChannelLayer, get_channel_layer

from talk import hints
from talk.conf import talk_settings
from talk.domain.events import add_comment_listener, remove_comment_listener
from talk.realtime import metrics
from talk.realtime.background import BackgroundTasks
from talk.realtime.database import Database
from talk.realtime.database_threads import DatabaseThreads
from talk.realtime.drain import DrainOnSignal
from talk.realtime.gc_tuning import freeze_startup_objects
from talk.realtime.hint_dispatcher import HintDispatcher
from talk.realtime.outcomes import Outcome
from talk.realtime.presence import WaiterPresence
from talk.realtime.presence_batches import PresenceBatches
from talk.realtime.reaper import reap
from talk.realtime.reconciler import Reconciler
from talk.realtime.remembered_callers import RememberedCallers
from talk.realtime.request_keys import RequestKeys
from talk.realtime.requests_in_flight import RequestsInFlight
from talk.realtime.subscription import Subscription
from talk.realtime.waited_rooms import IDLE_SECONDS, WaitedRooms
from talk.realtime.waking import RoomWaker

logger = logging.getLogger("talk.hub")

STOP_SECONDS = 5.0
"""How long a hub that stops waits until its polls are answered."""


class Hub:
    """Everything that waits on one event loop. Use `current_hub` to get it.

    Call its methods on that loop.
    """

    def __init__(self, database: Database | None = None) -> None:
        settings = talk_settings()
        database = database or Database()
        count, max_age = settings.POLL_THREADS, settings.POLL_CONNECTION_MAX_AGE_SECONDS
        self.admission_threads = DatabaseThreads(count, max_age)
        """Identify callers, which may mean to hash a password."""
        self.threads = DatabaseThreads(count, max_age)
        """Do all other work, so that slow admissions do not delay a wake-up."""
        self.is_draining = False
        self.is_stopped = False
        self.requests_in_flight = RequestsInFlight()
        self._loop = asyncio.get_running_loop()
        self.background = BackgroundTasks(self._loop)
        self.request_keys = RequestKeys()
        self.remembered_callers = RememberedCallers(settings.POLL_MEMORY_SECONDS)
        self.rooms = WaitedRooms(self.threads, database)
        self.waker = RoomWaker(self.rooms, self.threads)
        self._batches = PresenceBatches(self.threads, database)
        self.presence = WaiterPresence(self.rooms, self.waker, self._batches)
        self.reconciler = Reconciler(
            self.rooms, self.remembered_callers, self.waker, self.threads, database
        )
        self.dispatcher = HintDispatcher(
            self.rooms,
            self.remembered_callers,
            self.waker,
            self.reconciler,
            self.background,
        )
        self._drain_on_signal = DrainOnSignal(self._loop, self.drain)

    def start(self) -> None:
        """Listen to hints and start the periodic work."""
        settings = talk_settings()
        if settings.TUNE_GC:
            freeze_startup_objects()
        add_comment_listener(self.dispatcher.add_written)
        hints.add_listener(self.dispatcher.dispatch_threadsafe)
        self._drain_on_signal.install()
        repeat = self.background.repeat
        repeat(settings.POLL_RECONCILE_SECONDS, self.reconciler.reconcile_on_schedule)
        repeat(settings.POLL_PING_SECONDS, self.presence.ping_all)
        repeat(settings.REAPER_SECONDS, partial(self.threads.run, reap))
        repeat(IDLE_SECONDS, self.drop_unused)
        if settings.METRICS_LOG_SECONDS:
            repeat(settings.METRICS_LOG_SECONDS, self.log_metrics)
        layer = get_channel_layer(settings.CHANNEL_LAYER)
        # `dispatch_threadsafe` gets all hints that an in-memory layer could carry.
        if layer is not None and not isinstance(layer, InMemoryChannelLayer):
            subscription = Subscription(
                layer,
                dispatch=self.dispatcher.dispatch,
                catch_up=self.reconciler.reconcile_after_gap,
            )
            self.background.run_forever(subscription.run())

    async def stop(self) -> None:
        """Answer all polls and end all work of the hub."""
        self.drain()
        self.stop_listening()
        await self.background.cancel()
        if not await self.requests_in_flight.wait_for_all(STOP_SECONDS):
            logger.warning(
                "%s polls were still unanswered", self.requests_in_flight.count
            )
        self.is_stopped = True
        await asyncio.to_thread(self.admission_threads.close)
        await asyncio.to_thread(self.threads.close)

    def stop_listening(self) -> None:
        """Listen to hints and signals no longer; enough for a loop that has ended."""
        self._drain_on_signal.restore()
        hints.remove_listener(self.dispatcher.dispatch_threadsafe)
        remove_comment_listener(self.dispatcher.add_written)

    def drain(self) -> None:
        """Answer all polls now, and later ones without waiting."""
        self.is_draining = True
        for room in self.rooms:
            self.rooms.end_polls(room.waiters, Outcome.DRAINED)

    async def drop_unused(self) -> None:
        """Drop idle rooms, old messages and expired callers."""
        self.rooms.drop_idle()
        self.remembered_callers.drop_expired()

    async def log_metrics(self) -> None:
        """Log what this process has done and has to do."""
        metrics.log_line(self.gauges())

    def gauges(self) -> dict[str, int]:
        """Return the present sizes that `metrics.snapshot` shows, by name."""
        return {
            "waiters": self.rooms.waiter_count,
            "rooms": len(self.rooms),
            "callers": len(self.remembered_callers),
            "admissions_queue": self.admission_threads.queue_length,
            "database_queue": self.threads.queue_length,
            "presence_queue": self._batches.size,
        }


_hubs: dict[asyncio.AbstractEventLoop, Hub] = {}


def current_hub() -> Hub:
    """Return the hub of the running event loop; start it if there is none."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        for closed in [other for other in _hubs if other.is_closed()]:
            _hubs.pop(closed).stop_listening()
        hub = _hubs[loop] = Hub()
        hub.start()
    return _hubs[loop]


async def stop_hub() -> None:
    """Stop the hub of the running event loop; later polls get a 503."""
    hub = _hubs.get(asyncio.get_running_loop())
    if hub is not None:
        await hub.stop()


def snapshot() -> dict[str, Any]:
    """Return what this process has done and has to do; see `metrics.snapshot`.

    May be called in any thread.
    """
    hub = next((hub for hub in _hubs.values() if not hub.is_stopped), None)
    return metrics.snapshot(hub.gauges() if hub is not None else {})
