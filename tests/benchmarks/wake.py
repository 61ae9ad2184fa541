"""The time from sending a POST to the response of each waiting poll of the room."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from tests.benchmarks.connections import Connection, connect, request
from tests.benchmarks.load import (
    PATIENCE,
    Meter,
    Servers,
    Waiter,
    compare,
    ids_of,
    open_waiters,
    summary,
)
from tests.benchmarks.sizes import Sizes
from tests.benchmarks.subjects import Bench

ROUNDS_MIN = 3


def cases(sizes: Sizes) -> list[Any]:
    """Return the numbers of waiters and rooms."""
    return [list(size) for size in sizes.wake]


def label(case: Any) -> str:
    """Return the name of a case."""
    return f"{case[0]:,} waiters, rooms: {case[1]}"


def measure(bench: Bench, case: Any) -> dict[str, float] | None:
    """Measure one server; None if it would take too long."""
    if case[0] > bench.waiters_max:
        return None
    waiters, rooms = case
    made = bench.site.crowd(rooms=rooms, people=waiters)
    return bench.generate("wake", rooms=made, seconds=bench.sizes.seconds)


class Countdown:
    """Waits until all recipients of a message have received it."""

    def __init__(self) -> None:
        self._left = 0
        self._is_over = asyncio.Event()

    def begin(self, count: int) -> None:
        """Expect `count` responses."""
        self._left = count
        self._is_over.clear()

    def heard(self) -> None:
        """Count a response."""
        self._left -= 1
        if self._left == 0:
            self._is_over.set()

    async def over(self) -> bool:
        """Wait for all responses; return False if some do not come."""
        try:
            await asyncio.wait_for(self._is_over.wait(), PATIENCE)
        except TimeoutError:
            return False
        return True


class Rounds:
    """Posts to the rooms in turn, while all participants of all rooms wait."""

    def __init__(self, servers: Servers, rooms: list[dict[str, Any]]) -> None:
        self.servers = servers
        self.rooms = rooms
        self.countdown = Countdown()
        self.own = Meter([])
        self.waiters: list[Waiter] = []
        self.writers: list[Connection] = []
        self.said: dict[str, list[int]] = {}
        self.sent: dict[int, float] = {}
        self.replies: list[float] = []

    async def open(self) -> None:
        """Let all participants poll."""
        addresses = self.servers.addresses
        self.waiters = await open_waiters(
            self.servers, self.rooms, heard=self.countdown.heard
        )
        self.writers = await connect(addresses, len(addresses))

    async def post(self) -> bool:
        """Post once; return False if a waiter gets no response."""
        number = len(self.sent)
        room = self.rooms[number % len(self.rooms)]
        form = {"message": f"message {number}"}
        path, cookie = f"/chat/{room['token']}", room["writer"]["cookie"]
        self.countdown.begin(len(room["people"]))
        writer = self.writers[number % len(self.writers)]
        self.own.start()
        self.servers.meter.start()
        begin = time.perf_counter()
        answer = await writer.ask(request("POST", path, cookie, form))
        is_heard = await self.countdown.over()
        self.own.stop()
        message_id = answer.data["id"]
        self.replies.append(answer.moment - begin)
        self.said.setdefault(room["token"], []).append(message_id)
        self.sent[message_id] = begin
        if is_heard:
            await self.servers.until_waiting(len(self.waiters))
        self.servers.meter.stop()
        return is_heard

    def report(self) -> dict[str, float]:
        """Return the figures."""
        delays = [
            moment - self.sent[message_id]
            for waiter in self.waiters
            for moment, body in waiter.messages
            for message_id in ids_of(body)
            if message_id in self.sent
        ]
        counts = compare(self.waiters, self.said)
        delivered = max(counts["delivered"], 1)
        return {
            **summary(delays),
            "post_p50_ms": summary(self.replies)["p50_ms"],
            "cpu_us_per_wake": self.servers.meter.server_cpu / delivered * 1e6,
            "generator_us_per_wake": self.own.own_cpu / delivered * 1e6,
            "generator_cpu_%": self.own.own_share,
            "posts": len(self.sent),
            **counts,
        }


async def generate(
    servers: Servers, rooms: list[dict[str, Any]], seconds: float
) -> dict[str, float]:
    """Post repeatedly, each time when all participants wait."""
    rounds = Rounds(servers, rooms)
    await rounds.open()
    end = time.monotonic() + seconds
    while len(rounds.sent) < ROUNDS_MIN or time.monotonic() < end:
        if not await rounds.post():
            break
    return rounds.report()
