"""An hour of visits in some seconds: the clock jumps, nothing else is faked."""

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
"""Seconds after which every earlier poll has ended."""

CLEANUP_MINUTES = 6
"""Minutes after which nothing needs to be kept of clients that have left."""

POLL = {"lookIntoFuture": 1, "timeout": 60}

EXTRA_MINUTES = 30
"""Minutes after which everything temporary must be gone."""

OURS = re.compile(r"talk\.|channels\.|django\.core\.handlers\.")
TABLES: tuple[type[Model], ...] = (Session, Participant, SignalingMessage)


class Clock:
    """The clocks of the process: the time of the day, and that of the event loop."""

    def __init__(self, traveller: Any) -> None:
        self._traveller = traveller
        self._monotonic = time.monotonic
        self._ahead = 0.0

    def monotonic(self) -> float:
        """Replacement for `time.monotonic`."""
        return self._monotonic() + self._ahead

    def jump(self, seconds: float) -> None:
        """Move both clocks forward."""
        self._traveller.shift(seconds)
        self._ahead += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """A clock that runs and can jump."""
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
        self.is_done = False

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
        """Send a signaling message to another session."""
        message = {"ev": "message", "sessionId": self.session_id}
        message["fn"] = json.dumps({"to": recipient, "type": "offer"})
        await self.ask(
            "POST", "/signaling/{}", data={"messages": json.dumps([message])}
        )

    async def stay(self) -> None:
        """Poll until told to stop."""
        while not self.is_done:
            parameters = {**POLL, "lastKnownMessageId": self.known}
            answer = await self.ask("GET", "/chat/{}", params=parameters)
            self.answers += 1
            if answer.status_code == 200:
                self.known = int(answer.headers["X-Chat-Last-Given"])


class LongRun:
    """A room with users who stay, and with visitors."""

    def __init__(self, clock: Clock, token: str, cookies: list[dict[str, str]]) -> None:
        self.clock = clock
        self.token = token
        self.cookies = cookies
        self.users: list[Visitor] = []
        self.minutes = 0
        """Minutes that have passed."""
        self.newest = 0
        """Id of the last message in the room."""
        self._application = talk.asgi.application(get_asgi_application())
        self._stack = AsyncExitStack()
        self._stays: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Let all users join and poll; one of them is in the call."""
        self.users = [await self.join_as(cookies) for cookies in self.cookies]
        await self.users[0].ask("POST", "/call/{}")
        self.newest = (await in_database(ids_of, self.token))[-1]
        for user in self.users:
            self._stays.append(asyncio.create_task(user.stay()))

    async def join_as(self, cookies: dict[str, str] | None = None) -> Visitor:
        """Return a client that has just joined; without cookies, a guest."""
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

    async def pass_minutes(self, count: int = 1, visitors: int = 0) -> None:
        """Let minutes pass. In each, all polls end and the users who stay poll again."""
        for _ in range(count):
            self.minutes += 1
            # A client that still reads would begin to wait after the jump.
            await until(lambda known: known == {self.newest}, self._known)
            await self.until_waiting(len(self.users) + visitors)
            before = [user.answers for user in self.users]
            self.clock.jump(MINUTE)

            def have_answers(answers: list[int], before: list[int] = before) -> bool:
                return all(map(int.__gt__, answers, before))

            await until(have_answers, self._answers)

    async def until_waiting(self, count: int) -> None:
        """Return when that many polls wait."""

        async def waiters() -> int:
            return current_hub().rooms.waiter_count

        await until(lambda found: found == count, waiters)

    async def _known(self) -> set[int]:
        return {user.known for user in self.users}

    async def _answers(self) -> list[int]:
        for stay in self._stays:
            if stay.done():
                stay.result()
        return [user.answers for user in self.users]

    async def leave(self) -> None:
        """Stop the polls of all users, which the end of the hub answers."""
        for user in self.users:
            user.is_done = True
        await stop_hub()
        await asyncio.gather(*self._stays)
        await self._stack.aclose()


@pytest_asyncio.fixture
async def run(transactional_db: None, clock: Clock, settings) -> AsyncIterator[LongRun]:
    """A public room with two users in it."""
    settings.CHANNEL_LAYERS = {
        "default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}
    }
    token, cookies = await in_database(make_room)
    run = LongRun(clock, token, cookies)
    await run.start()
    yield run
    await run.leave()


def make_room() -> tuple[str, list[dict[str, str]]]:
    people = [UserFactory() for _ in range(2)]
    client = TalkClient(people[0])
    token = client.create_room()
    client.post(f"/room/{token}/participants", newParticipant=people[1].username)
    return token, [session_cookie(person) for person in people]


async def test_an_hour_of_visits_leaves_nothing_behind(run: LongRun) -> None:
    await visit_and_leave(run)
    await visit_and_disappear(run)
    await run.pass_minutes(CLEANUP_MINUTES)
    await run.until_waiting(len(run.users))
    before = await count_everything()

    for _ in range(MINUTES // 2):
        await visit_and_leave(run)
        await visit_and_disappear(run)
    await run.pass_minutes(CLEANUP_MINUTES)

    async def more() -> Counter[str]:
        return await count_everything() - before - LASTING

    while await more() and run.minutes < MINUTES + EXTRA_MINUTES:
        # The reaper may have been running during the last minutes.
        await run.pass_minutes()

    await until_nothing(more)


async def visit_and_leave(run: LongRun) -> None:
    """A minute in which a guest joins, posts a message and leaves."""
    guest = await run.join_as()
    said = await guest.ask("POST", "/chat/{}", data={"message": "hello"})
    run.newest = said.json()["ocs"]["data"]["id"]
    await guest.ask("DELETE", "/room/{}/participants/active")
    await run.pass_minutes()


async def visit_and_disappear(run: LongRun) -> None:
    """A minute in which a guest and a device join, poll, and disappear without leaving."""
    visitors = [await run.join_as(), await run.join_as(run.cookies[1])]
    stays = [asyncio.create_task(visitor.stay()) for visitor in visitors]
    await run.until_waiting(len(run.users) + len(visitors))
    await run.users[0].signal(visitors[1].session_id)
    for visitor in visitors:
        visitor.is_done = True
    await run.pass_minutes(visitors=len(visitors))
    await asyncio.gather(*stays)


async def count_everything() -> Counter[str]:
    """Count the objects, tasks, threads and waiters of the process, and rows."""
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
