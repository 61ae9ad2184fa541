"""The same requests get the same responses from an ASGI server and from a WSGI server."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from tests import servers
from tests.factories import PASSWORD, UserFactory
from tests.servers import BASE, Server, open_client, poll, say

pytestmark = [pytest.mark.server, pytest.mark.django_db(transaction=True)]

VARIABLE = {"id", "timestamp", "lastActivity", "lastPing", "lastLogin"}
"""Keys of numbers that differ from run to run."""

HEADERS = ("Content-Type", "Cache-Control", "Content-Security-Policy", "Allow")


class Transcript:
    """The responses of a server, in order, without values that differ from run to run."""

    def __init__(self) -> None:
        self.answers: list[Any] = []

    def note(self, response: httpx.Response) -> Any:
        """Add a response and return its data, if it is JSON."""
        headers = {name: response.headers.get(name) for name in HEADERS}
        last_given = "X-Chat-Last-Given" in response.headers
        is_json = "json" in (headers["Content-Type"] or "")
        body = response.json() if is_json else response.text
        self.answers.append((response.status_code, headers, last_given, fixed(body)))
        return body["ocs"]["data"] if is_json else None


def fixed(value: Any, key: str = "") -> Any:
    """Return `value` with everything variable replaced by its kind."""
    if isinstance(value, dict):
        return {name: fixed(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [fixed(item) for item in value]
    if key in VARIABLE and isinstance(value, int):
        return "number"
    if key == "token" or (key == "actorId" and len(value) == 40):
        return "id"
    return len(value) if key == "sessionId" else value


async def talk(server: Server, alice: Any, bob: Any) -> list[Any]:
    """Let two users and a guest use the whole API, and return the responses."""
    transcript = Transcript()
    note = transcript.note
    async with (
        open_client(
            server, await servers.in_database(servers.session_cookie, alice)
        ) as a,
        open_client(server) as b,
        open_client(server) as guest,
        httpx.AsyncClient(base_url=server.url) as bare,
    ):
        b.auth = (bob.get_username(), PASSWORD)
        note(await bare.get("/ocs/v1.php/cloud/capabilities"))
        note(
            await bare.get("/ocs/v2.php/cloud/capabilities", params={"format": "json"})
        )
        note(await b.get("/ocs/v1.php/cloud/user"))
        note(await bare.get(f"{BASE}/room"))
        note(await bare.get("/ocs/v2.php/nothing/here"))
        note(await a.get(f"{BASE}//room"))
        note(await a.put(f"{BASE}/room"))
        note(await a.post(f"{BASE}/room", headers={"OCS-APIRequest": "no"}))
        note(
            await a.post(
                f"{BASE}/room",
                content=b"{",
                headers={"Content-Type": "application/json"},
            )
        )
        one = {"roomType": 1, "invite": bob.get_username()}
        note(await a.post(f"{BASE}/room", params=one))
        note(
            await b.post(
                f"{BASE}/room", json={"roomType": 1, "invite": alice.get_username()}
            )
        )
        note(await a.post(f"{BASE}/room", data={"roomType": 2, "roomName": "Küche"}))
        token = note(await a.post(f"{BASE}/room", data={"roomType": 3}))["token"]
        active = f"{BASE}/room/{token}/participants/active"
        note(await guest.get(f"{BASE}/room/{token}"))
        note(await guest.get(f"{BASE}/chat/{token}"))
        note(await guest.post(active))
        note(await b.post(active))
        hello = {"message": "hello", "actorDisplayName": "Gwen"}
        note(await guest.post(f"{BASE}/chat/{token}", json=hello))
        note(await a.post(f"{BASE}/chat/{token}", data={"message": "x" * 1001}))
        note(await a.post(f"{BASE}/chat/{token}", data={"message": " "}))
        last = note(await a.get(f"{BASE}/chat/{token}"))[0]["id"]
        waiting = asyncio.create_task(poll(b, token, last, seconds=60))
        last = await say(a, token, "news")
        note(await waiting)
        note(await poll(b, token, last, seconds=1))
        note(
            await a.get(
                f"{BASE}/chat/{token}",
                params={"limit": "2", "lastKnownMessageId": last},
            )
        )
        note(await a.get(f"{BASE}/room"))
        note(await guest.get(f"{BASE}/room/{token}"))
        note(await guest.delete(active))
        note(await guest.delete(active))
        note(await b.delete(active))
    return transcript.answers


@pytest.mark.asyncio
async def test_asgi_and_wsgi_give_the_same_answers(transactional_db) -> None:
    transcripts = []
    for start in (servers.uvicorn_server, servers.wsgi_server):
        alice, bob = await servers.in_database(UserFactory.create_batch, 2)
        server = await servers.in_database(start)
        try:
            answers = await talk(server, alice, bob)
        finally:
            server.kill()
        names = {alice.get_username(): "alice", bob.get_username(): "bob"}
        transcripts.append(renamed(answers, names))

    under_asgi, under_wsgi = transcripts
    assert len(under_asgi) == len(under_wsgi)
    for number, (expected, found) in enumerate(
        zip(under_asgi, under_wsgi, strict=True)
    ):
        assert found == expected, number


def renamed(answers: list[Any], names: dict[str, str]) -> list[str]:
    """Return the responses as text, with the same names in each run."""
    texts = [repr(answer) for answer in answers]
    for name, other in names.items():
        texts = [
            text.replace(name, other).replace(name.title(), other) for text in texts
        ]
    return texts
