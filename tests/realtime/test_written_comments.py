"""Comments that this process has written, which its waiters get without a read."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest
from asgiref.testing import ApplicationCommunicator
from django.core.asgi import get_asgi_application

import talk.asgi
from talk.domain.access import NOBODY
from talk.domain.events import (
    CommentPosted,
    add_comment_listener,
    record,
    remove_comment_listener,
)
from talk.hints import Hint
from talk.models import Names, atomic
from talk.signals import message_posted
from tests.api.helpers import put_in
from tests.client import BASE, TalkClient
from tests.factories import UserFactory
from tests.realtime.conftest import asleep, counted, ids_in, waiting_in
from tests.servers import session_cookie

pytestmark = [pytest.mark.asyncio, pytest.mark.usefixtures("one_process")]

NEVER = 30.0


def comment(pk: int, position: int) -> Any:
    """Return a comment of room 1 as its writer has it."""
    return SimpleNamespace(
        room_id=1,
        pk=pk,
        position=position,
        comment_count=position,
        actor_guest_id=None,
    )


def posted(message: Any) -> CommentPosted:
    """Return the event of a comment in room 1."""
    room: Any = SimpleNamespace(pk=1, token="room1")
    return CommentPosted(room=room, actor=NOBODY, message=message, names=Names())


class TestInAHub:
    async def test_a_comment_that_follows_what_is_known_is_not_read(
        self, hub, database
    ) -> None:
        with waiting_in(hub) as waiter:
            (task,) = await asleep(hub, waiter)
            reads = database.reads
            hub.dispatcher.add_written(comment(30, 3), Names())
            hub.dispatcher.dispatch([Hint(room_id=1, position=3)])
            assert await task is True
            assert ids_in(waiter.news) == [30]
            assert database.reads == reads

    async def test_several_such_comments_are_not_read_in_any_order(
        self, hub, database
    ) -> None:
        with waiting_in(hub) as waiter:
            (task,) = await asleep(hub, waiter)
            reads = database.reads
            hub.dispatcher.add_written(comment(40, 4), Names())
            hub.dispatcher.add_written(comment(30, 3), Names())
            hub.dispatcher.dispatch([Hint(room_id=1, position=4)])
            await task
            assert ids_in(waiter.news) == [30, 40]
            assert database.reads == reads

    @pytest.mark.parametrize(
        ("pk", "position"), [(40, 4), (30, 3)], ids=["between", "at the end"]
    )
    async def test_comments_with_a_gap_are_read(
        self, hub, database, pk: int, position: int
    ) -> None:
        with waiting_in(hub) as waiter:
            (task,) = await asleep(hub, waiter)
            database.rooms[1] += [30, 40]
            hub.dispatcher.add_written(comment(pk, position), Names())
            hub.dispatcher.dispatch([Hint(room_id=1, position=4)])
            await task
            assert ids_in(waiter.news) == [30, 40]

    async def test_a_comment_without_its_hint_wakes_nobody(self, hub, database) -> None:
        with waiting_in(hub) as waiter:
            (task,) = await asleep(hub, waiter)
            hub.dispatcher.add_written(comment(30, 3), Names())
            await asyncio.sleep(0)
            assert not task.done()
            task.cancel()

    async def test_a_comment_that_was_read_before_is_delivered_once(
        self, hub, database
    ) -> None:
        with waiting_in(hub) as waiter:
            (task,) = await asleep(hub, waiter)
            database.rooms[1].append(30)
            hub.dispatcher.dispatch([Hint(room_id=1, position=3)])
            await task
        hub.dispatcher.add_written(comment(30, 3), Names())
        with waiting_in(hub, after=30, position=3) as waiter:
            (task,) = await asleep(hub, waiter)
            hub.dispatcher.add_written(comment(40, 4), Names())
            hub.dispatcher.dispatch([Hint(room_id=1, position=4)])
            await task
            assert ids_in(waiter.news) == [40]

    async def test_a_comment_that_was_cleared_is_read(self, hub, database) -> None:
        with waiting_in(hub) as waiter:
            (task,) = await asleep(hub, waiter)
            hub.dispatcher.add_written(comment(30, 3), Names())
            hub.rooms.get(1).cache.clear()
            database.rooms[1].append(31)
            hub.dispatcher.dispatch([Hint(room_id=1, position=3)])
            await task
            assert ids_in(waiter.news) == [31]

    async def test_a_room_without_waiters_keeps_no_comment(self, hub, database) -> None:
        hub.dispatcher.add_written(comment(30, 3), Names())
        assert hub.rooms.get(1) is None

    async def test_a_room_whose_waiters_have_left_keeps_a_hundred_comments(
        self, hub, database
    ) -> None:
        with waiting_in(hub) as waiter:
            await hub.waker.fetch_news(waiter)
        for number in range(3, 203):
            hub.dispatcher.add_written(comment(number * 10, number), Names())
        database.rooms[1] += [number * 10 for number in range(3, 203)]
        with waiting_in(hub, position=202) as waiter:
            assert len(ids_in(await hub.waker.fetch_news(waiter))) == 100


@pytest.mark.django_db(transaction=True)
class TestFromDomain:
    async def test_a_comment_that_is_rolled_back_reaches_no_listener(
        self, real_hub
    ) -> None:
        def write_and_fail() -> None:
            record(posted(comment(30, 3)))
            raise RuntimeError

        with listening() as comments:
            with pytest.raises(RuntimeError):
                await real_hub.threads.run(atomic(write_and_fail))
            assert comments == []

    async def test_a_committed_comment_reaches_the_listeners(self, real_hub) -> None:
        def write() -> None:
            record(posted(comment(30, 3)))

        with listening() as comments:
            await real_hub.threads.run(atomic(write))
            assert [message.pk for message in comments] == [30]

    async def test_receivers_of_signals_get_a_copy_of_their_own(
        self, real_hub, site
    ) -> None:
        def spoil(message: Any, **rest: Any) -> None:
            message.pk = None

        message_posted.connect(spoil)
        try:
            with listening() as comments:
                await site.send("bob", message="hello")
        finally:
            message_posted.disconnect(spoil)
        assert comments[0].pk is not None

    async def test_a_comment_of_a_guest_reaches_no_listener(
        self, real_hub, site
    ) -> None:
        with listening() as comments:
            await site.send("guest", message="hello")
        assert comments == []


@contextmanager
def listening() -> Iterator[list[Any]]:
    """Listen to comments, besides the hub."""
    comments: list[Any] = []

    def take(message: Any, names: Names) -> None:
        comments.append(message)

    add_comment_listener(take)
    try:
        yield comments
    finally:
        remove_comment_listener(take)


class Site:
    """A public room of Alice with Bob and a guest in it."""

    def __init__(self) -> None:
        self.alice = UserFactory(username="alice")
        self.bob = UserFactory(username="bob", first_name="Bob", last_name="Builder")
        owner = TalkClient(self.alice)
        self.token = owner.create_room(type=3)
        put_in(self.token, self.bob)
        self.last = owner.say(self.token, "first")
        guest = TalkClient()
        assert guest.post(f"/room/{self.token}/participants/active").status == 200
        self.cookies = {
            "alice": session_cookie(self.alice),
            "bob": session_cookie(self.bob),
            "guest": {name: kept.value for name, kept in guest.http.cookies.items()},
        }
        self.application = talk.asgi.application(get_asgi_application())

    async def send(self, author: str, **values: str) -> None:
        """Post a message through the application."""
        body = urlencode(values).encode()
        request = self._request("POST", author, b"", body)
        await request.send_input({"type": "http.request", "body": body})
        assert (await request.receive_output(NEVER))["status"] == 201
        await request.receive_output(NEVER)
        await request.wait(NEVER)

    def poll(self, timeout: int) -> ApplicationCommunicator:
        """Poll as Alice for messages after the first one."""
        query = (
            f"lookIntoFuture=1&lastKnownMessageId={self.last}"
            f"&timeout={timeout}&format=json"
        )
        return self._request("GET", "alice", query.encode(), b"")

    def _request(
        self, method: str, who: str, query: bytes, body: bytes
    ) -> ApplicationCommunicator:
        cookies = self.cookies[who].items()
        cookie = "; ".join(f"{name}={value}" for name, value in cookies)
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "path": f"{BASE}/chat/{self.token}",
            "query_string": query,
            "headers": [
                (b"host", b"testserver"),
                (b"cookie", cookie.encode()),
                (b"ocs-apirequest", b"true"),
                (b"content-type", b"application/x-www-form-urlencoded"),
                (b"content-length", str(len(body)).encode()),
            ],
            "client": ("192.0.2.1", 50_000),
        }
        return ApplicationCommunicator(self.application, scope)


async def answer_to(poll: ApplicationCommunicator) -> tuple[dict[bytes, bytes], Any]:
    """Return the headers and the messages of a response."""
    start = await poll.receive_output(NEVER)
    body = (await poll.receive_output(NEVER))["body"]
    await poll.wait(NEVER)
    return dict(start["headers"]), json.loads(body)["ocs"]["data"]


async def until_asleep(hub: Any) -> None:
    """Return when a poll is asleep."""
    async with asyncio.timeout(NEVER):
        while not any(room.sleeping_waiters() for room in hub.rooms):  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.001)


@pytest.fixture
def site(transactional_db: None) -> Site:
    return Site()


def of_messages(statements: list[str]) -> list[str]:
    """Return the statements about the table of messages."""
    return [sql for sql in statements if "talk_message" in sql]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "hello @alice and @bob, not @nobody",
        " trimmed, with \u00fcmlauts \U0001f600 ",
    ],
)
async def test_a_waiter_gets_the_same_response_as_from_the_database(
    real_hub, site, text: str
) -> None:
    poll = site.poll(timeout=60)
    await poll.send_input({"type": "http.request", "body": b""})
    await until_asleep(real_hub)
    with counted(real_hub.threads) as statements:
        await site.send("bob", message=text)
        handed_over = await answer_to(poll)
    assert of_messages(statements) == []

    for room in real_hub.rooms:
        room.cache.clear()
    read = site.poll(timeout=0)
    with counted(real_hub.threads) as statements:
        await read.send_input({"type": "http.request", "body": b""})
        assert handed_over == await answer_to(read)
    assert of_messages(statements) != []
