"""Long polls through real server processes."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from talk.conf import TalkSettings
from talk.constants import SESSION_ID_LENGTH
from tests import servers
from tests.api.helpers import put_in
from tests.client import TalkClient
from tests.factories import UserFactory
from tests.servers import BASE, Server, open_client, poll, say, until_waiting

pytestmark = [pytest.mark.server, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def server(transactional_db: None) -> Iterator[Server]:
    """The example project under uvicorn, on the test database."""
    server = servers.uvicorn_server()
    yield server
    server.kill()


@pytest.fixture
def room(transactional_db: None) -> tuple[str, int, dict[str, str]]:
    """A public room: its token, the id of its last message, its owner's cookie."""
    owner = UserFactory()
    client = TalkClient(owner)
    token = client.create_room(type=3)
    return token, client.say(token, "first"), servers.session_cookie(owner)


def ids(response: Any) -> list[int]:
    """Return the ids of the messages in a response."""
    return [message["id"] for message in response.json()["ocs"]["data"]]


@pytest.mark.asyncio
async def test_a_waiting_poll_is_answered_when_another_client_posts(
    server, room
) -> None:
    token, last, cookie = room
    async with (
        open_client(server, cookie) as reader,
        open_client(server, cookie) as writer,
    ):
        waiting = asyncio.create_task(poll(reader, token, last))
        await until_waiting(server, 1)

        posted = await say(writer, token, "news")
        answer = await waiting

    assert answer.status_code == 200
    assert ids(answer) == [posted]
    assert answer.headers["X-Chat-Last-Given"] == str(posted)


@pytest.mark.asyncio
async def test_a_guest_with_only_a_cookie_can_poll_and_post(server, room) -> None:
    token, last, cookie = room
    async with open_client(server) as guest, open_client(server, cookie) as owner:
        joined = await guest.post(f"{BASE}/room/{token}/participants/active")
        assert len(joined.json()["ocs"]["data"]["sessionId"]) == SESSION_ID_LENGTH
        waiting = asyncio.create_task(poll(guest, token, last))
        await until_waiting(server, 1)

        heard = await say(owner, token, "welcome")
        assert ids(await waiting) == [heard]

        said = await say(guest, token, "thank you")
        assert ids(await poll(owner, token, heard)) == [said]


@pytest.mark.asyncio
async def test_a_poll_without_news_ends_with_an_empty_304(server, room) -> None:
    token, last, cookie = room
    async with open_client(server, cookie) as reader:
        answer = await poll(reader, token, last, seconds=1)

    assert answer.status_code == 304
    assert answer.content == b""
    assert "X-Chat-Last-Given" not in answer.headers


@pytest.mark.asyncio
async def test_500_waiting_polls_use_neither_threads_nor_connections(
    server, room
) -> None:
    token, last, cookie = room
    async with (
        open_client(server, cookie) as reader,
        open_client(server, cookie) as writer,
    ):
        waiting = [asyncio.create_task(poll(reader, token, last)) for _ in range(500)]
        await until_waiting(server, 500)

        # The pool of the polls, one thread for each request that runs, the main thread
        # and others of the process: none of it depends on the 500.
        assert server.threads < 40
        assert server.database_connections <= 2 * TalkSettings().POLL_THREADS + 3

        posted = await say(writer, token, "news")
        answers = await asyncio.gather(*waiting)

    assert [ids(answer) for answer in answers] == [[posted]] * 500


@pytest.mark.asyncio
async def test_a_poll_of_a_disconnected_client_ends(server, room) -> None:
    token, last, cookie = room
    async with open_client(server, cookie) as reader:
        waiting = asyncio.create_task(poll(reader, token, last))
        await until_waiting(server, 1)
        waiting.cancel()
    await until_waiting(server, 0)


@pytest.mark.asyncio
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_to_stop_answers_all_waiting_polls(server, room, number) -> None:
    token, last, cookie = room
    async with open_client(server, cookie) as reader:
        waiting = [asyncio.create_task(poll(reader, token, last)) for _ in range(50)]
        await until_waiting(server, 50)

        server.process.send_signal(number)
        # Much less than the timeout of the polls, which is a minute.
        async with asyncio.timeout(servers.PATIENCE):
            answers = await asyncio.gather(*waiting)

    assert {answer.status_code for answer in answers} == {304}
    await asyncio.to_thread(server.wait)


