"""People who write and read without a pause while things go wrong, and what they saw.

Each is a client with its own cookies that knows all processes of the site. It stays
with one of them until that refuses its connection or cuts it off, then it goes on with
the next one, as a browser behind a load balancer does.
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

FAREWELL = "That is all."
"""Whoever has read this has read everything."""

THOUGHT_SECONDS = (0.01, 0.05)
"""What a writer thinks about a message: people are no benchmark."""

RETRY_SECONDS = 0.05
"""When a client that was turned away comes again, so that it does not spin."""

POLL_SECONDS = 60


@dataclass(frozen=True)
class Site:
    """A public room and the cookies of those in it."""

    token: str
    start: int
    """Id of the message after which people begin to read."""

    owner: dict[str, str]
    absent: dict[str, str]
    """A participant who is not there."""

    writers: list[dict[str, str]]
    readers: list[dict[str, str]]
    """The last ones are guests, who have no cookie yet."""


def make_site(*, writers: int, readers: int, guests: int) -> Site:
    """Make the accounts and the room in the test database."""
    owner = UserFactory()
    people = [UserFactory() for _ in range(1 + writers + readers)]
    client = TalkClient(owner)
    token = client.create_room(type=3)
    for person in people:
        added = client.post(f"/room/{token}/participants", newParticipant=person)
        assert added.status == 200
    absent, *present = [session_cookie(person) for person in people]
    return Site(
        token=token,
        start=client.say(token, "first"),
        owner=session_cookie(owner),
        absent=absent,
        writers=present[:writers],
        readers=present[writers:] + [{} for _ in range(guests)],
    )


@dataclass(frozen=True)
class Trouble:
    """A request that did not get the answer it should."""

    request: str
    reason: str
    is_cut: bool
    """Whether there was no answer at all."""

    began: float
    """When it was sent, by the clock of the event loop."""


class Person:
    """One client and what it went through."""

    def __init__(self, urls: Iterable[str], cookies: Mapping[str, str]) -> None:
        self.urls = list(urls)
        self.troubles: list[Trouble] = []
        self.answers = 0
        self.http = httpx.AsyncClient(
            cookies=dict(cookies),
            headers={"OCS-APIRequest": "true", "Accept": "application/json"},
            timeout=httpx.Timeout(POLL_SECONDS + PATIENCE, pool=None),
            verify=False,  # no TLS here, and its set-up is most of what a client costs
            trust_env=False,
        )

    async def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request until something answers; whatever happens is noted.

        A request that was cut off is sent again only if it is a GET.

        Raises:
            httpx.TransportError: it was cut off and may or may not have been heard.
        """
        while True:
            began = asyncio.get_running_loop().time()
            note = partial(self._note, f"{method} {path}", began)
            try:
                url = f"{self.urls[0]}{BASE}{path}"
                answer = await self.http.request(method, url, **options)
            except httpx.ConnectError:
                await self._go_on()
            except httpx.TransportError as error:
                note(repr(error), is_cut=True)
                await self._go_on()
                if method != "GET":
                    raise
            else:
                self.answers += 1
                if answer.status_code not in (200, 201, 304):
                    reason = f"{answer.status_code} {answer.text}"
                    note(reason, is_cut=False)
                return answer

    def _note(self, request: str, began: float, reason: str, *, is_cut: bool) -> None:
        self.troubles.append(Trouble(request, reason, is_cut, began))

    async def _go_on(self) -> None:
        self.urls.append(self.urls.pop(0))
        await asyncio.sleep(RETRY_SECONDS)

    async def get(self, path: str, **parameters: Any) -> Any:
        """GET something that is there and return the data of the answer."""
        answer = await self.ask("GET", path, params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()["ocs"]["data"]


@dataclass
class Writer:
    """Says one thing after the other and notes what became of it."""

    name: str
    token: str
    person: Person
    acknowledged: list[tuple[int, str]] = field(default_factory=list)
    """Id and text of everything that was answered with a 201, in this order."""

    doubtful: list[str] = field(default_factory=list)
    """What may have been said or not: no answer came, or one of a broken server."""

    is_done: bool = False

    async def run(self) -> None:
        """Write until told to stop."""
        number = 0
        while not self.is_done:
            number += 1
            await self.say(f"{self.name} {number}")
            await asyncio.sleep(random.uniform(*THOUGHT_SECONDS))

    async def say(self, text: str) -> None:
        """Write one message."""
        path = f"/chat/{self.token}"
        try:
            answer = await self.person.ask("POST", path, data={"message": text})
        except httpx.TransportError:
            self.doubtful.append(text)
            return
        if answer.status_code == 201:
            message = answer.json()["ocs"]["data"]
            self.acknowledged.append((message["id"], text))
        else:
            self.doubtful.append(text)


@dataclass
class Reader:
    """Polls as clients do, and keeps everything it is given."""

    token: str
    person: Person
    known: int
    """Id of the last message that it was given."""

    is_guest: bool
    received: list[tuple[int, str]] = field(default_factory=list)
    """Id and text of every message, in the order in which they came."""

    async def join(self) -> None:
        """Connect to the room."""
        path = f"/room/{self.token}/participants/active"
        answer = await self.person.ask("POST", path)
        assert answer.status_code == 200, answer.text

    async def run(self) -> None:
        """Poll until everything has come, then once more, as clients do."""
        while not self.received or self.received[-1][1] != FAREWELL:
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
        answer = await self.person.ask("GET", path, params=parameters)
        if answer.status_code == 200:
            messages = answer.json()["ocs"]["data"]
            self.received += [(each["id"], each["message"]) for each in messages]
            self.known = int(answer.headers["X-Chat-Last-Given"])
        elif answer.status_code != 304:
            await asyncio.sleep(RETRY_SECONDS)


class Crowd:
    """Everybody in the room of a site. Writers and readers begin with `start`."""

    def __init__(self, site: Site, urls: Iterable[str]) -> None:
        self.site = site
        self.urls = list(urls)
        self._stack = AsyncExitStack()
        self._tasks: list[asyncio.Task[None]] = []
        self.owner, self.absent = self._person(site.owner), self._person(site.absent)
        self.writers = [
            Writer(f"writer {number}", site.token, self._person(cookies, number))
            for number, cookies in enumerate(site.writers)
        ]
        self.readers = [
            Reader(
                token=site.token,
                person=self._person(cookies, number),
                known=site.start,
                is_guest=not cookies,
            )
            for number, cookies in enumerate(site.readers)
        ]

    def _person(self, cookies: Mapping[str, str], number: int = 0) -> Person:
        first = number % len(self.urls)
        return Person(self.urls[first:] + self.urls[:first], cookies)

    @property
    def people(self) -> list[Person]:
        """Everybody."""
        talkers = [each.person for each in (*self.writers, *self.readers)]
        return [self.owner, self.absent, *talkers]

    @property
    def troubles(self) -> list[Trouble]:
        """What anybody met with."""
        return [trouble for person in self.people for trouble in person.troubles]

    @property
    def acknowledged(self) -> list[tuple[int, str]]:
        """Id and text of all messages that were answered with a 201."""
        return [said for writer in self.writers for said in writer.acknowledged]

    @property
    def doubtful(self) -> set[str]:
        """Texts of messages that may be there or not."""
        return {text for writer in self.writers for text in writer.doubtful}

    async def __aenter__(self) -> Self:
        """Open the connections of all."""
        for person in self.people:
            await self._stack.enter_async_context(person.http)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close them, also of those who still read and write."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._stack.aclose()

    async def start(self) -> None:
        """Have all readers join, then everybody begin."""
        await asyncio.gather(*(reader.join() for reader in self.readers))
        loops = [each.run() for each in (*self.readers, *self.writers)]
        self._tasks = [asyncio.create_task(loop) for loop in loops]

    async def go_on(self, messages: int) -> None:
        """Wait until so many more messages have been acknowledged."""
        goal = len(self.acknowledged) + messages
        await until(lambda found: found >= goal, self._written)

    async def catch_up(self, url: str = "") -> None:
        """Wait until every reader, or each at one process, has what was acknowledged."""
        newest = max(message_id for message_id, _ in self.acknowledged)
        readers = [each for each in self.readers if each.person.urls[0].startswith(url)]

        async def oldest() -> int:
            self._raise_if_over()
            return min(reader.known for reader in readers)

        await until(lambda known: known >= newest, oldest)

    async def _written(self) -> int:
        self._raise_if_over()
        return len(self.acknowledged)

    def _raise_if_over(self) -> None:
        """Fail at once, and with the cause, when somebody gave up."""
        for task in self._tasks:
            if task.done():
                task.result()

    async def finish(self) -> None:
        """Have the writers stop, and the readers when they have read all of it."""
        count = len(self.readers)
        readers, writers = self._tasks[:count], self._tasks[count:]
        for writer in self.writers:
            writer.is_done = True
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*writers)
            await self.writers[0].say(FAREWELL)
            assert FAREWELL not in self.doubtful
            await asyncio.gather(*readers)

    async def timeline(self) -> list[tuple[int, str]]:
        """Return id and text of all that was said after the start, oldest first."""
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

    async def unread(self, person: Person) -> int:
        """Return how many messages somebody has not read."""
        room = await person.get(f"/room/{self.site.token}")
        return int(room["unreadMessages"])
