"""The memory and CPU time of a server while its clients only wait."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.benchmarks.load import Servers, open_waiters, start_waiters
from tests.benchmarks.sizes import Sizes
from tests.benchmarks.subjects import Bench

ROOM_SIZE = 50

WARM_UP = 4
"""Number of polls after which a server has loaded all modules it needs."""

ARRIVALS = 400
"""New clients per second; above that, servers refuse some because of full queues."""

ENOUGH = 0.98
"""Fraction of clients that must wait: while the last arrive, the first poll again."""

SETTLE_SECONDS = 2
"""Time in which the last clients arrive."""


def cases(sizes: Sizes) -> list[Any]:
    """Return the numbers of waiters."""
    return list(sizes.idle)


def label(case: Any) -> str:
    """Return the name of a case."""
    return f"{case:,} waiters, rooms of {ROOM_SIZE}"


def measure(bench: Bench, case: Any) -> dict[str, float] | None:
    """Measure one server; None if it would take too long."""
    if case > bench.waiters_max:
        return None
    made = bench.site.crowd(rooms=max(case // ROOM_SIZE, 1), people=case)
    return bench.generate("idle", rooms=made, seconds=bench.sizes.idle_seconds)


async def generate(
    servers: Servers, rooms: list[dict[str, Any]], seconds: float
) -> dict[str, float]:
    """Let all participants wait without news."""
    before = servers.meter.memory()
    few = [{**room, "people": room["people"][:1]} for room in rooms[:WARM_UP]]
    for waiter in await open_waiters(servers, few, timeout=2):
        waiter.close()
    await servers.until_waiting(0)
    warm = servers.meter.memory()
    within = sum(len(room["people"]) for room in rooms) / ARRIVALS
    waiters = await start_waiters(servers, rooms, within=within)
    await servers.until_waiting(int(ENOUGH * len(waiters)), len(waiters))
    await asyncio.sleep(SETTLE_SECONDS)
    polls = sum(waiter.polls for waiter in waiters)
    servers.meter.start()
    await asyncio.sleep(seconds)
    servers.meter.stop()
    grown = servers.meter.memory() - warm
    return {
        "server_mib": before / 2**20,
        "kib_per_waiter": grown / 1024 / len(waiters),
        "server_cpu_%": servers.meter.server_share,
        "generator_cpu_%": servers.meter.own_share,
        "repolls": sum(waiter.polls for waiter in waiters) - polls,
        "errors": sum(waiter.errors for waiter in waiters),
    }
