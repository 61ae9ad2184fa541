"""How long after a POST of internal signaling the recipient's waiting poll has it."""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import time
from typing import Any

from tests.benchmarks.setting import benchmark_site


async def measure(server: Any, token: str, rounds: int) -> None:
    """Let two guests join, and one send to the other while that one waits."""
    from tests.servers import BASE, open_client, until_waiting

    delays = []
    async with open_client(server) as sender, open_client(server) as recipient:
        ids = []
        for client in (sender, recipient):
            joined = await client.post(f"{BASE}/room/{token}/participants/active")
            ids.append(joined.json()["ocs"]["data"]["sessionId"])
        # The first answer tells who is there.
        await recipient.get(f"{BASE}/signaling/{token}")
        for number in range(rounds):
            waiting = asyncio.create_task(recipient.get(f"{BASE}/signaling/{token}"))
            await until_waiting(server, 1)
            payload = json.dumps({"to": ids[1], "type": "candidate", "sid": number})
            element = {"ev": "message", "sessionId": ids[0], "fn": payload}
            start = time.perf_counter()
            await sender.post(
                f"{BASE}/signaling/{token}", data={"messages": json.dumps([element])}
            )
            await waiting
            delays.append((time.perf_counter() - start) * 1000)
    print(
        f"from POST to answer: median {statistics.median(delays):6.1f} ms   "
        f"worst {max(delays):6.1f} ms"
    )


def main() -> None:
    """Prepare a room and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    arguments = parser.parse_args()
    with benchmark_site():
        from tests import servers
        from tests.factories import RoomFactory

        token = RoomFactory().token
        server = servers.uvicorn_server()
        try:
            asyncio.run(measure(server, token, arguments.rounds))
        finally:
            server.kill()


if __name__ == "__main__":
    main()
