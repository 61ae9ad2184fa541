"""Internal signaling through real server processes."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from talk.rendering.signaling import NO_CONNECTED_USERS
from tests import servers
from tests.client import TalkClient
from tests.factories import UserFactory
from tests.servers import BASE, Server, open_client, until_waiting

pytestmark = [
    pytest.mark.server,
    pytest.mark.asyncio,
    pytest.mark.django_db(transaction=True),
]

CANDIDATES = 200


@dataclass
class Peer:
    """A browser in the room, and the session with which it has joined."""

    client: httpx.AsyncClient
    session_id: str
    token: str

    async def poll(self) -> httpx.Response:
        return await self.client.get(f"{BASE}/signaling/{self.token}")

    async def send(self, to: Peer, **payload: Any) -> None:
        """Send one message; the response is a 200 without data."""
        text = json.dumps({"to": to.session_id, **payload})
        element = {"ev": "message", "sessionId": self.session_id, "fn": text}
        answer = await self.client.post(
            f"{BASE}/signaling/{self.token}", data={"messages": json.dumps([element])}
        )
        assert answer.status_code == 200
        assert answer.json()["ocs"]["data"] == []

    async def act(self, method: str, path: str, **data: Any) -> httpx.Response:
        answer = await self.client.request(method, f"{BASE}{path}", data=data)
        assert answer.status_code == 200, answer.text
        return answer


@pytest.fixture
def server(transactional_db: None) -> Iterator[Server]:
    """The example project under uvicorn, on the test database."""
    server = servers.uvicorn_server()
    yield server
    server.kill()


@pytest.fixture
def room(transactional_db: None) -> tuple[str, dict[str, str]]:
    """A public room: its token, and its owner's cookie."""
    owner = UserFactory()
    return TalkClient(owner).create_room(type=3), servers.session_cookie(owner)


@asynccontextmanager
async def joined(
    server: Server, token: str, cookies: dict[str, str] | None = None
) -> AsyncIterator[Peer]:
    """Open a browser that has joined the room."""
    async with open_client(server, cookies) as client:
        answer = await client.post(f"{BASE}/room/{token}/participants/active")
        yield Peer(client, answer.json()["ocs"]["data"]["sessionId"], token)


def entries(answer: httpx.Response) -> list[dict[str, Any]]:
    """Return the data of the response to a poll."""
    assert answer.status_code == 200, answer.text
    return answer.json()["ocs"]["data"]


def users_in(answer: httpx.Response) -> dict[str, int]:
    """Return the in-call flags of the connected users, by session id."""
    last = entries(answer)[-1]
    assert last["type"] == "usersInRoom"
    return {user["sessionId"]: user["inCall"] for user in last["data"]}


def messages_in(answer: httpx.Response) -> list[dict[str, Any]]:
    """Return the messages in a response."""
    found = entries(answer)
    return [json.loads(one["data"]) for one in found if one["type"] == "message"]


async def test_a_waiting_poll_is_answered_after_each_change_in_the_room(
    server, room
) -> None:
    token, cookie = room
    async with AsyncExitStack() as stack:
        owner = await stack.enter_async_context(joined(server, token, cookie))
        assert users_in(await owner.poll()) == {owner.session_id: 0}

        waiting = asyncio.create_task(owner.poll())
        await until_waiting(server, 1)
        guest = await stack.enter_async_context(joined(server, token))
        assert users_in(await waiting) == {owner.session_id: 0, guest.session_id: 0}

        waiting = asyncio.create_task(owner.poll())
        await until_waiting(server, 1)
        await guest.act("POST", f"/call/{token}", flags=3)
        assert users_in(await waiting)[guest.session_id] == 3

        waiting = asyncio.create_task(owner.poll())
        await until_waiting(server, 1)
        await guest.act("POST", f"/guest/{token}/name", displayName="Gwen")
        assert users_in(await waiting)[guest.session_id] == 3

        waiting = asyncio.create_task(owner.poll())
        await until_waiting(server, 1)
        await guest.send(owner, type="offer")
        (offer,) = messages_in(await waiting)
        assert (offer["type"], offer["from"]) == ("offer", guest.session_id)

        waiting = asyncio.create_task(owner.poll())
        await until_waiting(server, 1)
        await guest.act("DELETE", f"/room/{token}/participants/active")
        assert users_in(await waiting) == {owner.session_id: 0}


