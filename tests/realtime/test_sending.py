"""Repeated messages through `talk.asgi`: their cost, and their limits."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from asgiref.testing import ApplicationCommunicator
from django.core.asgi import get_asgi_application

import talk.asgi
from talk.models import Message, Participant
from talk.realtime.metrics import metrics
from tests.api.helpers import put_in
from tests.client import BASE, TalkClient
from tests.factories import UserFactory
from tests.realtime.conftest import counted
from tests.servers import in_database, session_cookie
from tests.timelines import SAY

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("one_process"),
]

NEVER = 30.0
FORM = (b"content-type", b"application/x-www-form-urlencoded")
JSON = (b"content-type", b"application/json")
OCS = (b"ocs-apirequest", b"true")
AS_JSON = (b"accept", b"application/json")


class Site:
    """A room of Alice with Bob in it, and requests of Bob's browser."""

    def __init__(self) -> None:
        self.bob = UserFactory(username="bob")
        self.owner = TalkClient(UserFactory(username="alice"))
        self.token = self.owner.create_room(type=2)
        put_in(self.token, self.bob)
        cookies = session_cookie(self.bob)
        self.cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
        self.application = talk.asgi.application(get_asgi_application())

    async def post(
        self, body: bytes, *headers: tuple[bytes, bytes], token: str = ""
    ) -> tuple[int, dict[bytes, bytes], Any]:
        """Post as Bob; return status, headers and the envelope."""
        length = (b"content-length", str(len(body)).encode())
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "POST",
            "path": f"{BASE}/chat/{token or self.token}",
            "query_string": b"",
            "headers": [
                (b"host", b"testserver"),
                (b"cookie", self.cookie.encode()),
                *headers,
                length,
            ],
            "client": ("192.0.2.1", 50_000),
        }
        request = ApplicationCommunicator(self.application, scope)
        await request.send_input({"type": "http.request", "body": body})
        start = await request.receive_output(NEVER)
        content = (await request.receive_output(NEVER)).get("body", b"")
        await request.wait(NEVER)
        said = {name.lower(): value for name, value in start["headers"]}
        assert len(said) == len(start["headers"])
        is_json = said.get(b"content-type", b"").startswith(b"application/json")
        return start["status"], said, json.loads(content)["ocs"] if is_json else content

    async def say(self, text: str) -> tuple[int, dict[bytes, bytes], Any]:
        body = urlencode({"message": text}).encode()
        return await self.post(body, FORM, OCS, AS_JSON)


@pytest.fixture
def site(transactional_db: None) -> Site:
    return Site()


@pytest.fixture
def quick() -> Iterator[Callable[[], int]]:
    """Return the number of messages of remembered callers since the start of the test."""
    before = metrics.posts
    return lambda: metrics.posts - before


def texts() -> list[str]:
    comments = Message.objects.filter(system_message="").order_by("pk")
    return list(comments.values_list("text", flat=True))


async def test_the_second_response_is_like_the_first(real_hub, site, quick) -> None:
    first, second = await site.say("one"), await site.say("two")
    assert quick() == 1
    assert first[0] == second[0] == 201
    assert set(first[1]) == set(second[1])
    data = second[2]["data"]
    assert data.pop("id") > first[2]["data"].pop("id")
    assert data.pop("message") == "two"
    assert abs(data.pop("timestamp") - first[2]["data"].pop("timestamp")) <= 60
    first[2]["data"].pop("message")
    assert data == first[2]["data"]
    assert await in_database(texts) == ["one", "two"]


async def test_a_repeated_request_costs_only_the_queries_of_the_message(
    real_hub, site
) -> None:
    await site.say("one")
    with counted(real_hub.admission_threads) as statements:
        await site.say("two")
    # On some databases Django begins a transaction with a statement of its own.
    assert len([sql for sql in statements if sql.split()[0] != "BEGIN"]) == SAY


