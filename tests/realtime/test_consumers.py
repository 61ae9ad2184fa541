"""The consumer of long polls, from its first byte to its last."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.core.asgi import get_asgi_application

import talk.asgi
from talk.models import Room
from talk.realtime.consumers import base
from talk.realtime.hub import stop_hub
from talk.realtime.metrics import metrics
from tests.client import BASE, TalkClient
from tests.factories import UserFactory
from tests.servers import session_cookie

pytestmark = [pytest.mark.asyncio, pytest.mark.django_db(transaction=True)]

NEVER = 30.0


@pytest.fixture
def room(transactional_db: None) -> tuple[str, int, dict[str, str]]:
    """A room: its token, the id of its last message, its owner's cookie."""
    owner = UserFactory()
    client = TalkClient(owner)
    token = client.create_room()
    return token, client.say(token, "first"), session_cookie(owner)


def open_poll(
    room: tuple[str, int, dict[str, str]], **scope: Any
) -> ApplicationCommunicator:
    """Return a poll for what comes after the room's last message."""
    token, last, cookies = room
    cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
    query = f"lookIntoFuture=1&lastKnownMessageId={last}&timeout=60&format=json"
    application = talk.asgi.application(get_asgi_application())
    return ApplicationCommunicator(
        application,
        {
            "type": "http",
            "http_version": "1.1",
            "method": "GET",
            "path": f"{BASE}/chat/{token}",
            "query_string": query.encode(),
            "headers": [(b"host", b"testserver"), (b"cookie", cookie.encode())],
            **scope,
        },
    )


async def waiting(hub: Any, count: int) -> None:
    """Return when `count` polls wait in the hub."""
    async with asyncio.timeout(NEVER):
        while hub.rooms.waiter_count != count:  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.001)


async def test_a_room_that_is_deleted_ends_the_wait_with_a_404(real_hub, room) -> None:
    poll = open_poll(room)
    await poll.send_input({"type": "http.request", "body": b""})
    await waiting(real_hub, 1)
    await real_hub.threads.run(lambda: Room.objects.all().delete())
    await real_hub.reconciler.reconcile()

    start = await poll.receive_output(NEVER)
    body = await poll.receive_output(NEVER)
    assert start["status"] == 404
    assert b'"statuscode":404' in body["body"]
    await poll.wait(NEVER)


async def test_a_disconnected_client_gets_no_response(real_hub, room) -> None:
    poll = open_poll(room)
    await poll.send_input({"type": "http.request", "body": b""})
    await waiting(real_hub, 1)
    await poll.send_input({"type": "http.disconnect"})
    await poll.wait(NEVER)

    assert poll.output_queue.empty()
    assert real_hub.rooms.waiter_count == 0


async def test_a_drained_poll_gets_a_304_and_later_polls_do_not_wait(
    real_hub, room
) -> None:
    poll = open_poll(room)
    await poll.send_input({"type": "http.request", "body": b""})
    await waiting(real_hub, 1)
    real_hub.drain()
    assert (await poll.receive_output(NEVER))["status"] == 304

    late = open_poll(room)
    await late.send_input({"type": "http.request", "body": b""})
    assert (await late.receive_output(NEVER))["status"] == 304
    await poll.wait(NEVER)
    await late.wait(NEVER)


async def test_a_poll_beyond_the_limit_of_waiters_is_answered_at_once(
    real_hub, room, settings
) -> None:
    settings.TALK = {"POLL_WAITERS_MAX": 1}
    poll = open_poll(room)
    await poll.send_input({"type": "http.request", "body": b""})
    await waiting(real_hub, 1)

    further = open_poll(room)
    await further.send_input({"type": "http.request", "body": b""})
    assert (await further.receive_output(NEVER))["status"] == 304
    await further.wait(NEVER)
    assert real_hub.rooms.waiter_count == 1
    await poll.send_input({"type": "http.disconnect"})
    await poll.wait(NEVER)


