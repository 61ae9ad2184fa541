"""The time from a POST of internal signaling to the response of the other session's poll."""

from __future__ import annotations

import json
import time
from typing import Any

from tests.benchmarks.connections import Answer, connect, request
from tests.benchmarks.load import Servers, summary
from tests.benchmarks.sizes import Sizes
from tests.benchmarks.subjects import Bench


def cases(sizes: Sizes) -> list[Any]:
    """Return the number of sessions."""
    return [2]


def label(case: Any) -> str:
    """Return the name of a case."""
    return f"{case} sessions"


def measure(bench: Bench, case: Any) -> dict[str, float]:
    """Measure one server."""
    (room,) = bench.site.crowd(rooms=1, people=case)
    return bench.generate("signaling", room=room, seconds=bench.sizes.seconds)


async def generate(
    servers: Servers, room: dict[str, Any], seconds: float
) -> dict[str, float]:
    """Let one session send to the other whenever the other waits."""
    path = f"/signaling/{room['token']}"
    sender, recipient = room["people"]
    post, poll = await connect(servers.addresses, 2)
    ask = request("GET", path, recipient["cookie"])
    # The first response lists the sessions.
    await poll.ask(ask)
    delays: list[float] = []
    heard: list[Answer] = []
    servers.meter.start()
    end = time.monotonic() + seconds
    while not delays or time.monotonic() < end:
        waiting = poll.ask(ask)
        await servers.until_waiting(1)
        begin = time.perf_counter()
        form = _form(sender["session"], recipient["session"], len(delays))
        await post.ask(request("POST", path, sender["cookie"], form))
        heard.append(await waiting)
        delays.append(heard[-1].moment - begin)
    servers.meter.stop()
    numbers = [number for answer in heard for number in _numbers(answer)]
    return {
        **summary(delays),
        "cpu_ms_per_request": servers.meter.server_cpu / len(delays) * 1000,
        "generator_cpu_%": servers.meter.own_share,
        "delivered": len(set(numbers)),
        "lost": len(delays) - len(set(numbers)),
        "doubled": len(numbers) - len(set(numbers)),
        "disordered": int(numbers != sorted(numbers)),
    }


def _form(sender: str, recipient: str, number: int) -> dict[str, str]:
    payload = json.dumps({"to": recipient, "type": "candidate", "sid": number})
    element = {"ev": "message", "sessionId": sender, "fn": payload}
    return {"messages": json.dumps([element])}


def _numbers(answer: Answer) -> list[int]:
    """Return the numbers of the messages in a response."""
    return [
        json.loads(one["data"])["sid"]
        for one in answer.data or ()
        if one["type"] == "message"
    ]
