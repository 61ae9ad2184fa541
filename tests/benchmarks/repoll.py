"""What a poll costs that finds nothing, waits, and is asked again."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.benchmarks.load import Servers, start_waiters, until
from tests.benchmarks.sizes import Sizes
from tests.benchmarks.subjects import Bench

ROOM_SIZE = 20

TIMEOUT = 1
"""Seconds that each poll waits."""

WARM_UP = 3
"""Polls of each client that are not counted: the first ones cost an admission."""


def cases(sizes: Sizes) -> list[Any]:
    """Return how many poll."""
    return [sizes.repoll]


def label(case: Any) -> str:
    """Return what a case is called."""
    return f"{case} clients, timeout {TIMEOUT}, rooms of {ROOM_SIZE}"


def measure(bench: Bench, case: Any) -> dict[str, float]:
    """Measure one server, and what its database has done for it."""
    made = bench.site.crowd(rooms=max(case // ROOM_SIZE, 1), people=case)
    before = None if bench.is_kept else bench.site.commits()
    figures = bench.generate("repoll", rooms=made, seconds=2 * bench.sizes.seconds)
    polls = figures.pop("all_polls")
    if before is not None:
        bench.stop()  # which has its connections tell what they have done
        figures["commits_per_poll"] = (bench.site.commits() - before) / polls
    return figures


async def generate(
    servers: Servers, rooms: list[dict[str, Any]], seconds: float
) -> dict[str, float]:
    """Let all people poll with a short timeout; each poll waits, ends and is repeated.

    They begin one after the other: what ends its polls to the moment would be asked by
    all at once again and again, and what spreads them a little would not.
    """
    waiters = await start_waiters(servers, rooms, within=TIMEOUT, timeout=TIMEOUT)
    await until(lambda: all(one.polls > WARM_UP or one.errors for one in waiters))
    before = sum(waiter.polls for waiter in waiters)
    servers.meter.start()
    await asyncio.sleep(seconds)
    servers.meter.stop()
    total = sum(waiter.polls for waiter in waiters)
    return {
        "cpu_us_per_poll": servers.meter.server_cpu / max(total - before, 1) * 1e6,
        "polls_per_second": (total - before) / servers.meter.seconds,
        "server_cpu_%": servers.meter.server_share,
        "generator_cpu_%": servers.meter.own_share,
        "all_polls": total,
        "errors": sum(waiter.errors for waiter in waiters),
    }
