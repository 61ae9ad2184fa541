"""Log lines about one trouble that lasts: at most one a minute."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

INTERVAL_SECONDS = 60.0
"""A service that stays down is logged this often, not at every attempt."""

NEVER = float("-inf")


class RateLimitedLog:
    """Writes to a logger at most once in `seconds`; safe for threads.

    Use one instance for each trouble, so that none hides another.
    """

    def __init__(
        self,
        logger: logging.Logger,
        *,
        seconds: float = INTERVAL_SECONDS,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._logger = logger
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._logged_at = NEVER

    def log(
        self,
        level: int,
        message: str,
        *arguments: object,
        error: BaseException | None = None,
    ) -> None:
        """Log a message, with the traceback of `error`, unless one was logged lately."""
        if self._is_due():
            self._logger.log(level, message, *arguments, exc_info=error, stacklevel=2)

    def reset(self) -> None:
        """Log the next message however short a time ago the last one was."""
        self._logged_at = NEVER

    def _is_due(self) -> bool:
        now = self._clock() if self._clock is not None else time.monotonic()
        with self._lock:
            if now - self._logged_at < self._seconds:
                return False
            self._logged_at = now
            return True
