"""The site's cache, which Talk can do without while it does not answer.

The cache holds counters of attempts. No request should fail because the cache is down,
so each access names a replacement for that time.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from django.core.cache import caches
from django.core.cache.backends.base import BaseCache

from talk.conf import talk_settings
from talk.utils.rate_limited_log import RateLimitedLog

T = TypeVar("T")

logger = logging.getLogger("talk.cache")

PAUSE_SECONDS = 5.0
"""Time for which a cache is not used after an error, so that the next requests do not
wait for its timeout too, and attempts are not counted in two places by turns."""

NEVER = float("-inf")


class Outage:
    """Remembers in this process whether the cache has just failed."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until = NEVER
        self._warnings = RateLimitedLog(logger, clock=clock)

    @property
    def is_on(self) -> bool:
        """Whether the cache is not to be used for now."""
        return self._clock() < self._until

    def note(self, error: Exception) -> None:
        """Stop using the cache for a while, and log a warning at most once a minute."""
        self._until = self._clock() + PAUSE_SECONDS
        self._warnings.log(
            logging.WARNING,
            "The cache %r does not answer (%s: %s). Until it does, each process "
            "counts attempts separately.",
            talk_settings().CACHE,
            type(error).__name__,
            error,
        )

    def forget(self) -> None:
        """Use the cache again."""
        self._until = NEVER
        self._warnings.reset()


outage = Outage()


def ask_cache(question: Callable[[BaseCache], T], *, otherwise: Callable[[], T]) -> T:
    """Return the result of `question`, or of `otherwise` while the cache is down.

    Exceptions of `question` count as errors of the cache, so it must only use the cache.
    """
    if outage.is_on:
        return otherwise()
    try:
        return question(caches[talk_settings().CACHE])
    except Exception as error:  # noqa: BLE001 - clients of caches raise many classes
        outage.note(error)
    return otherwise()