@pytest.mark.asyncio
async def test_the_response_of_a_poll_that_waited_has_the_headers_of_middleware(
    server, room
) -> None:
    token, last, cookie = room
    async with open_client(server, cookie) as reader:
        at_once = await poll(reader, token, 0)
        waiting = asyncio.create_task(poll(reader, token, last))
        await until_waiting(server, 1)
        await say(reader, token, "news")
        waited = await waiting

    names = set(at_once.headers) - {"date"}
    assert names == set(waited.headers) - {"date"}
    assert waited.headers["Referrer-Policy"] == "same-origin"


@pytest.mark.postgres
@pytest.mark.redis
@pytest.mark.asyncio
async def test_two_processes_deliver_everything_once_and_in_order(server, room) -> None:
    token, last, cookie = room
    writers, pollers, each = 8, 20, 125
    other = await servers.in_database(servers.uvicorn_server)
    try:
        received = await asyncio.gather(
            *(
                collect([server, other][n % 2], cookie, token, last, writers * each)
                for n in range(pollers)
            ),
            *(
                write([server, other][n % 2], cookie, token, f"writer {n}", each)
                for n in range(writers)
            ),
        )
    finally:
        other.kill()

    timeline = received[0]
    assert len(timeline) == len(set(timeline)) == writers * each
    assert timeline == sorted(timeline)
    assert received[:pollers] == [timeline] * pollers
    written = [posted for posts in received[pollers:] for posted in posts]
    assert sorted(written) == timeline


@pytest.mark.postgres
@pytest.mark.asyncio
class TestWithoutRedis:
    """Two processes that share only the database."""

    @pytest.fixture
    def processes(
        self, transactional_db: None, monkeypatch: pytest.MonkeyPatch
    ) -> Iterator[list[Server]]:
        monkeypatch.delenv("REDIS_URL", raising=False)
        monkeypatch.setenv("TALK", json.dumps({"POLL_RECONCILE_SECONDS": 0.2}))
        processes = [servers.uvicorn_server() for _ in range(2)]
        yield processes
        for process in processes:
            process.kill()

    async def test_a_message_arrives_from_the_other_process(
        self, processes, room
    ) -> None:
        token, last, cookie = room
        here, there = processes
        async with (
            open_client(here, cookie) as reader,
            open_client(there, cookie) as writer,
        ):
            waiting = asyncio.create_task(poll(reader, token, last))
            await until_waiting(here, 1)
            posted = await say(writer, token, "news")
            async with asyncio.timeout(servers.PATIENCE):
                assert ids(await waiting) == [posted]

    async def test_a_participant_removed_in_the_other_process_loses_access(
        self, processes, room
    ) -> None:
        token, last, cookie = room
        here, there = processes

        def invite() -> dict[str, str]:
            bob = UserFactory(username="bob")
            put_in(token, bob)
            return servers.session_cookie(bob)

        cookie_of_bob = await servers.in_database(invite)
        async with (
            open_client(here, cookie_of_bob) as bob,
            open_client(there, cookie) as owner,
        ):
            assert (await poll(bob, token, last, 1)).status_code == 304
            path = f"{BASE}/room/{token}/participants"
            await owner.delete(path, params={"participant": "bob"})

            async def status() -> int:
                return (await poll(bob, token, 10**9, 1)).status_code

            await servers.until(lambda found: found == 404, status)


async def collect(
    server: Server, cookie: dict[str, str], token: str, after: int, count: int
) -> list[int]:
    """Poll as a client does until `count` messages have come; return their ids."""
    received: list[int] = []
    async with open_client(server, cookie) as client:
        while len(received) < count:
            answer = await poll(client, token, after)
            assert answer.status_code == 200
            received += ids(answer)
            after = int(answer.headers["X-Chat-Last-Given"])
    return received


async def write(
    server: Server, cookie: dict[str, str], token: str, name: str, count: int
) -> list[int]:
    """Post `count` messages one after the other; return their ids."""
    async with open_client(server, cookie) as client:
        return [await say(client, token, f"{name}: {n}") for n in range(count)]
