"""Shutdown: servers wait for open requests before they tell us that they stop.

uvicorn, for one, ends its lifespan only after all requests have ended, so polls would
delay every restart by their whole timeout. The signal itself is what we listen to.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class DrainOnSignal:
    """Calls `drain` on the loop when the process is told to stop, then the server.

    The handler that was there before is called afterwards and restored at the end.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, drain: Callable[[], None]
    ) -> None:
        self._loop = loop
        self._drain = drain
        self._previous: dict[int, Any] = {}

    def install(self) -> None:
        """Take over the signals. Only the main thread may; elsewhere do nothing."""
        if threading.current_thread() is not threading.main_thread():
            return
        for number in SIGNALS:
            previous = signal.getsignal(number)
            if callable(previous):
                # Without one the process would end at once, and so it shall.
                self._previous[number] = previous
                signal.signal(number, self._handle)

    def restore(self) -> None:
        """Give the signals back, unless somebody has taken them over since."""
        for number, previous in self._previous.items():
            if signal.getsignal(number) == self._handle:
                signal.signal(number, previous)
        self._previous.clear()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._drain)
        self._previous[number](number, frame)
