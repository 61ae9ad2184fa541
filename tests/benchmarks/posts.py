"""How many messages a second several senders can post, each to its own room."""

from __future__ import annotations

from typing import Any

from tests.benchmarks.connections import connect, request
from tests.benchmarks.load import Servers, Waiter, compare, open_waiters, until
from tests.benchmarks.repeated import Repeated
from tests.benchmarks.sizes import Sizes
from tests.benchmarks.subjects import Bench

WARM_UP_SECONDS = 0.5


def cases(sizes: Sizes) -> list[Any]:
    """Return the numbers of senders and waiters."""
    return [[sizes.senders, hearers] for hearers in sizes.hearers]


def label(case: Any) -> str:
    """Return the name of a case."""
    return f"{case[0]} senders, {case[1]} waiters in their rooms"


def measure(bench: Bench, case: Any) -> dict[str, float]:
    """Measure one server."""
    made = bench.site.crowd(rooms=case[0], people=case[1])
    return bench.generate("posts", rooms=made, seconds=bench.sizes.seconds)


async def generate(
    servers: Servers, rooms: list[dict[str, Any]], seconds: float
) -> dict[str, float]:
    """Let the writers of the rooms post while others poll these rooms."""
    waiters = await open_waiters(servers, rooms)
    connections = await connect(servers.addresses, len(rooms))

    def make(client: int, number: int) -> bytes:
        room = rooms[client]
        path, cookie = f"/chat/{room['token']}", room["writer"]["cookie"]
        return request("POST", path, cookie, {"message": f"message {number}"})

    warm_up, repeated = Repeated(servers), Repeated(servers)
    await warm_up.run(connections, make, WARM_UP_SECONDS)
    servers.meter.reset()
    await repeated.run(connections, make, seconds)
    said: dict[str, list[int]] = {}
    for answer in warm_up.answers + repeated.answers:
        if answer.status == 201:
            said.setdefault(answer.data["token"], []).append(answer.data["id"])
    await until(lambda: all(_newest(waiter, said) for waiter in waiters))
    figures, counts = repeated.report(201), compare(waiters, said)
    counts["errors"] += int(figures["errors"])
    return {**figures, **counts}


def _newest(waiter: Waiter, said: dict[str, list[int]]) -> bool:
    """Whether a waiter has received the newest message of its room."""
    return waiter.known >= max(said.get(waiter.token, [0]))
