"""The cost of a poll that finds nothing, waits, and is repeated."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.benchmarks.load import Servers, start_waiters, until
from tests.benchmarks.sizes import Sizes
from tests.benchmarks.subjects import Bench

ROOM_SIZE = 20

TIMEOUT = 1
"""Timeout of each poll in seconds."""

WARM_UP = 3
"""Polls of each client that are not counted, because the first ones need admission."""


def cases(sizes: Sizes) -> list[Any]:
    """Return the number of clients."""
    return [sizes.repoll]


def label(case: Any) -> str:
    """Return the name of a case."""
    return f"{case} clients, timeout {TIMEOUT}, rooms of {ROOM_SIZE}"


def measure(bench: Bench, case: Any) -> dict[str, float]:
    """Measure one server and the transactions of its database."""
    made = bench.site.crowd(rooms=max(case // ROOM_SIZE, 1), people=case)
    before = None if bench.is_kept else bench.site.commits()
    figures = bench.generate("repoll", rooms=made, seconds=2 * bench.sizes.seconds)
    polls = figures.pop("all_polls")
    if before is not None:
        bench.stop()  # so that its connections report their statistics
        figures["commits_per_poll"] = (bench.site.commits() - before) / polls
    return figures


async def generate(
    servers: Servers, rooms: list[dict[str, Any]], seconds: float
) -> dict[str, float]:
    """Let all participants poll with a short timeout; each poll waits, ends and is repeated.

    They start one after the other. Otherwise, a subject that ends polls exactly at their
    timeout would get all of them at the same moment each time, and a subject that varies
    the timeouts would not.
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
