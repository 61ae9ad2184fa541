"""Requests that several clients repeat for some time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

from tests.benchmarks.connections import Answer, Connection
from tests.benchmarks.load import Servers, summary


class Repeated:
    """Each client sends its next request as soon as it has a response."""

    def __init__(self, servers: Servers) -> None:
        self._servers = servers
        self.delays: list[float] = []
        self.answers: list[Answer] = []

    async def run(
        self,
        connections: Sequence[Connection],
        make: Callable[[int, int], bytes],
        seconds: float,
    ) -> None:
        """Send requests for some time; `make` gets the numbers of client and request."""
        meter = self._servers.meter
        meter.start()
        end = time.perf_counter() + seconds
        async with asyncio.TaskGroup() as group:
            for number, connection in enumerate(connections):
                group.create_task(self._repeat(connection, number, make, end))
        meter.stop()

    async def _repeat(
        self,
        connection: Connection,
        client: int,
        make: Callable[[int, int], bytes],
        end: float,
    ) -> None:
        number = 0
        while (begin := time.perf_counter()) < end or number == 0:
            answer = await connection.ask(make(client, number))
            self.delays.append(answer.moment - begin)
            self.answers.append(answer)
            number += 1

    def report(self, status: int) -> dict[str, float]:
        """Return the figures; responses with another status are errors."""
        meter = self._servers.meter
        return {
            "per_second": len(self.answers) / meter.seconds,
            **summary(self.delays),
            "cpu_ms_per_request": meter.server_cpu / len(self.answers) * 1000,
            "server_cpu_%": meter.server_share,
            "generator_cpu_%": meter.own_share,
            "machine_cpu_%": meter.machine_share,
            "errors": sum(answer.status != status for answer in self.answers),
        }
