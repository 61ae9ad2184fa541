"""What has to be true after every fault."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from talk.conf import TalkSettings
from tests.faults.crowd import Crowd
from tests.servers import Server, until

OWN_THREADS = 2 * TalkSettings().POLL_THREADS
"""What both pools of the polls have at most, and as many connections to the database."""

LASTING = Counter(
    {
        "talk-polls": OWN_THREADS,
        "talk-publisher": 1,
        "ThreadPoolExecutor": 1,  # in which Channels closes connections
        "asyncio": min(32, (os.cpu_count() or 1) + 4),  # in which Django logs errors
    }
)
"""Threads that a process keeps, once it has needed them."""


async def verify_conversation(crowd: Crowd) -> None:
    """Nothing acknowledged is lost or doubled, and everybody saw the same."""
    timeline = await crowd.timeline()
    _verify_timeline(crowd, timeline)
    for reader in crowd.readers:
        assert reader.received == timeline
    await _verify_unread(crowd, timeline)


def _verify_timeline(crowd: Crowd, timeline: list[tuple[int, str]]) -> None:
    texts = Counter(text for _, text in timeline)
    assert [text for text, count in texts.items() if count > 1] == []
    assert set(crowd.acknowledged) <= set(timeline)
    more = set(timeline) - set(crowd.acknowledged)
    assert {text for _, text in more} <= crowd.doubtful
    assert timeline == sorted(timeline)
    for writer in crowd.writers:
        # The order of the answers is that of the room.
        assert writer.acknowledged == sorted(writer.acknowledged)


async def _verify_unread(crowd: Crowd, timeline: list[tuple[int, str]]) -> None:
    for reader in crowd.readers:
        assert await crowd.unread(reader.person) == 0
    for writer in crowd.writers:
        # They read nothing: what they have not read was said after their last words.
        own = {*writer.doubtful, *(text for _, text in writer.acknowledged)}
        last = max(n for n, (_, text) in enumerate(timeline, 1) if text in own)
        assert await crowd.unread(writer.person) == len(timeline) - last
    # Nobody has shown them the first message either.
    assert await crowd.unread(crowd.absent) == len(timeline) + 1


async def diagnose(server: Server) -> dict[str, Any]:
    """Ask a process what it keeps."""
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as client:
        return (await client.get("/diagnostics", timeout=60)).json()


async def verify_at_rest(
    server: Server, fresh: dict[str, Any], *, database_port: int
) -> None:
    """Nothing is left of the requests of a process; `fresh` is what it kept before any.

    `LASTING` threads do not count, nor do the connections of those of the polls.
    """

    async def look() -> list[str]:
        left = _left(await diagnose(server), fresh)
        count = server.connections_to(database_port)
        if count > OWN_THREADS:
            left.append(f"{count} connections to the database")
        if server.client_connections:
            left.append(f"{server.client_connections} clients")
        return left

    await until_nothing(look)


async def until_nothing(look: Callable[[], Awaitable[Any]]) -> None:
    """Look until nothing is found; fail with what was found last."""
    last: list[Any] = []

    async def note() -> Any:
        last[:] = [await look()]
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
