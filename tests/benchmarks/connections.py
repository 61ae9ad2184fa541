"""A small HTTP/1.1 client: one request at a time on a persistent connection."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlencode

BASE = "/ocs/v2.php/apps/spreed/api/v1"

CONNECTING = 100
"""Maximum number of connections that are opened at the same time."""

Address = tuple[str, int]


class Answer(NamedTuple):
    """A response. `moment` is when its last byte arrived. Status 0: disconnected."""

    status: int
    moment: float
    head: bytes
    body: bytes

    @property
    def data(self) -> Any:
        """The data in the envelope; None for a response without a body."""
        return json.loads(self.body)["ocs"]["data"] if self.body else None


_open: set[Connection] = set()


class Connection(asyncio.Protocol):
    """A connection to a server."""

    def __init__(self) -> None:
        self._buffer = b""
        self._answered: Callable[[Answer], None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport, to which requests are written."""
        self._transport = transport
        _open.add(self)

    def send(self, request: bytes, answered: Callable[[Answer], None]) -> None:
        """Send a request; `answered` is called with the response."""
        self._answered = answered
        if self._transport.is_closing():
            self.connection_lost(None)
        else:
            self._transport.write(request)

    def ask(self, request: bytes) -> asyncio.Future[Answer]:
        """Send a request and return a future of the response."""
        future = asyncio.get_running_loop().create_future()
        self.send(request, future.set_result)
        return future

    def data_received(self, data: bytes) -> None:
        """Pass on the response when it is complete."""
        moment = time.perf_counter()
        self._buffer = self._buffer + data if self._buffer else data
        answer = parse(self._buffer, moment)
        answered = self._answered
        if answer is not None and answered is not None:
            self._buffer, self._answered = b"", None
            answered(answer)

    def connection_lost(self, error: Exception | None) -> None:
        """Report to the caller that there will be no response."""
        _open.discard(self)
        answered, self._answered = self._answered, None
        if answered is not None:
            answered(Answer(0, time.perf_counter(), b"", b""))

    def close(self) -> None:
        """Disconnect without reporting it to the caller."""
        self._answered = None
        self._transport.abort()


async def hang_up() -> None:
    """Close all connections, so that servers stop their polls."""
    while _open:
        for connection in list(_open):
            connection.close()
        await asyncio.sleep(0)


def parse(data: bytes, moment: float) -> Answer | None:
    """Return the response in `data`; None while it is incomplete."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    status, head, start = int(data[9:12]), data[:end].lower(), end + 4
    if status in (204, 304):
        return Answer(status, moment, head, b"")
    length = header(head, b"content-length")
    if length is not None:
        if len(data) < start + int(length):
            return None
        return Answer(status, moment, head, data[start:])
    if not data.endswith(b"\r\n0\r\n\r\n"):
        return None
    return Answer(status, moment, head, b"".join(_chunks(data, start)))


def header(head: bytes, name: bytes) -> bytes | None:
    """Return a header from a head that is in lower case."""
    start = head.find(b"\r\n" + name + b":")
    if start < 0:
        return None
    start += len(name) + 3
    end = head.find(b"\r\n", start)
    return head[start : end if end >= 0 else None].strip()


def _chunks(data: bytes, start: int) -> list[bytes]:
    found = []
    while True:
        end = data.index(b"\r\n", start)
        size = int(data[start:end], 16)
        if size == 0:
            return found
        found.append(data[end + 2 : end + 2 + size])
        start = end + size + 4


def request(
    method: str, path: str, cookie: str, form: Mapping[str, Any] | None = None
) -> bytes:
    """Return a request. `path` is relative to the API's base, unless it begins with `//`."""
    body = urlencode(form) if form else ""
    target = path[1:] if path.startswith("//") else BASE + path
    return (
        f"{method} {target} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n"
        f"OCS-APIRequest: true\r\nCookie: {cookie}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


async def connect(addresses: Sequence[Address], count: int) -> list[Connection]:
    """Open connections, distributed over the servers in turn."""
    loop = asyncio.get_running_loop()
    few = asyncio.Semaphore(CONNECTING)

    async def open_one(number: int) -> Connection:
        host, port = addresses[number % len(addresses)]
        async with few:
            return (await loop.create_connection(Connection, host, port))[1]

    return await asyncio.gather(*(open_one(number) for number in range(count)))