async def test_the_poll_of_a_removed_session_ends_with_no_connected_users(
    server, room
) -> None:
    token, cookie = room
    async with (
        joined(server, token, cookie) as owner,
        joined(server, token) as guest,
    ):
        await guest.poll()
        waiting = asyncio.create_task(guest.poll())
        await until_waiting(server, 1)
        path = f"/room/{token}/participants/guests?participant={guest.session_id}"
        await owner.act("DELETE", path)
        answer = await waiting
    assert answer.status_code == 404
    assert answer.json()["ocs"]["data"] == NO_CONNECTED_USERS


async def test_a_new_poll_of_a_session_ends_its_older_one(server, room) -> None:
    token, cookie = room
    async with joined(server, token, cookie) as owner:
        await owner.poll()
        older = asyncio.create_task(owner.poll())
        await until_waiting(server, 1)
        newer = asyncio.create_task(owner.poll())
        assert users_in(await older) == {owner.session_id: 0}
        await owner.act("POST", f"/call/{token}")
        assert users_in(await newer) == {owner.session_id: 7}


async def test_a_message_to_a_disconnected_client_waits_for_the_next_poll(
    server, room
) -> None:
    token, cookie = room
    async with (
        joined(server, token, cookie) as owner,
        joined(server, token) as guest,
    ):
        await owner.poll()
        waiting = asyncio.create_task(owner.poll())
        await until_waiting(server, 1)
        waiting.cancel()
        await until_waiting(server, 0)
        await guest.send(owner, type="offer")
        (offer,) = messages_in(await owner.poll())
        assert offer["type"] == "offer"


async def test_a_signal_to_stop_answers_polls_with_the_connected_users(
    server, room
) -> None:
    token, cookie = room
    async with joined(server, token, cookie) as owner:
        await owner.poll()
        waiting = asyncio.create_task(owner.poll())
        await until_waiting(server, 1)
        server.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(servers.PATIENCE):
            assert users_in(await waiting) == {owner.session_id: 0}
    await asyncio.to_thread(server.wait)


@pytest.mark.postgres
@pytest.mark.redis
async def test_two_peers_on_two_processes_receive_everything_once_and_in_order(
    server, room
) -> None:
    token, cookie = room
    other = await servers.in_database(servers.uvicorn_server)
    try:
        async with (
            joined(server, token, cookie) as alice,
            joined(other, token) as guest,
        ):
            received = await asyncio.gather(
                receive(alice), receive(guest), negotiate(alice, guest)
            )
    finally:
        other.kill()
    offered = ["offer", *range(CANDIDATES)]
    answered = ["answer", *range(CANDIDATES)]
    assert received[:2] == [answered, offered]


async def negotiate(alice: Peer, guest: Peer) -> None:
    """Let both send the first messages of a call, at the same time."""

    async def send_all(sender: Peer, recipient: Peer, kind: str) -> None:
        await sender.send(recipient, type=kind)
        for number in range(CANDIDATES):
            await sender.send(recipient, type="candidate", sid=number)

    await asyncio.gather(
        send_all(alice, guest, "offer"), send_all(guest, alice, "answer")
    )


async def receive(peer: Peer) -> list[Any]:
    """Poll as a browser does until all messages have come; return them in order."""
    found: list[Any] = []
    async with asyncio.timeout(4 * servers.PATIENCE):
        while len(found) < CANDIDATES + 1:
            messages = messages_in(await peer.poll())
            found += [message.get("sid", message["type"]) for message in messages]
    return found
