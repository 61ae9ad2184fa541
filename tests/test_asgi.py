"""The ASGI door: what goes to the hub, what to Django."""

from __future__ import annotations

from typing import Any

import pytest

import talk.asgi
from talk.realtime.hub import current_hub
from tests.client import BASE

pytestmark = pytest.mark.asyncio


def scope(
    path: str, query: bytes = b"lookIntoFuture=1", **changes: Any
) -> dict[str, Any]:
    values = {"type": "http", "method": "GET", "path": path, "query_string": query}
    return {**values, **changes}


@pytest.mark.parametrize(
    "path",
    [f"{BASE}/chat/abcd2345", f"{BASE}//chat/abcd2345", f"//{BASE}/chat/abcd2345"],
)
async def test_asking_for_new_messages_may_wait(path: str) -> None:
    assert talk.asgi._is_poll(scope(path))


@pytest.mark.parametrize(
    "other",
    [
        scope(f"{BASE}/chat/abcd2345", method="POST"),
        scope(f"{BASE}/room/abcd2345"),
        scope(f"{BASE}/chat/abcd2345/"),
        scope(f"{BASE}/chat/abcd2345", method="HEAD"),
        scope(f"{BASE}/signaling/abcd2345", method="POST"),
        scope("/elsewhere"),
        scope("/"),
        {"type": "websocket", "path": f"{BASE}/chat/abcd2345"},
    ],
)
async def test_everything_else_is_djangos(other: dict[str, Any]) -> None:
    assert not talk.asgi._is_poll(other)


async def test_what_a_body_asks_for_may_wait() -> None:
    assert talk.asgi._is_poll(scope(f"{BASE}/chat/abcd2345", b""))


@pytest.mark.parametrize(
    ("path", "method"),
    [
        (f"{BASE}/room", "GET"),
        (f"{BASE}/room/abcd2345/participants/active", "POST"),
        (f"{BASE}/room/abcd2345/participants/active", "DELETE"),
        (f"{BASE}/room/abcd2345", "PUT"),
        ("/ocs/v2.php/cloud/capabilities", "GET"),
    ],
)
async def test_the_api_is_served_in_our_threads(path: str, method: str) -> None:
    assert talk.asgi._is_request(scope(path, method=method))


@pytest.mark.parametrize(
    "other",
    [
        scope(f"{BASE}/chat/abcd2345", method="HEAD"),
        scope("/elsewhere", method="POST"),
        {"type": "websocket", "path": f"{BASE}/room"},
    ],
)
async def test_what_is_not_the_api_is_not(other: dict[str, Any]) -> None:
    assert not talk.asgi._is_request(other)


async def test_signaling_may_wait() -> None:
    assert talk.asgi._is_poll(scope(f"{BASE}/signaling/abcd2345", b""))


async def test_a_site_below_a_path_is_recognised() -> None:
    below = scope(f"/cloud{BASE}/chat/abcd2345", root_path="/cloud")
    assert talk.asgi._is_poll(below)


@pytest.mark.urls("tests.urls_below_prefix")
async def test_urls_below_a_prefix_are_recognised() -> None:
    assert talk.asgi._is_poll(scope(f"/cloud{BASE}/chat/abcd2345"))
    assert not talk.asgi._is_poll(scope(f"{BASE}/chat/abcd2345"))


async def test_the_rest_is_passed_on_untouched() -> None:
    received: list[Any] = []

    async def django_application(*arguments: Any) -> None:
        received.append(arguments)

    application = talk.asgi.application(django_application)
    arguments = (scope("/elsewhere"), object(), object())
    await application(*arguments)
    assert received == [arguments]


async def test_the_hub_lives_as_long_as_the_server() -> None:
    messages = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
    sent: list[str] = []
    hubs: list[Any] = []

    async def receive() -> dict[str, Any]:
        return next(messages)

    async def send(message: Any) -> None:
        sent.append(message["type"])
        if message["type"] == "lifespan.startup.complete":
            hubs.append(current_hub())

    await talk.asgi.application(None)({"type": "lifespan"}, receive, send)
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert hubs[0].is_draining
