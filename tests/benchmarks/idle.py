"""What a server holds and does while its clients only wait."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.benchmarks.load import Servers, open_waiters, start_waiters
from tests.benchmarks.sizes import Sizes
from tests.benchmarks.subjects import Bench

ROOM_SIZE = 50

WARM_UP = 4
"""Polls after which a server has loaded what it needs for one."""

ARRIVALS = 400
"""People who come in a second; more than wait to be admitted at once are sent away."""

ENOUGH = 0.98
"""Where it takes long until all have come, the first ones come again meanwhile."""

SETTLE_SECONDS = 2
"""Until the last ones have come as well."""


def cases(sizes: Sizes) -> list[Any]:
    """Return how many wait."""
    return list(sizes.idle)


def label(case: Any) -> str:
    """Return what a case is called."""
    return f"{case:,} waiters, rooms of {ROOM_SIZE}"


def measure(bench: Bench, case: Any) -> dict[str, float] | None:
    """Measure one server, unless it would take too long."""
    if case > bench.waiters_max:
        return None
    made = bench.site.crowd(rooms=max(case // ROOM_SIZE, 1), people=case)
    return bench.generate("idle", rooms=made, seconds=bench.sizes.idle_seconds)


async def generate(
    servers: Servers, rooms: list[dict[str, Any]], seconds: float
) -> dict[str, float]:
    """Let all people wait for nothing."""
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
