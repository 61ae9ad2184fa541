"""The process that generates the load, separate from the servers."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from functools import partial
from typing import Any

from tests.benchmarks.connections import hang_up
from tests.benchmarks.families import FAMILIES
from tests.benchmarks.load import Servers
from tests.benchmarks.workers import serve


def generate(family: str, addresses: list[Any], pids: list[int], **job: Any) -> Any:
    """Generate the load of a family and return the figures."""
    gc.disable()  # its pauses would be attributed to the servers
    servers = Servers([(host, port) for host, port in addresses], pids)
    return asyncio.run(_generate(family, servers, **job))


async def _generate(family: str, servers: Servers, **job: Any) -> Any:
    try:
        return await FAMILIES[family].generate(servers, **job)
    finally:
        await hang_up()


def main() -> None:
    """Serve the requests to this process."""
    loads: dict[str, Callable[..., Any]] = {
        name: partial(generate, name) for name in FAMILIES
    }
    serve(loads)


if __name__ == "__main__":
    main()
