"""The lower bound: the same server and event loop with a program that does nothing.

It has no framework, no database and no rules: it believes the names in cookies, and rooms
are lists in memory that are created when they are named. It uses the URLs and envelopes
of the API. With ``BENCHMARK_HEADERS``, its responses also have the headers of the
product's responses. The API requires most of them, and checking and writing them is much
of the cost of a short response.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections import defaultdict
from typing import Any
from urllib.parse import parse_qs

from talk.api.envelope import SECURITY_HEADERS

BASE = "/ocs/v2.php/apps/spreed/api/v1"

START = b'{"ocs":{"meta":{"status":"ok","statuscode":%d,"message":"OK"},"data":'
END = b"}}"

HEADERS = {
    **SECURITY_HEADERS,
    "Vary": "Accept, Accept-Language, Cookie",
    "Content-Language": "en",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Talk-Served-By": "nobody",
}
"""Headers of the product's responses besides those that describe the body."""

COMMON = [
    (name.encode(), value.encode())
    for name, value in HEADERS.items()
    if os.environ.get("BENCHMARK_HEADERS")
]


class Room:
    """A list of messages, and the polls that wait for the next one."""

    def __init__(self) -> None:
        self.messages: list[tuple[int, bytes]] = []
        self.waiting: set[asyncio.Future[None]] = set()
        self.sessions: dict[str, int] = {}
        self.mail: defaultdict[str, list[str]] = defaultdict(list)

    def newer(self, after: int) -> list[tuple[int, bytes]]:
        """Return the messages with a greater id, oldest first."""
        start = len(self.messages)
        while start and self.messages[start - 1][0] > after:
            start -= 1
        return self.messages[start : start + 200]

    async def wait(self, seconds: float) -> None:
        """Return after a wake-up or when the timeout has passed."""
        future = asyncio.get_running_loop().create_future()
        self.waiting.add(future)
        try:
            async with asyncio.timeout(seconds):
                await future
        except TimeoutError:
            pass
        finally:
            self.waiting.discard(future)

    def wake(self) -> None:
        """Wake all waiting polls."""
        for future in self.waiting:
            if not future.done():
                future.set_result(None)
        self.waiting.clear()


rooms: defaultdict[str, Room] = defaultdict(Room)
last_id = 0


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answer one request."""
    if scope["type"] != "http":
        return await _live(receive, send)
    path = scope["path"]
    if path == "/waiters":
        count = sum(len(room.waiting) for room in rooms.values())
        return await _send(send, 200, str(count).encode())
    kind, token, *_ = path.removeprefix(f"{BASE}/").split("/")
    name = dict(scope["headers"]).get(b"cookie", b"").decode().partition("=")[2]
    answer = {
        ("GET", "chat"): _read,
        ("POST", "chat"): _say,
        ("POST", "room"): _join,
        ("GET", "signaling"): _take,
        ("POST", "signaling"): _hand,
    }[scope["method"], kind]
    given = {key: found[0] for key, found in parse_qs(scope["query_string"]).items()}
    if scope["method"] == "POST":
        given = {key: found[0] for key, found in parse_qs(await _body(receive)).items()}
    return await answer(rooms[token], token, name, given, send)


async def _read(room: Room, token: str, name: str, given: Any, send: Any) -> None:
    after = int(given[b"lastKnownMessageId"])
    found = room.newer(after)
    if not found:
        await room.wait(float(given[b"timeout"]))
        found = room.newer(after)
    if not found:
        await _send(send, 304, b"")
        return
    last_given = (b"x-chat-last-given", str(found[-1][0]).encode())
    listed = b"[%b]" % b",".join(body for _, body in found)
    await _send(send, 200, _wrap(200, listed), last_given)


async def _say(room: Room, token: str, name: str, given: Any, send: Any) -> None:
    global last_id
    last_id += 1
    message = {
        "id": last_id,
        "token": token,
        "actorType": "users",
        "actorId": name,
        "actorDisplayName": name,
        "timestamp": int(time.time()),
        "message": given[b"message"].decode(),
        "messageParameters": [],
        "systemMessage": "",
    }
    body = json.dumps(message).encode()
    room.messages.append((last_id, body))
    room.wake()
    await _send(send, 201, _wrap(201, body))


async def _join(room: Room, token: str, name: str, given: Any, send: Any) -> None:
    room.sessions[name] = int(time.time())
    await _send(send, 200, _wrap(200, json.dumps({"sessionId": name}).encode()))


async def _take(room: Room, token: str, name: str, given: Any, send: Any) -> None:
    is_new = name not in room.sessions
    room.sessions[name] = int(time.time())
    if not room.mail[name] and not is_new:
        await room.wait(30)
    mail = room.mail.pop(name, [])
    users = [{"userId": one, "sessionId": one} for one in room.sessions]
    listed: list[Any] = [{"type": "message", "data": text} for text in mail]
    listed.append({"type": "usersInRoom", "data": users})
    await _send(send, 200, _wrap(200, json.dumps(listed).encode()))


async def _hand(room: Room, token: str, name: str, given: Any, send: Any) -> None:
    for element in json.loads(given[b"messages"]):
        payload = {**json.loads(element["fn"]), "from": name}
        room.mail[payload["to"]].append(json.dumps(payload))
    room.wake()
    await _send(send, 200, _wrap(200, b"[]"))


def _wrap(status: int, data: bytes) -> bytes:
    return START % status + data + END


async def _body(receive: Any) -> bytes:
    body, is_more = b"", True
    while is_more:
        message = await receive()
        body += message.get("body", b"")
        is_more = message.get("more_body", False)
    return body


async def _send(send: Any, status: int, body: bytes, *headers: Any) -> None:
    length = (b"content-length", str(len(body)).encode())
    kind = (b"content-type", b"application/json")
    start = {"type": "http.response.start", "status": status}
    await send({**start, "headers": [kind, length, *headers, *COMMON]})
    await send({"type": "http.response.body", "body": body})


async def _live(receive: Any, send: Any) -> None:
    while (message := await receive())["type"] != "lifespan.shutdown":
        await send({"type": f"{message['type']}.complete"})
    await send({"type": "lifespan.shutdown.complete"})
