"""The process that makes the load, so that no server shares its time."""

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
    """Put the load of a family on servers and return what was measured."""
    gc.disable()  # its pauses would be taken for the servers'
    servers = Servers([(host, port) for host, port in addresses], pids)
    return asyncio.run(_generate(family, servers, **job))


async def _generate(family: str, servers: Servers, **job: Any) -> Any:
    try:
        return await FAMILIES[family].generate(servers, **job)
    finally:
        await hang_up()


def main() -> None:
    """Do what the process is asked for."""
    loads: dict[str, Callable[..., Any]] = {
        name: partial(generate, name) for name in FAMILIES
    }
    serve(loads)


if __name__ == "__main__":
    main()
