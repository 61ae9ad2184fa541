"""How long after a post those who wait for it have it, and how fast posts are."""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from contextlib import AsyncExitStack
from typing import Any

from tests.benchmarks.setting import benchmark_site


async def measure(
    server: Any, cookie: dict[str, str], token: str, waiters: int, rounds: int
) -> None:
    """Let `waiters` polls wait, post, and note when each has its answer."""
    from tests.servers import open_client, poll, say, until_waiting

    firsts, lasts, posts = [], [], []

    async def answered(client: Any, after: int) -> float:
        await poll(client, token, after)
        return time.perf_counter()

    async with AsyncExitStack() as stack:
        writer = await stack.enter_async_context(open_client(server, cookie))
        # One each, as people have: the pool of a single client takes longer than the
        # server to find out which of hundreds of connections has an answer.
        readers = [
            await stack.enter_async_context(open_client(server, cookie))
            for _ in range(waiters)
        ]
        newest = await say(writer, token, "warm up")
        for number in range(rounds):
            waiting = [
                asyncio.create_task(answered(reader, newest)) for reader in readers
            ]
            await until_waiting(server, waiters)
            start = time.perf_counter()
            newest = await say(writer, token, f"round {number}")
            posts.append(time.perf_counter() - start)
            ends = sorted(await asyncio.gather(*waiting))
            firsts.append(ends[0] - start)
            lasts.append(ends[-1] - start)
    for name, seconds in (
        ("post", posts),
        ("first waiter", firsts),
        ("last waiter", lasts),
    ):
        middle, worst = statistics.median(seconds) * 1000, max(seconds) * 1000
        print(f"{name:13} median {middle:8.1f} ms   worst {worst:8.1f} ms")
    print(
        f"server: {server.threads} threads, {server.database_connections} connections"
    )


def main() -> None:
    """Prepare a room and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--waiters", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=10)
    arguments = parser.parse_args()
    with benchmark_site():
        from tests import servers
        from tests.client import TalkClient
        from tests.factories import UserFactory

        user = UserFactory()
        token = TalkClient(user).create_room()
        cookie = servers.session_cookie(user)
        server = servers.uvicorn_server()
        try:
            work = measure(server, cookie, token, arguments.waiters, arguments.rounds)
            asyncio.run(work)
        finally:
            server.kill()


if __name__ == "__main__":
    main()
