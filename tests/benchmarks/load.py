"""The parts of all loads: waiters, a check of what they received, and meters."""

from __future__ import annotations

import asyncio
import itertools
import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import psutil

from tests.benchmarks.connections import (
    Address,
    Answer,
    Connection,
    connect,
    header,
    request,
)

PATIENCE = 60.0
"""Seconds after which a missing message counts as lost."""


class Meter:
    """Time and CPU time between starts and stops: of the servers, this process, and all."""

    def __init__(self, pids: Sequence[int]) -> None:
        self._servers = [psutil.Process(pid) for pid in pids]
        self.reset()

    def reset(self) -> None:
        """Set all counters to zero."""
        self.seconds = self.server_cpu = self.own_cpu = self.machine_cpu = 0.0

    def start(self) -> None:
        """Start counting."""
        self._begin = self._read()

    def stop(self) -> None:
        """Add the time since the start."""
        seconds, server, own, machine = (
            end - begin for begin, end in zip(self._begin, self._read(), strict=True)
        )
        self.seconds += seconds
        self.server_cpu += server
        self.own_cpu += own
        self.machine_cpu += machine

    @property
    def own_share(self) -> float:
        """Percentage of one core that this process used."""
        return 100 * self.own_cpu / self.seconds if self.seconds else 0.0

    @property
    def server_share(self) -> float:
        """Percentage of one core that the servers used."""
        return 100 * self.server_cpu / self.seconds if self.seconds else 0.0

    @property
    def machine_share(self) -> float:
        """Percentage of one core that all processes of the machine used."""
        return 100 * self.machine_cpu / self.seconds if self.seconds else 0.0

    def memory(self) -> int:
        """Return the resident memory of the servers in bytes."""
        return sum(server.memory_info().rss for server in self._servers)

    def _read(self) -> tuple[float, float, float, float]:
        times = [server.cpu_times() for server in self._servers]
        server = sum(one.user + one.system for one in times)
        machine = psutil.cpu_times()
        kinds = (
            "user",
            "nice",
            "system",
            "irq",
            "softirq",
        )  # systems have some of them
        busy = sum(getattr(machine, kind, 0.0) for kind in kinds)
        return time.perf_counter(), server, time.process_time(), busy


class Waiter:
    """A client that polls one room, and polls again as soon as it has a response."""

    def __init__(
        self,
        connection: Connection,
        token: str,
        cookie: str,
        *,
        timeout: int = 60,
        heard: Callable[[], None] | None = None,
    ) -> None:
        self._connection = connection
        self._start = f"/chat/{token}?lookIntoFuture=1&timeout={timeout}"
        self.token = token
        self._cookie = cookie
        self.known = 0
        """The newest message that was received."""
        self._heard = heard
        self._is_open = True
        self.messages: list[tuple[float, bytes]] = []
        """The arrival time and body of each response with messages."""
        self.polls = 0
        self.errors = 0

    def poll(self) -> None:
        """Poll for messages after the newest received one."""
        self.polls += 1
        path = f"{self._start}&lastKnownMessageId={self.known}"
        self._connection.send(request("GET", path, self._cookie), self._answered)

    def _answered(self, answer: Answer) -> None:
        if answer.status == 200:
            self.messages.append((answer.moment, answer.body))
            self.known = int(header(answer.head, b"x-chat-last-given") or 0)
        elif answer.status != 304:
            self.errors += 1
            self._is_open = False
        if self._is_open:
            self.poll()
        if answer.status == 200 and self._heard is not None:
            self._heard()

    def close(self) -> None:
        """Disconnect."""
        self._is_open = False
        self._connection.close()


class Servers:
    """The processes under load, and cheap requests for their state."""

    def __init__(self, addresses: Sequence[Address], pids: Sequence[int]) -> None:
        self.addresses = addresses
        self.meter = Meter(pids)
        self._asking: list[Connection] = []

    async def waiting(self) -> int:
        """Return the number of waiting polls in all processes."""
        if not self._asking:
            self._asking = await connect(self.addresses, len(self.addresses))
        question = request("GET", "//waiters", "")
        answers = [await connection.ask(question) for connection in self._asking]
        return sum(int(answer.body) for answer in answers)

    async def until_waiting(self, least: int, most: int | None = None) -> None:
        """Return when enough polls wait; raise an error if their number stops changing."""
        most = least if most is None else most
        nearest, end = -1, time.monotonic() + PATIENCE
        while not least <= (found := await self.waiting()) <= most:
            if nearest < 0 or abs(found - least) < abs(nearest - least):
                nearest, end = found, time.monotonic() + PATIENCE
            if time.monotonic() > end:
                raise RuntimeError(f"{found} of {least} polls wait")
            await asyncio.sleep(0.02)


async def until(is_right: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    """Wait until a condition is true; return False if the time runs out."""
    end = time.monotonic() + seconds
    while not is_right():
        if time.monotonic() > end:
            return False
        await asyncio.sleep(0.005)
    return True


async def open_waiters(
    servers: Servers, rooms: Sequence[dict[str, Any]], **options: Any
) -> list[Waiter]:
    """Let the participants of the rooms poll, and return when all of them wait."""
    waiters = await start_waiters(servers, rooms, **options)
    await servers.until_waiting(len(waiters))
    return waiters


async def start_waiters(
    servers: Servers,
    rooms: Sequence[dict[str, Any]],
    *,
    within: float = 0,
    **options: Any,
) -> list[Waiter]:
    """Let the participants of the rooms poll; the last one starts after `within` seconds."""
    people = [
        (room["token"], one["cookie"]) for room in rooms for one in room["people"]
    ]
    connections = await connect(servers.addresses, len(people))
    waiters = [
        Waiter(connection, token, cookie, **options)
        for connection, (token, cookie) in zip(connections, people, strict=True)
    ]
    for waiter in waiters:
        waiter.poll()
        if within:
            await asyncio.sleep(within / len(waiters))
    return waiters


def ids_of(body: bytes) -> list[int]:
    """Return the ids of the comments in a response, in their order."""
    return [
        one["id"] for one in Answer(200, 0, b"", body).data if not one["systemMessage"]
    ]


def compare(waiters: Sequence[Waiter], said: dict[str, list[int]]) -> dict[str, int]:
    """Compare the messages sent to each room with those received, and count the faults."""
    counts = {"delivered": 0, "lost": 0, "doubled": 0, "disordered": 0, "errors": 0}
    for waiter in waiters:
        heard = [pk for _, body in waiter.messages for pk in ids_of(body)]
        counts["delivered"] += len(set(heard))
        counts["lost"] += len(set(said.get(waiter.token, ())) - set(heard))
        counts["doubled"] += len(heard) - len(set(heard))
        pairs = itertools.pairwise(heard)
        counts["disordered"] += sum(later < sooner for sooner, later in pairs)
        counts["errors"] += waiter.errors
    return counts


def summary(seconds: Sequence[float]) -> dict[str, float]:
    """Return percentiles in milliseconds."""
    found = sorted(seconds) or [math.nan]
    last = len(found) - 1
    percentiles = {
        f"p{part}": found[min(math.ceil(len(found) * part / 100) - 1, last)]
        for part in (50, 95, 99)
    }
    percentiles["max"] = found[-1]
    return {f"{name}_ms": value * 1000 for name, value in percentiles.items()}
