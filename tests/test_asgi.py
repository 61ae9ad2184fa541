"""The ASGI application: which requests the hub serves, and which Django."""

from __future__ import annotations

from typing import Any

import pytest

import talk.asgi
from talk.asgi import RequestKind
from talk.realtime.consumers import messages, polls, requests
from talk.realtime.consumers.base import TalkConsumer
from talk.realtime.hub import current_hub
from tests.client import BASE

pytestmark = pytest.mark.asyncio


kind_of = talk.asgi._kind_of


def scope(
    path: str, query: bytes = b"lookIntoFuture=1", **changes: Any
) -> dict[str, Any]:
    values = {"type": "http", "method": "GET", "path": path, "query_string": query}
    return {**values, **changes}


@pytest.mark.parametrize(
    "path",
    [f"{BASE}/chat/abcd2345", f"{BASE}//chat/abcd2345", f"//{BASE}/chat/abcd2345"],
)
async def test_a_request_for_new_messages_is_a_poll(path: str) -> None:
    assert kind_of(scope(path)) is RequestKind.POLL


async def test_a_chat_request_without_a_query_is_a_poll() -> None:
    assert kind_of(scope(f"{BASE}/chat/abcd2345", b"")) is RequestKind.POLL


async def test_a_signaling_request_is_a_poll() -> None:
    assert kind_of(scope(f"{BASE}/signaling/abcd2345", b"")) is RequestKind.POLL


async def test_a_request_that_sends_a_message_is_a_message() -> None:
    sent = scope(f"{BASE}/chat/abcd2345", b"", method="POST")
    assert kind_of(sent) is RequestKind.MESSAGE


@pytest.mark.parametrize(
    ("path", "method"),
    [
        (f"{BASE}/room", "GET"),
        (f"{BASE}/room/abcd2345", "GET"),
        (f"{BASE}/room/abcd2345", "PUT"),
        (f"{BASE}/room/abcd2345/participants/active", "POST"),
        (f"{BASE}/room/abcd2345/participants/active", "DELETE"),
        (f"{BASE}/signaling/abcd2345", "POST"),
        (f"{BASE}/chat/abcd2345/mentions", "GET"),
        (f"{BASE}/chat/abcd2345", "PUT"),
        (f"{BASE}/chat/abcd2345/", "GET"),
        ("/ocs/v2.php/cloud/capabilities", "GET"),
    ],
)
async def test_the_rest_of_the_api_is_served_by_the_hub(path: str, method: str) -> None:
    assert kind_of(scope(path, method=method)) is RequestKind.OTHER


@pytest.mark.parametrize(
    "other",
    [
        scope(f"{BASE}/chat/abcd2345", method="HEAD"),
        scope(f"{BASE}/room", method="OPTIONS"),
        scope("/elsewhere"),
        scope("/elsewhere", method="POST"),
        scope("/ocs/elsewhere"),
        scope("/"),
        {"type": "websocket", "path": f"{BASE}/chat/abcd2345"},
        {"type": "websocket", "path": f"{BASE}/room"},
    ],
    ids=str,
)
async def test_everything_else_is_served_by_django(other: dict[str, Any]) -> None:
    assert kind_of(other) is None


async def test_a_site_below_a_root_path_is_recognised() -> None:
    below = scope(f"/cloud{BASE}/chat/abcd2345", root_path="/cloud")
    assert kind_of(below) is RequestKind.POLL


@pytest.mark.urls("tests.urls_below_prefix")
async def test_urls_below_a_prefix_are_recognised() -> None:
    assert kind_of(scope(f"/cloud{BASE}/chat/abcd2345")) is RequestKind.POLL
    assert kind_of(scope(f"{BASE}/chat/abcd2345")) is None


@pytest.mark.parametrize(
    ("path", "method", "consumer"),
    [
        (f"{BASE}/chat/abcd2345", "GET", polls.PollConsumer),
        (f"{BASE}/signaling/abcd2345", "GET", polls.PollConsumer),
        (f"{BASE}/chat/abcd2345", "POST", messages.MessageConsumer),
        (f"{BASE}/room", "GET", requests.RequestConsumer),
        (f"{BASE}/room", "POST", requests.RequestConsumer),
    ],
)
async def test_a_path_is_looked_up_once(
    path: str, method: str, consumer: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[Any] = []
    looked_up: list[Any] = []

    async def serve(self: Any, *arguments: Any) -> None:
        served.append((type(self), arguments))

    def find(urlconf: str, path: str) -> Any:
        looked_up.append(path)
        return find_request_kinds(urlconf, path)

    find_request_kinds = talk.asgi._find_request_kinds
    monkeypatch.setattr(talk.asgi, "_find_request_kinds", find)
    monkeypatch.setattr(TalkConsumer, "__call__", serve)
    arguments = (scope(path, method=method), object(), object())
    await talk.asgi.application(None)(*arguments)
    assert served == [(consumer, arguments)]
    assert looked_up == [path]


async def test_requests_for_django_are_passed_on_unchanged() -> None:
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
