"""Clients that write and read all the time, and record what they get.

Each client has its own cookies and knows all processes of the site. It uses one of them
until that refuses or cuts its connection, then the next one, as a browser behind a load
balancer does.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Self

import httpx

from tests.client import TalkClient
from tests.factories import UserFactory
from tests.servers import BASE, PATIENCE, session_cookie, until

LAST_TEXT = "That is all."
"""The text of the last message. A reader stops after it."""

WRITE_PAUSE_SECONDS = (0.01, 0.05)
"""Pause of a writer between two messages: this is no benchmark."""

RETRY_SECONDS = 0.05
"""Pause of a client whose connection was refused, so that it does not spin."""

POLL_SECONDS = 60


@dataclass(frozen=True)
class Site:
    """A public room and the cookies of its participants."""

    token: str
    start: int
    """Id of the message after which readers begin to read."""

    owner: dict[str, str]
    absent: dict[str, str]
    """A participant who never connects."""

    writers: list[dict[str, str]]
    readers: list[dict[str, str]]
    """The last ones are empty: guests have no cookie before they join."""


def make_site(*, writers: int, readers: int, guests: int) -> Site:
    """Create the accounts and the room in the test database."""
    owner = UserFactory()
    users = [UserFactory() for _ in range(1 + writers + readers)]
    client = TalkClient(owner)
    token = client.create_room(type=3)
    for user in users:
        added = client.post(f"/room/{token}/participants", newParticipant=user)
        assert added.status == 200
    absent, *present = [session_cookie(user) for user in users]
    return Site(
        token=token,
        start=client.say(token, "first"),
        owner=session_cookie(owner),
        absent=absent,
        writers=present[:writers],
        readers=present[writers:] + [{} for _ in range(guests)],
    )


@dataclass(frozen=True)
class Failure:
    """A request that did not get the expected response."""

    request: str
    reason: str
    is_cut: bool
    """Whether there was no response at all."""

    began: float
    """When it was sent, by the clock of the event loop."""


class Client:
    """An HTTP client that records its failures."""

    def __init__(self, urls: Iterable[str], cookies: Mapping[str, str]) -> None:
        self.urls = list(urls)
        self.failures: list[Failure] = []
        self.answers = 0
        self.http = httpx.AsyncClient(
            cookies=dict(cookies),
            headers={"OCS-APIRequest": "true", "Accept": "application/json"},
            timeout=httpx.Timeout(POLL_SECONDS + PATIENCE, pool=None),
            verify=False,  # no TLS here, and its set-up is most of what a client costs
            trust_env=False,
        )

    async def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request until it gets a response; record failures.

        A request that was cut off is sent again only if it is a GET.

        Raises:
            httpx.TransportError: it was cut off; the server may have processed it.
        """
        while True:
            began = asyncio.get_running_loop().time()
            note = partial(self._note, f"{method} {path}", began)
            try:
                url = f"{self.urls[0]}{BASE}{path}"
                answer = await self.http.request(method, url, **options)
            except httpx.ConnectError:
                await self._use_next_process()
            except httpx.TransportError as error:
                note(repr(error), is_cut=True)
                await self._use_next_process()
                if method != "GET":
                    raise
            else:
                self.answers += 1
                if answer.status_code not in (200, 201, 304):
                    reason = f"{answer.status_code} {answer.text}"
                    note(reason, is_cut=False)
                return answer

    def _note(self, request: str, began: float, reason: str, *, is_cut: bool) -> None:
        self.failures.append(Failure(request, reason, is_cut, began))

    async def _use_next_process(self) -> None:
        self.urls.append(self.urls.pop(0))
        await asyncio.sleep(RETRY_SECONDS)

    async def get(self, path: str, **parameters: Any) -> Any:
        """GET an existing resource and return the data of the response."""
        answer = await self.ask("GET", path, params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()["ocs"]["data"]


@dataclass
class Writer:
    """Writes one message after the other, and records the responses."""

    name: str
    token: str
    client: Client
    acknowledged: list[tuple[int, str]] = field(default_factory=list)
    """Id and text of each message whose response was a 201, in this order."""

    unconfirmed: list[str] = field(default_factory=list)
    """Texts that may be stored or not: the response was an error, or there was none."""

    is_done: bool = False

    async def run(self) -> None:
        """Write until told to stop."""
        number = 0
        while not self.is_done:
            number += 1
            await self.post(f"{self.name} {number}")
            await asyncio.sleep(random.uniform(*WRITE_PAUSE_SECONDS))

    async def post(self, text: str) -> None:
        """Write one message."""
        path = f"/chat/{self.token}"
        try:
            answer = await self.client.ask("POST", path, data={"message": text})
        except httpx.TransportError:
            self.unconfirmed.append(text)
            return
        if answer.status_code == 201:
            message = answer.json()["ocs"]["data"]
            self.acknowledged.append((message["id"], text))
        else:
            self.unconfirmed.append(text)


@dataclass
class Reader:
    """Polls as clients do, and keeps all messages."""

    token: str
    client: Client
    known: int
    """Id of the last message that it has received."""

    is_guest: bool
    received: list[tuple[int, str]] = field(default_factory=list)
    """Id and text of every message, in the order in which they came."""

    async def join(self) -> None:
        """Connect to the room."""
        path = f"/room/{self.token}/participants/active"
        answer = await self.client.ask("POST", path)
        assert answer.status_code == 200, answer.text

    async def run(self) -> None:
        """Poll until the last message has come, then once more, as clients do."""
        while not self.received or self.received[-1][1] != LAST_TEXT:
            await self.poll(POLL_SECONDS)
        await self.poll(0)

    async def poll(self, seconds: int) -> None:
        """Poll once."""
        parameters = {
            "lookIntoFuture": 1,
            "lastKnownMessageId": self.known,
            "timeout": seconds,
        }
        path = f"/chat/{self.token}"
        answer = await self.client.ask("GET", path, params=parameters)
        if answer.status_code == 200:
            messages = answer.json()["ocs"]["data"]
            self.received += [(each["id"], each["message"]) for each in messages]
            self.known = int(answer.headers["X-Chat-Last-Given"])
        elif answer.status_code != 304:
            await asyncio.sleep(RETRY_SECONDS)


class Clients:
    """All clients of a site. Writers and readers begin with `start`."""

    def __init__(self, site: Site, urls: Iterable[str]) -> None:
        self.site = site
        self.urls = list(urls)
        self._stack = AsyncExitStack()
        self._tasks: list[asyncio.Task[None]] = []
        self.owner = self._make_client(site.owner)
        self.absent = self._make_client(site.absent)
        self.writers = [
            Writer(f"writer {number}", site.token, self._make_client(cookies, number))
            for number, cookies in enumerate(site.writers)
        ]
        self.readers = [
            Reader(
                token=site.token,
                client=self._make_client(cookies, number),
                known=site.start,
                is_guest=not cookies,
            )
            for number, cookies in enumerate(site.readers)
        ]

    def _make_client(self, cookies: Mapping[str, str], number: int = 0) -> Client:
        first = number % len(self.urls)
        return Client(self.urls[first:] + self.urls[:first], cookies)

    @property
    def all_clients(self) -> list[Client]:
        """All HTTP clients."""
        connected = [each.client for each in (*self.writers, *self.readers)]
        return [self.owner, self.absent, *connected]

    @property
    def failures(self) -> list[Failure]:
        """The failures of all clients."""
        return [failure for client in self.all_clients for failure in client.failures]

    @property
    def acknowledged(self) -> list[tuple[int, str]]:
        """Id and text of all messages whose response was a 201."""
        return [posted for writer in self.writers for posted in writer.acknowledged]

    @property
    def unconfirmed(self) -> set[str]:
        """Texts of messages that may be stored or not."""
        return {text for writer in self.writers for text in writer.unconfirmed}

    async def __aenter__(self) -> Self:
        """Open all HTTP clients."""
        for client in self.all_clients:
            await self._stack.enter_async_context(client.http)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop all readers and writers, and close all HTTP clients."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._stack.aclose()

    async def start(self) -> None:
        """Let all readers join, then start all readers and writers."""
        await asyncio.gather(*(reader.join() for reader in self.readers))
        loops = [each.run() for each in (*self.readers, *self.writers)]
        self._tasks = [asyncio.create_task(loop) for loop in loops]

    async def write_more(self, messages: int) -> None:
        """Wait until that many more messages have been acknowledged."""
        goal = len(self.acknowledged) + messages
        await until(lambda found: found >= goal, self._written)

    async def catch_up(self, url: str = "") -> None:
        """Wait until all readers, or those of one process, have all acknowledged messages."""
        newest = max(message_id for message_id, _ in self.acknowledged)
        readers = [each for each in self.readers if each.client.urls[0].startswith(url)]

        async def oldest() -> int:
            self._raise_if_over()
            return min(reader.known for reader in readers)

        await until(lambda known: known >= newest, oldest)

    async def _written(self) -> int:
        self._raise_if_over()
        return len(self.acknowledged)

    def _raise_if_over(self) -> None:
        """Raise the error of a reader or writer that has failed."""
        for task in self._tasks:
            if task.done():
                task.result()

    async def finish(self) -> None:
        """Stop the writers, and the readers after they have read all messages."""
        count = len(self.readers)
        readers, writers = self._tasks[:count], self._tasks[count:]
        for writer in self.writers:
            writer.is_done = True
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*writers)
            await self.writers[0].post(LAST_TEXT)
            assert LAST_TEXT not in self.unconfirmed
            await asyncio.gather(*readers)

    async def timeline(self) -> list[tuple[int, str]]:
        """Return id and text of all messages after the start, oldest first."""
        found: list[tuple[int, str]] = []
        while not found or found[-1][0] > self.site.start:
            parameters = {
                "lookIntoFuture": 0,
                "lastKnownMessageId": found[-1][0] if found else 0,
                "limit": 200,
            }
            page = await self.owner.get(f"/chat/{self.site.token}", **parameters)
            found += [(each["id"], each["message"]) for each in page]
        return [pair for pair in reversed(found) if pair[0] > self.site.start]

    async def unread(self, client: Client) -> int:
        """Return the number of a client's unread messages."""
        room = await client.get(f"/room/{self.site.token}")
        return int(room["unreadMessages"])
