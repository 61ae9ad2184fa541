"""How long it takes until many participants who join a room at once have joined."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from tests.benchmarks.connections import connect, request
from tests.benchmarks.load import Servers, summary
from tests.benchmarks.sizes import Sizes
from tests.benchmarks.subjects import Bench


def cases(sizes: Sizes) -> list[Any]:
    """Return the number of participants."""
    return [sizes.storm]


def label(case: Any) -> str:
    """Return the name of a case."""
    return f"{case:,} people enter one room"


def measure(bench: Bench, case: Any) -> dict[str, float]:
    """Measure one server."""
    (room,) = bench.site.crowd(rooms=1, people=case, are_in=False)
    cookies = [one["cookie"] for one in room["people"]]
    return bench.generate("storm", token=room["token"], cookies=cookies)


async def generate(
    servers: Servers, token: str, cookies: list[str]
) -> dict[str, float]:
    """Let all participants join."""
    connections = await connect(servers.addresses, len(cookies))
    path = f"/room/{token}/participants/active"
    servers.meter.start()
    begin = time.perf_counter()
    answers = await asyncio.gather(
        *(
            connection.ask(request("POST", path, cookie))
            for connection, cookie in zip(connections, cookies, strict=True)
        )
    )
    servers.meter.stop()
    entered = [answer for answer in answers if answer.status == 200]
    return {
        "seconds": servers.meter.seconds,
        **summary([answer.moment - begin for answer in entered]),
        "cpu_ms_per_request": servers.meter.server_cpu / len(answers) * 1000,
        "generator_cpu_%": servers.meter.own_share,
        "entered": len(entered),
        "refused": len(answers) - len(entered),
        "doubled": len(entered) - len({answer.data["sessionId"] for answer in entered}),
    }
