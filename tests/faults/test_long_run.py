"""An hour of coming and going, in seconds: the clock jumps, nothing else is faked."""

from __future__ import annotations

import asyncio
import gc
import json
import re
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
import pytest_asyncio
import time_machine
from django.core.asgi import get_asgi_application
from django.db.models import Model

import talk.asgi
from talk.models import Participant, Session, SignalingMessage
from talk.realtime.hub import current_hub, stop_hub
from tests.client import BASE, TalkClient
from tests.factories import UserFactory
from tests.faults.verify import LASTING, until_nothing
from tests.servers import in_database, session_cookie, until
from tests.timelines import ids_of

pytestmark = [
    pytest.mark.faults,
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
    pytest.mark.asyncio,
]

MINUTES = 60
MINUTE = 61
"""Seconds after which every poll has ended that began before."""

AFTERMATH = 6
"""Minutes after which nobody who has gone is of interest any more."""

POLL = {"lookIntoFuture": 1, "timeout": 60}

LATEST = 30
"""Minutes after which it is late enough for everything."""

OURS = re.compile(r"talk\.|channels\.|django\.core\.handlers\.")
TABLES: tuple[type[Model], ...] = (Session, Participant, SignalingMessage)


class Clock:
    """Time for all of the process: of the day, and of the event loop."""

    def __init__(self, traveller: Any) -> None:
        self._traveller = traveller
        self._monotonic = time.monotonic
        self._ahead = 0.0

    def monotonic(self) -> float:
        """Return what stands in for `time.monotonic`."""
        return self._monotonic() + self._ahead

    def jump(self, seconds: float) -> None:
        """Let so much time have passed."""
        self._traveller.shift(seconds)
        self._ahead += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """A clock that goes on by itself, and jumps."""
    with time_machine.travel("2026-01-01 12:00", tick=True) as traveller:
        clock = Clock(traveller)
        monkeypatch.setattr(time, "monotonic", clock.monotonic)
        yield clock
        monkeypatch.undo()


