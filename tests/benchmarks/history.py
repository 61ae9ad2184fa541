"""How long it takes to read the newest page of timelines of different lengths."""

from __future__ import annotations

from typing import Any

from tests.benchmarks.connections import connect, request
from tests.benchmarks.load import Servers
from tests.benchmarks.repeated import Repeated
from tests.benchmarks.sizes import Sizes
from tests.benchmarks.subjects import Bench

WARM_UP_SECONDS = 0.3


def cases(sizes: Sizes) -> list[Any]:
    """Return the numbers of messages."""
    return list(sizes.history)


def label(case: Any) -> str:
    """Return the name of a case."""
    return f"{case:,} messages"


def measure(bench: Bench, case: Any) -> dict[str, float] | None:
    """Measure one server; None if it has no database."""
    reader = bench.site.history(messages=case)
    if reader is None:
        return None
    path = f"/chat/{reader['token']}?lookIntoFuture=0&limit=100"
    job = {"path": path, "cookie": reader["cookie"], "seconds": bench.sizes.seconds / 2}
    return bench.generate("history", length=min(case, 100), **job)


async def generate(
    servers: Servers, path: str, cookie: str, seconds: float, length: int
) -> dict[str, float]:
    """Request one list repeatedly."""
    connections = await connect(servers.addresses, 1)
    asked = request("GET", path, cookie)
    await Repeated(servers).run(connections, lambda *_: asked, WARM_UP_SECONDS)
    servers.meter.reset()
    repeated = Repeated(servers)
    await repeated.run(connections, lambda *_: asked, seconds)
    last = repeated.answers[-1]
    figures = repeated.report(200)
    figures["kib"] = len(last.body) / 1024
    figures["lost"] = length - len(last.data or [])
    return figures
