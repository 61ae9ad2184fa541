"""Pauses that vary a little, so that processes and clients do not act in step."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

JITTER = 0.2
"""Share by which a pause may be shorter."""

EARLY_MIN = 0.02
EARLY_MAX = 0.05
"""Shares of a poll's timeout by which its answer comes early: proxies and clients give
up at the full time, 60 s for many, and polls that began together should not end so."""


async def pause(seconds: float) -> None:
    """Sleep for about `seconds`, never longer."""
    await asyncio.sleep(seconds * random.uniform(1 - JITTER, 1))  # noqa: S311


async def repeat(seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    """Do `work` about every `seconds` until cancelled.

    It must handle its own errors; one that escapes ends the repetition.
    """
    while True:
        await pause(seconds)
        await work()


def jitter(timeout: float) -> float:
    """Return how long a poll waits whose client asked for `timeout` seconds."""
    return timeout * (1 - random.uniform(EARLY_MIN, EARLY_MAX))  # noqa: S311
