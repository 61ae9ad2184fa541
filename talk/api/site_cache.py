"""The site's cache, which may be away while everything else works.

What Talk keeps there makes it stricter or faster, and no request is worth failing for
it: whoever asks the cache says what counts while it does not answer.
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
"""How long a cache that failed is left alone: the next request shall not wait for its
time-out too, and attempts shall not be counted here and there in turn."""

NEVER = float("-inf")


class Outage:
    """Whether the cache has failed a moment ago, as far as this process knows."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until = NEVER
        self._warnings = RateLimitedLog(logger, clock=clock)

    @property
    def is_on(self) -> bool:
        """Whether the cache is to be left alone for now."""
        return self._clock() < self._until

    def note(self, error: Exception) -> None:
        """Leave the cache alone for a while, and warn if that was long ago."""
        self._until = self._clock() + PAUSE_SECONDS
        self._warnings.log(
            logging.WARNING,
            "The cache %r does not answer (%s: %s). Meanwhile attempts are counted in "
            "each process apart.",
            talk_settings().CACHE,
            type(error).__name__,
            error,
        )

    def forget(self) -> None:
        """Take it that the cache has never failed."""
        self._until = NEVER
        self._warnings.reset()


outage = Outage()


def ask_cache(question: Callable[[BaseCache], T], *, otherwise: Callable[[], T]) -> T:
    """Return the site's cache's answer to a question, or what counts while it is away.

    What it raises is never passed on, so `question` must do nothing but ask.
    """
    if outage.is_on:
        return otherwise()
    try:
        return question(caches[talk_settings().CACHE])
    except Exception as error:  # noqa: BLE001 - whatever the client of a cache raises
        outage.note(error)
    return otherwise()
