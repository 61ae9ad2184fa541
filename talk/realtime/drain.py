"""Draining on signals, because servers announce their shutdown too late.

uvicorn, for example, ends its lifespan only after all requests have ended, so polls would
delay every restart by their timeout. The signal itself comes in time.
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
    """Calls `drain` on the loop when the process gets a signal to stop.

    Calls the previous handler of the signal, the server's, afterwards.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, drain: Callable[[], None]
    ) -> None:
        self._loop = loop
        self._drain = drain
        self._previous: dict[int, Any] = {}

    def install(self) -> None:
        """Install the handlers. Do nothing outside the main thread, which alone may do it."""
        if threading.current_thread() is not threading.main_thread():
            return
        for number in SIGNALS:
            previous = signal.getsignal(number)
            if callable(previous):
                # Without a handler the signal ends the process, and shall do so.
                self._previous[number] = previous
                signal.signal(number, self._handle)

    def restore(self) -> None:
        """Restore the previous handlers, unless others have been installed since."""
        for number, previous in self._previous.items():
            if signal.getsignal(number) == self._handle:
                signal.signal(number, previous)
        self._previous.clear()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._drain)
        self._previous[number](number, frame)
