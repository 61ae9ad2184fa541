"""Checks that every test of faults makes at its end."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from talk.conf import TalkSettings
from tests.faults.clients import Clients
from tests.servers import Server, until

OWN_THREADS = 2 * TalkSettings().POLL_THREADS
"""Maximum of threads in both pools of the polls, and of their database connections."""

LASTING = Counter(
    {
        "talk-polls": OWN_THREADS,
        "talk-publisher": 1,
        "ThreadPoolExecutor": 1,  # in which Channels closes connections
        "asyncio": min(32, (os.cpu_count() or 1) + 4),  # in which Django logs errors
    }
)
"""Threads that a process keeps once it has started them."""


async def verify_messages(clients: Clients) -> None:
    """Check that no acknowledged message is lost or doubled, and all readers got the same."""
    timeline = await clients.timeline()
    _verify_timeline(clients, timeline)
    for reader in clients.readers:
        assert reader.received == timeline
    await _verify_unread(clients, timeline)


def _verify_timeline(clients: Clients, timeline: list[tuple[int, str]]) -> None:
    texts = Counter(text for _, text in timeline)
    assert [text for text, count in texts.items() if count > 1] == []
    assert set(clients.acknowledged) <= set(timeline)
    more = set(timeline) - set(clients.acknowledged)
    assert {text for _, text in more} <= clients.unconfirmed
    assert timeline == sorted(timeline)
    for writer in clients.writers:
        # The responses have the order of the room.
        assert writer.acknowledged == sorted(writer.acknowledged)


async def _verify_unread(clients: Clients, timeline: list[tuple[int, str]]) -> None:
    for reader in clients.readers:
        assert await clients.unread(reader.client) == 0
    for writer in clients.writers:
        # Writers do not read: messages after their own last one are unread.
        own = {*writer.unconfirmed, *(text for _, text in writer.acknowledged)}
        last = max(n for n, (_, text) in enumerate(timeline, 1) if text in own)
        assert await clients.unread(writer.client) == len(timeline) - last
    # The absent participant has not read the first message either.
    assert await clients.unread(clients.absent) == len(timeline) + 1


async def diagnose(server: Server) -> dict[str, Any]:
    """Return the threads, tasks and objects of a process."""
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as client:
        return (await client.get("/diagnostics", timeout=60)).json()


async def verify_at_rest(
    server: Server, fresh: dict[str, Any], *, database_port: int
) -> None:
    """Check that a process keeps nothing of its requests; `fresh` is its state before any.

    `LASTING` threads do not count, nor do the connections of those of the polls.
    """

    async def find_left() -> list[str]:
        left = _left(await diagnose(server), fresh)
        count = server.connections_to(database_port)
        if count > OWN_THREADS:
            left.append(f"{count} connections to the database")
        if server.client_connections:
            left.append(f"{server.client_connections} clients")
        return left

    await until_nothing(find_left)


async def until_nothing(check: Callable[[], Awaitable[Any]]) -> None:
    """Wait until a check finds nothing; fail with what it found last."""
    last: list[Any] = []

    async def note() -> Any:
        last[:] = [await check()]
        return last[0]

    try:
        await until(lambda found: not found, note)
    except TimeoutError:
        pytest.fail(f"There is still {last}")


def _left(now: dict[str, Any], fresh: dict[str, Any]) -> list[str]:
    threads = Counter(now["threads"]) - Counter(fresh["threads"]) - LASTING
    tasks = Counter(now["tasks"]) - Counter(fresh["tasks"])
    left = [*threads, *tasks, *now["objects"]]
    return left + ["waiters"] * now["waiters"]
