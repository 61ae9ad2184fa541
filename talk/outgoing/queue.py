"""The queue of what is to leave this process, emptied by threads of its own."""

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
"""One slow delivery does not hold up the next."""

PAUSES = (1.0, 10.0, 60.0)
"""Seconds before another try; the last one before all that follow."""

FLUSH_AT_EXIT_SECONDS = 10.0
"""What a process that ends gives its last deliveries."""


class Undeliverable(Exception):
    """What was to be sent is not wanted, and would not be if it were tried again."""


@dataclass(frozen=True)
class Delivery:
    """Something to be sent. `name` says in the log what it is; `send` may block.

    `is_once` forbids another try after an error: part of it may have been sent.
    """

    name: str
    send: Callable[[], object]
    is_once: bool = False


class OutgoingQueue(BackgroundThreads):
    """Sends deliveries in the order they came, from few threads, and tries again.

    What fails is logged and never heard of by the request that caused it. Threads
    start when there is something to send.
    """

    def __init__(
        self,
        *,
        name: str = "talk-outgoing",
        threads: int | None = None,
        pauses: Sequence[float] = (),
        tries: int | None = None,
    ) -> None:
        """Make a queue; what is not given is as for mails.

        With one thread, what is put later is never sent earlier: it waits also for
        the tries of what went before.
        """
        super().__init__(name=name)
        self._given_threads = threads
        self._given_pauses = pauses
        self._given_tries = tries

    def _reset(self) -> None:
        """Start without threads and deliveries."""
        super()._reset()
        self._deliveries: queue.Queue[Delivery] = queue.Queue()
        self._unsent = 0
        self._is_ending = threading.Event()

    def put(self, delivery: Delivery) -> bool:
        """Send something soon; False when too much waits already, which is logged."""
        with self._lock:
            if self._unsent >= talk_settings().OUTGOING_QUEUE_MAX:
                logger.error("Too much waits to be sent; dropped %s", delivery.name)
                return False
            self._unsent += 1
            self._is_idle.clear()
            if self._thread_count < min(self._given_threads or THREADS, self._unsent):
                self._start_thread()
        self._deliveries.put(delivery)
        return True

    def end(self) -> None:
        """Give what is left one last try and a little time, before the process ends."""
        self._is_ending.set()
        if not self.flush(FLUSH_AT_EXIT_SECONDS):
            logger.error("%s deliveries were not sent", self._unsent)

    def _work(self) -> None:
        while True:
            self._deliver(self._deliveries.get())
            # Deliveries are rare, and nobody else looks after this thread's ones.
            connections.close_all()
            with self._lock:
                self._unsent -= 1
                if not self._unsent:
                    self._is_idle.set()

    def _deliver(self, delivery: Delivery) -> None:
        tries = self._given_tries or talk_settings().OUTGOING_TRIES
        tries = 1 if delivery.is_once else tries
        pauses = self._given_pauses or PAUSES
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
