"""A queue of deliveries, which background threads send."""

from __future__ import annotations

import atexit
import logging
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import connections

from talk.conf import talk_settings
from talk.utils.background_threads import BackgroundThreads

logger = logging.getLogger("talk.outgoing")

THREADS = 2
"""Threads of a queue; with more than one, a slow delivery does not delay the next."""

PAUSES = (1.0, 10.0, 60.0)
"""Seconds before the next attempts; the last one is used for all further attempts."""

FLUSH_AT_EXIT_SECONDS = 10.0
"""Time that an ending process gives its last deliveries."""


class Undeliverable(Exception):
    """A delivery was refused, and would be refused again."""


@dataclass(frozen=True)
class Delivery:
    """Something to send. `name` describes it in the log; `send` may block.

    `is_once` forbids a second attempt after an error, because a part of it may have
    been sent.
    """

    name: str
    send: Callable[[], object]
    is_once: bool = False


class OutgoingQueue(BackgroundThreads):
    """Sends deliveries in order, from a few threads, with several attempts each.

    Failures are logged and do not reach the request that caused the delivery.
    """

    def __init__(
        self,
        *,
        name: str = "talk-outgoing",
        threads: int | None = None,
        pauses: Sequence[float] = (),
        tries: int | None = None,
    ) -> None:
        """Create a queue; by default, with the values for mails.

        With one thread, the order is strict: a delivery also waits for all attempts of
        the deliveries before it.
        """
        super().__init__(name=name)
        self._max_threads = threads
        self._pauses = pauses
        self._tries = tries

    def _reset(self) -> None:
        """Start without threads and deliveries."""
        super()._reset()
        self._deliveries: queue.Queue[Delivery] = queue.Queue()
        self._unsent = 0
        self._is_ending = threading.Event()

    def put(self, delivery: Delivery) -> bool:
        """Queue a delivery; log an error and return False if the queue is full."""
        with self._lock:
            if self._unsent >= talk_settings().OUTGOING_QUEUE_MAX:
                logger.error("The outgoing queue is full: dropped %s", delivery.name)
                return False
            self._unsent += 1
            self._is_idle.clear()
            if self._thread_count < min(self._max_threads or THREADS, self._unsent):
                self._start_thread()
        self._deliveries.put(delivery)
        return True

    def end(self) -> None:
        """Make one last attempt for all deliveries before the process ends.

        Waits for at most `FLUSH_AT_EXIT_SECONDS`.
        """
        self._is_ending.set()
        if not self.flush(FLUSH_AT_EXIT_SECONDS):
            logger.error("%s deliveries were not sent", self._unsent)

    def _work(self) -> None:
        while True:
            self._deliver(self._deliveries.get())
            # Deliveries are rare, and nothing else closes this thread's connections.
            connections.close_all()
            with self._lock:
                self._unsent -= 1
                if not self._unsent:
                    self._is_idle.set()

    def _deliver(self, delivery: Delivery) -> None:
        tries = self._tries or talk_settings().OUTGOING_TRIES
        tries = 1 if delivery.is_once else tries
        pauses = self._pauses or PAUSES
        for number in range(1, tries + 1):
            try:
                delivery.send()
            except Undeliverable as error:
                logger.error("Could not send %s: %s", delivery.name, error)
                return
            except Exception:
                if number == tries or self._is_ending.is_set():
                    logger.exception("Could not send %s", delivery.name)
                    return
                logger.warning("Will try again: %s", delivery.name, exc_info=True)
                self._is_ending.wait(pauses[min(number, len(pauses)) - 1])
            else:
                return


outgoing = OutgoingQueue()
atexit.register(outgoing.end)