class Visitor:
    """A client of the site in this process."""

    def __init__(self, http: httpx.AsyncClient, token: str, known: int) -> None:
        self.http = http
        self.token = token
        self.known = known
        self.session_id = ""
        self.answers = 0
        self.is_tired = False

    async def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request about the room."""
        url = f"{BASE}{path.format(self.token)}"
        answer = await self.http.request(method, url, **options)
        assert answer.status_code in (200, 201, 304), answer.text
        return answer

    async def join(self) -> None:
        """Connect to the room."""
        answer = await self.ask("POST", "/room/{}/participants/active")
        self.session_id = answer.json()["ocs"]["data"]["sessionId"]

    async def signal(self, recipient: str) -> None:
        """Send something to another session."""
        message = {"ev": "message", "sessionId": self.session_id}
        message["fn"] = json.dumps({"to": recipient, "type": "offer"})
        await self.ask(
            "POST", "/signaling/{}", data={"messages": json.dumps([message])}
        )

    async def stay(self) -> None:
        """Wait for messages until tired of it."""
        while not self.is_tired:
            parameters = {**POLL, "lastKnownMessageId": self.known}
            answer = await self.ask("GET", "/chat/{}", params=parameters)
            self.answers += 1
            if answer.status_code == 200:
                self.known = int(answer.headers["X-Chat-Last-Given"])


class Town:
    """Those who stay in the room, and those who come by."""

    def __init__(self, clock: Clock, token: str, cookies: list[dict[str, str]]) -> None:
        self.clock = clock
        self.token = token
        self.cookies = cookies
        self.residents: list[Visitor] = []
        self.minutes = 0
        """How many have passed."""
        self.newest = 0
        """Id of the last message in the room."""
        self._application = talk.asgi.application(get_asgi_application())
        self._stack = AsyncExitStack()
        self._stays: list[asyncio.Task[None]] = []

    async def settle(self) -> None:
        """Have all residents come to stay, of whom one is in the call."""
        self.residents = [await self.arrive(cookies) for cookies in self.cookies]
        await self.residents[0].ask("POST", "/call/{}")
        self.newest = (await in_database(ids_of, self.token))[-1]
        for resident in self.residents:
            self._stays.append(asyncio.create_task(resident.stay()))

    async def arrive(self, cookies: dict[str, str] | None = None) -> Visitor:
        """Return somebody who has joined just now, a guest without a cookie."""
        http = httpx.AsyncClient(
            transport=httpx.ASGITransport(self._application),
            base_url="http://localhost",
            cookies=cookies,
            headers={"OCS-APIRequest": "true", "Accept": "application/json"},
        )
        await self._stack.enter_async_context(http)
        visitor = Visitor(http, self.token, known=self.newest)
        await visitor.join()
        return visitor

    async def let_minutes_pass(self, count: int = 1, visitors: int = 0) -> None:
        """In each, let all polls end, and have those of the residents begin again."""
        for _ in range(count):
            self.minutes += 1
            # Who still reads would begin to wait after the jump.
            await until(lambda known: known == {self.newest}, self._known)
            await self.until_waiting(len(self.residents) + visitors)
            before = [resident.answers for resident in self.residents]
            self.clock.jump(MINUTE)

            def has_passed(answers: list[int], before: list[int] = before) -> bool:
                return all(map(int.__gt__, answers, before))

            await until(has_passed, self._answers)

    async def until_waiting(self, count: int) -> None:
        """Return when so many polls wait."""

        async def waiters() -> int:
            return current_hub().rooms.waiter_count

        await until(lambda found: found == count, waiters)

    async def _known(self) -> set[int]:
        return {resident.known for resident in self.residents}

    async def _answers(self) -> list[int]:
        for stay in self._stays:
            if stay.done():
                stay.result()
        return [resident.answers for resident in self.residents]

    async def leave(self) -> None:
        """Have everybody go, which the end of the hub gives them the chance to."""
        for resident in self.residents:
            resident.is_tired = True
        await stop_hub()
        await asyncio.gather(*self._stays)
        await self._stack.aclose()


@pytest_asyncio.fixture
async def town(transactional_db: None, clock: Clock, settings) -> AsyncIterator[Town]:
    """A public room with two users in it."""
    settings.CHANNEL_LAYERS = {
        "default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}
    }
    token, cookies = await in_database(make_room)
    town = Town(clock, token, cookies)
    await town.settle()
    yield town
    await town.leave()


def make_room() -> tuple[str, list[dict[str, str]]]:
    people = [UserFactory() for _ in range(2)]
    client = TalkClient(people[0])
    token = client.create_room()
    client.post(f"/room/{token}/participants", newParticipant=people[1].username)
    return token, [session_cookie(person) for person in people]


async def test_an_hour_of_visits_leaves_nothing_behind(town: Town) -> None:
    await visit_politely(town)
    await visit_rudely(town)
    await town.let_minutes_pass(AFTERMATH)
    await town.until_waiting(len(town.residents))
    before = await kept()

    for _ in range(MINUTES // 2):
        await visit_politely(town)
        await visit_rudely(town)
    await town.let_minutes_pass(AFTERMATH)

    async def more() -> Counter[str]:
        return await kept() - before - LASTING

    while await more() and town.minutes < MINUTES + LATEST:
        # The reaper may have been at work while the last minutes passed.
        await town.let_minutes_pass()

    await until_nothing(more)


async def visit_politely(town: Town) -> None:
    """A minute in which a guest comes, says something and goodbye."""
    guest = await town.arrive()
    said = await guest.ask("POST", "/chat/{}", data={"message": "hello"})
    town.newest = said.json()["ocs"]["data"]["id"]
    await guest.ask("DELETE", "/room/{}/participants/active")
    await town.let_minutes_pass()


async def visit_rudely(town: Town) -> None:
    """A minute in which a guest and a device come, wait, and are never heard of again."""
    visitors = [await town.arrive(), await town.arrive(town.cookies[1])]
    stays = [asyncio.create_task(visitor.stay()) for visitor in visitors]
    await town.until_waiting(len(town.residents) + len(visitors))
    await town.residents[0].signal(visitors[1].session_id)
    for visitor in visitors:
        visitor.is_tired = True
    await town.let_minutes_pass(visitors=len(visitors))
    await asyncio.gather(*stays)


async def kept() -> Counter[str]:
    """Return what the process keeps, and the rows."""
    gc.collect()
    names = [
        f"{type(one).__module__}.{type(one).__qualname__}" for one in gc.get_objects()
    ]
    found = Counter(name for name in names if OURS.match(name))
    found.update(task.get_coro().__qualname__ for task in asyncio.all_tasks())
    found.update(thread.name.rstrip("0123456789_-") for thread in threading.enumerate())
    found.update(await in_database(rows))
    found["waiters"] = current_hub().rooms.waiter_count
    return found


def rows() -> dict[str, int]:
    return {f"rows of {table.__name__}": table.objects.count() for table in TABLES}