async def test_it_moves_the_read_marker_of_the_author(real_hub, site) -> None:
    await site.say("one")
    await site.say("two")
    participant = await in_database(Participant.objects.get, user=site.bob)
    assert (participant.read_comments, participant.last_comment) == (2, 2)


async def test_mentions_are_stored_and_rendered(real_hub, site) -> None:
    await site.say("one")
    _, _, ocs = await site.say("hello @alice")
    (parameter,) = ocs["data"]["messageParameters"].values()
    assert parameter["id"] == "alice"
    participant = await in_database(Participant.objects.get, user__username="alice")
    assert participant.last_mention == 2


@pytest.mark.parametrize(
    ("text", "status"), [("", 400), (" \n", 400), ("x" * 1001, 413), ("a\ud800", 400)]
)
async def test_an_invalid_message_is_refused_as_the_first_time(
    real_hub, site, quick, text, status
) -> None:
    await site.say("one")
    body = json.dumps({"message": text}).encode()
    await site.post(json.dumps({"message": "two"}).encode(), JSON, OCS, AS_JSON)
    before = quick()
    answer = await site.post(body, JSON, OCS, AS_JSON)
    assert answer[0] == status
    assert quick() == before + 1
    assert await in_database(texts) == ["one", "two"]


async def test_a_missing_message_is_a_400(real_hub, site) -> None:
    await site.say("one")
    assert (await site.post(b"", FORM, OCS, AS_JSON))[0] == 400


async def test_a_body_beyond_the_sites_limit_is_a_413(real_hub, site, settings) -> None:
    await site.say("one")
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    assert (await site.say("x" * 200))[0] == 413
    assert await in_database(texts) == ["one"]


async def test_a_format_in_the_body_is_used(real_hub, site) -> None:
    await site.say("one")
    body = urlencode({"message": "two", "format": "xml"}).encode()
    status, headers, content = await site.post(body, FORM, OCS, AS_JSON)
    assert status == 201
    assert headers[b"content-type"] == b"application/xml; charset=utf-8"
    assert content.startswith(b"<?xml")


async def test_a_message_without_the_header_needs_a_csrf_token_each_time(
    real_hub, site, quick
) -> None:
    body = urlencode({"message": "one"}).encode()
    for _ in range(2):
        assert (await site.post(body, FORM, AS_JSON))[0] == 412
    assert quick() == 0
    assert await in_database(texts) == []


async def test_a_csrf_token_in_a_form_is_not_remembered(real_hub, site, quick) -> None:
    secret = "a" * 32
    site.cookie += f"; csrftoken={secret}"
    good = urlencode({"message": "one", "csrfmiddlewaretoken": secret}).encode()
    assert (await site.post(good, FORM, AS_JSON))[0] == 201
    bad = urlencode({"message": "two", "csrfmiddlewaretoken": "b" * 32}).encode()
    assert (await site.post(bad, FORM, AS_JSON))[0] == 412
    assert quick() == 0


async def test_a_removed_participant_is_refused_at_once(real_hub, site) -> None:
    await site.say("one")
    path = f"/room/{site.token}/participants"
    await in_database(site.owner.delete, path, participant="bob")
    assert (await site.say("two"))[0] == 404
    assert await in_database(texts) == ["one"]


async def test_a_participant_removed_without_a_hint_is_refused_at_once(
    real_hub, site
) -> None:
    await site.say("one")
    gone = Participant.objects.filter(user=site.bob)
    await in_database(gone.delete)
    assert (await site.say("two"))[0] == 404
    assert await in_database(texts) == ["one"]


async def test_a_disabled_account_is_refused_at_once(real_hub, site) -> None:
    await site.say("one")
    site.bob.is_active = False
    await in_database(site.bob.save)
    assert (await site.say("two"))[0] == 404


async def test_a_non_participant_is_refused(real_hub, site) -> None:
    other = await in_database(site.owner.create_room)
    body = urlencode({"message": "one"}).encode()
    status, _, _ = await site.post(body, FORM, OCS, AS_JSON, token=other)
    assert status == 404
