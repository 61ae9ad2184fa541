"""The cost of the list of rooms for a user with many rooms."""

from __future__ import annotations

from typing import Any

from tests.benchmarks import history
from tests.benchmarks.load import Servers
from tests.benchmarks.sizes import Sizes
from tests.benchmarks.subjects import Bench

MEMBERS = (3, 20)


def cases(sizes: Sizes) -> list[Any]:
    """Return the numbers of rooms and of participants in each."""
    return [[rooms, members] for rooms in sizes.rooms for members in MEMBERS]


def label(case: Any) -> str:
    """Return the name of a case."""
    return f"{case[0]:,} rooms of {case[1]}"


def measure(bench: Bench, case: Any) -> dict[str, float] | None:
    """Measure one server; None if it has no database."""
    rooms, members = case
    reader = bench.site.lists(rooms=rooms, members=members)
    if reader is None:
        return None
    job = {"path": "/room", "cookie": reader["cookie"], "seconds": bench.sizes.seconds}
    return bench.generate("rooms", length=rooms, **job)


async def generate(servers: Servers, **job: Any) -> dict[str, float]:
    """Request the list repeatedly."""
    return await history.generate(servers, **job)
