"""Pauses and timeouts that vary a little, so that processes and clients spread out."""

from __future__ import annotations

import asyncio
import random

JITTER = 0.2
"""Share by which a pause may be shorter."""

EARLY_MIN = 0.02
EARLY_MAX = 0.05
"""Shares of a poll's timeout by which its answer comes early: proxies and clients give
up at the full time, 60 s for many, and polls that begin together should not end so."""


async def jittered_sleep(seconds: float) -> None:
    """Sleep for about `seconds`, never longer."""
    await asyncio.sleep(seconds * random.uniform(1 - JITTER, 1))  # noqa: S311


def jittered_timeout(timeout: float) -> float:
    """Return how long a poll waits whose client asks for `timeout` seconds."""
    return timeout * (1 - random.uniform(EARLY_MIN, EARLY_MAX))  # noqa: S311