@pytest.mark.parametrize("ending", ["disconnected", "drained"])
async def test_the_log_contains_the_outcome_of_each_poll(
    real_hub, room, caplog, ending
) -> None:
    with caplog.at_level(logging.DEBUG, logger="talk.poll"):
        poll = open_poll(room)
        await poll.send_input({"type": "http.request", "body": b""})
        await waiting(real_hub, 1)
        if ending == "disconnected":
            await poll.send_input({"type": "http.disconnect"})
        else:
            real_hub.drain()
        await poll.wait(NEVER)
    (record,) = caplog.records
    token, _, _ = room
    assert record.getMessage().startswith(f"{ending} after ")
    assert record.getMessage().endswith(f" timeline {token}")


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_a_request_gets_a_503_when_too_many_wait_to_be_admitted(
    real_hub, room, monkeypatch, method
) -> None:
    monkeypatch.setattr(base, "ADMISSIONS_MAX", 0)
    before = metrics.refused
    request = open_poll(room, method=method)
    await request.send_input({"type": "http.request", "body": b"message=Hello"})

    start = await request.receive_output(NEVER)
    assert start["status"] == 503
    assert dict(start["headers"])[b"Retry-After"] == b"5"
    assert metrics.refused == before + 1
    await request.wait(NEVER)


async def test_a_poll_gets_a_503_from_a_stopped_process(real_hub, room) -> None:
    await stop_hub()
    poll = open_poll(room)
    await poll.send_input({"type": "http.request", "body": b""})

    assert (await poll.receive_output(NEVER))["status"] == 503
    await poll.wait(NEVER)


async def test_a_poll_that_is_being_admitted_during_the_stop_is_answered(
    real_hub, room
) -> None:
    poll = open_poll(room)
    await poll.send_input({"type": "http.request", "body": b""})
    while not real_hub.requests_in_flight.count:  # noqa: ASYNC110 - it has no event
        await asyncio.sleep(0)
    await stop_hub()

    assert (await poll.receive_output(NEVER))["status"] == 304
    await poll.wait(NEVER)


async def test_only_a_disconnect_event_means_that_the_client_has_disconnected(
    real_hub, room
) -> None:
    poll = open_poll(room)
    await poll.send_input({"type": "http.request", "body": b""})
    await waiting(real_hub, 1)
    await poll.send_input({"type": "http.request", "body": b""})
    real_hub.drain()

    assert (await poll.receive_output(NEVER))["status"] == 304
    await poll.wait(NEVER)


async def test_a_body_beyond_the_sites_limit_is_refused(
    real_hub, room, settings
) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10
    poll = open_poll(room)
    poll.scope["headers"].append((b"content-type", b"application/json"))
    await poll.send_input({"type": "http.request", "body": b"x" * 6, "more_body": True})
    await poll.send_input({"type": "http.request", "body": b"x" * 6, "more_body": True})

    start = await poll.receive_output(NEVER)
    assert start["status"] == 413
    assert dict(start["headers"])[b"Content-Type"] == b"application/json; charset=utf-8"
    await poll.wait(NEVER)


async def test_a_poll_with_news_is_answered_at_once(real_hub, room) -> None:
    token, _, cookie = room
    poll = open_poll((token, 0, cookie))
    await poll.send_input({"type": "http.request", "body": b""})

    assert (await poll.receive_output(NEVER))["status"] == 200
    await poll.wait(NEVER)


async def test_a_non_participant_is_refused_without_waiting(real_hub, room) -> None:
    token, last, _ = room
    poll = open_poll((token, last, {}))
    await poll.send_input({"type": "http.request", "body": b""})

    start = await poll.receive_output(NEVER)
    assert start["status"] == 404
    assert dict(start["headers"])[b"Content-Type"] == b"application/json; charset=utf-8"
    await poll.wait(NEVER)
