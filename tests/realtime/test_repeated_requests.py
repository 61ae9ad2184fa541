"""Repeated requests of remembered callers: their cost, and what ends the memory."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.contrib.auth import get_user_model, logout
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session as HTTPSession
from django.core.asgi import get_asgi_application
from django.http import HttpRequest
from django.utils import timezone

import talk.asgi
from talk import hints
from talk.domain.app_passwords import create_app_password, revoke_app_passwords
from talk.hints import Hint, HintKind
from talk.models import Message, Participant, Session
from talk.realtime import hint_dispatcher
from talk.realtime.admission import RequestHandler
from talk.realtime.hub import Hub
from talk.realtime.metrics import metrics
from talk.realtime.outcomes import Outcome
from talk.realtime.waiters import Waiter
from tests.api.helpers import put_in
from tests.client import BASE, TalkClient
from tests.factories import UserFactory
from tests.realtime.conftest import counted, make_poll
from tests.servers import in_database, session_cookie

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("one_process"),
]

NEVER = 30.0


class Site:
    """A public room of Alice with Bob in it, and requests of their browsers."""

    def __init__(self) -> None:
        self.alice = UserFactory(username="alice")
        self.bob = UserFactory(username="bob")
        self.owner = TalkClient(self.alice)
        self.token = self.owner.create_room(type=3)
        put_in(self.token, self.bob)
        self.last = self.owner.say(self.token, "first")
        self.application = talk.asgi.application(get_asgi_application())

    def headers_of(self, user: Any) -> list[tuple[bytes, bytes]]:
        cookies = session_cookie(user)
        cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
        return [(b"host", b"testserver"), (b"cookie", cookie.encode())]

    def open(
        self,
        headers: list[tuple[bytes, bytes]],
        timeout: int = 60,
        *,
        method: str = "GET",
        area: str = "chat",
    ) -> ApplicationCommunicator:
        query = (
            f"lookIntoFuture=1&lastKnownMessageId={self.last}"
            f"&timeout={timeout}&format=json"
        )
        return ApplicationCommunicator(
            self.application,
            {
                "type": "http",
                "http_version": "1.1",
                "method": method,
                "path": f"{BASE}/{area}/{self.token}",
                "query_string": query.encode(),
                "headers": headers,
                "client": ("192.0.2.1", 50_000),
            },
        )


@pytest.fixture
def site(transactional_db: None) -> Site:
    return Site()


@pytest.fixture
def recalled() -> Iterator[Callable[[], int]]:
    """Return the number of polls with remembered callers since the start of the test."""
    before = metrics.recalled
    return lambda: metrics.recalled - before


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(NEVER):
        while not is_so():  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.001)


def has_sleeping_waiter(hub: Hub) -> bool:
    return any(waiter.is_asleep for room in hub.rooms for waiter in room.waiters)


async def wait_and_leave(hub: Hub, site: Site, headers: Any) -> None:
    """Poll until the client waits, then disconnect."""
    poll = site.open(headers)
    await poll.send_input({"type": "http.request", "body": b""})
    await until(lambda: has_sleeping_waiter(hub))
    await poll.send_input({"type": "http.disconnect"})
    await poll.wait(NEVER)


def headers_of(browser: TalkClient) -> list[tuple[bytes, bytes]]:
    cookie = f"sessionid={browser.http.cookies['sessionid'].value}"
    return [(b"host", b"testserver"), (b"cookie", cookie.encode())]


@asynccontextmanager
async def waiting(
    hub: Hub, site: Site, headers: Any
) -> AsyncIterator[ApplicationCommunicator]:
    """Open a poll that waits."""
    poll = site.open(headers)
    await poll.send_input({"type": "http.request", "body": b""})
    await until(lambda: has_sleeping_waiter(hub))
    yield poll


async def status(request: ApplicationCommunicator) -> int:
    """Return the status of the response, once it has come."""
    start = await request.receive_output(NEVER)
    await request.wait(NEVER)
    return start["status"]


async def status_of(site: Site, headers: Any, seconds: int = 1) -> int:
    """Poll and return the status of the response."""
    poll = site.open(headers, seconds)
    await poll.send_input({"type": "http.request", "body": b""})
    return await status(poll)


async def test_a_repeated_poll_costs_no_query(real_hub, site, recalled) -> None:
    headers = await in_database(site.headers_of, site.bob)
    await wait_and_leave(real_hub, site, headers)
    with counted(real_hub.threads, real_hub.admission_threads) as statements:
        await wait_and_leave(real_hub, site, headers)
    assert statements == []
    assert recalled() == 1


async def test_a_repeated_poll_of_a_guest_costs_no_query(real_hub, site) -> None:
    def join() -> list[tuple[bytes, bytes]]:
        browser = TalkClient()
        browser.join(site.token)
        return headers_of(browser)

    headers = await in_database(join)
    await wait_and_leave(real_hub, site, headers)
    with counted(real_hub.threads, real_hub.admission_threads) as statements:
        await wait_and_leave(real_hub, site, headers)
    assert statements == []


async def test_a_repeated_poll_with_a_password_costs_no_query(real_hub, site) -> None:
    def set_password() -> None:
        site.bob.set_password("secret")
        site.bob.save()

    await in_database(set_password)
    basic = b"Basic " + base64.b64encode(b"bob:secret")
    headers = [(b"host", b"testserver"), (b"authorization", basic)]
    await wait_and_leave(real_hub, site, headers)
    with counted(real_hub.threads, real_hub.admission_threads) as statements:
        await wait_and_leave(real_hub, site, headers)
    assert statements == []


async def test_a_message_between_two_polls_is_not_missed(
    real_hub, site, recalled
) -> None:
    headers = await in_database(site.headers_of, site.bob)
    await wait_and_leave(real_hub, site, headers)
    await in_database(site.owner.say, site.token, "second")
    assert await status_of(site, headers) == 200
    assert recalled() == 1


async def test_a_repeated_poll_moves_the_read_marker(real_hub, site) -> None:
    headers = await in_database(site.headers_of, site.bob)
    await wait_and_leave(real_hub, site, headers)
    await in_database(site.owner.say, site.token, "second")
    await status_of(site, headers)
    participant = await in_database(Participant.objects.get, user=site.bob)
    assert participant.read_comments == 2


def remove(site: Site) -> None:
    site.owner.delete(f"/room/{site.token}/participants", participant="bob")


def log_out(site: Site) -> None:
    request = HttpRequest()
    bobs = HTTPSession.objects.exclude(pk=site.owner.http.session.session_key).get()
    request.session, request.user = SessionStore(bobs.pk), site.bob
    logout(request)


def deactivate(site: Site) -> None:
    site.bob.is_active = False
    site.bob.save()


def change_password(site: Site) -> None:
    site.bob.set_password("another")
    site.bob.save()


def delete_room(site: Site) -> None:
    site.owner.delete(f"/room/{site.token}")


def delete_account(site: Site) -> None:
    get_user_model().objects.filter(username="bob").delete()


@pytest.mark.parametrize(
    "change",
    [remove, log_out, deactivate, change_password, delete_room, delete_account],
)
async def test_the_loss_of_access_takes_effect_at_once(real_hub, site, change) -> None:
    headers = await in_database(site.headers_of, site.bob)
    await wait_and_leave(real_hub, site, headers)
    await in_database(change, site)
    assert await status_of(site, headers) == 404


def revoke_app_password(site: Site) -> None:
    created = create_app_password(user=site.bob, label="bot", now=timezone.now())
    revoke_app_passwords(ids=[created.app_password.pk])


@pytest.mark.parametrize(
    "change", [log_out, deactivate, change_password, revoke_app_password]
)
async def test_a_waiter_whose_login_ends_gets_no_later_message(
    real_hub, site, change
) -> None:
    headers = await in_database(site.headers_of, site.bob)
    before = metrics.polls[Outcome.LOGIN_ENDED]
    async with waiting(real_hub, site, headers) as poll:
        await in_database(change, site)
        await until(lambda: not has_sleeping_waiter(real_hub))
        await in_database(site.owner.say, site.token, "not for Bob")
        assert await status(poll) == 304
    assert metrics.polls[Outcome.LOGIN_ENDED] == before + 1


async def test_the_end_of_a_poll_in_a_deleted_room_is_not_counted_as_failed(
    real_hub, site
) -> None:
    headers = await in_database(site.headers_of, site.bob)
    before = metrics.polls[Outcome.NOT_FOUND]
    async with waiting(real_hub, site, headers) as poll:
        await in_database(delete_room, site)
        assert await status(poll) == 404
    assert metrics.polls[Outcome.NOT_FOUND] == before + 1


def save_another(site: Site) -> None:
    site.alice.save()


def save(site: Site) -> None:
    site.bob.save()


def join_on_another_device(site: Site) -> None:
    TalkClient(site.bob).join(site.token)


@pytest.mark.parametrize("change", [save_another, save, join_on_another_device])
async def test_a_change_that_ends_no_login_ends_no_poll(real_hub, site, change) -> None:
    headers = await in_database(site.headers_of, site.bob)
    async with waiting(real_hub, site, headers) as poll:
        await in_database(change, site)
        assert await poll.receive_nothing(0.1)
        await in_database(site.owner.say, site.token, "for Bob")
        assert await status(poll) == 200


async def test_a_poll_that_comes_before_the_session_has_ended_ends_later(
    real_hub, site, monkeypatch
) -> None:
    monkeypatch.setattr(hint_dispatcher, "LOGOUT_SECONDS", 2.0)
    headers = await in_database(site.headers_of, site.bob)
    real_hub.dispatcher.dispatch([Hint(0, 0, HintKind.LOGIN, account=str(site.bob.pk))])
    async with waiting(real_hub, site, headers) as poll:
        await until(lambda: not has_sleeping_waiter(real_hub))
        assert await status(poll) == 304


async def test_a_message_is_written_once_if_the_login_ends_meanwhile(
    real_hub, site, monkeypatch
) -> None:
    headers = await in_database(site.headers_of, site.bob)
    body = b'{"message": "once"}'
    kind = [(b"content-type", b"application/json"), (b"ocs-apirequest", b"true")]
    length = (b"content-length", str(len(body)).encode())
    admit = RequestHandler.admit

    def admit_and_change(*arguments: Any) -> Any:
        admission = admit(*arguments)
        deactivate(site)
        return admission

    monkeypatch.setattr(RequestHandler, "admit", admit_and_change)
    post = site.open([*headers, *kind, length], method="POST")
    await post.send_input({"type": "http.request", "body": body})
    assert await status(post) == 201
    assert await in_database(Message.objects.filter(text="once").count) == 1


async def test_a_signaling_message_fetched_for_an_ended_login_comes_with_the_next_poll(
    real_hub, site, monkeypatch
) -> None:
    def send_offer() -> list[tuple[bytes, bytes]]:
        browser = TalkClient(site.bob)
        to, own = browser.join(site.token), site.owner.join(site.token)
        offer = json.dumps({"to": to, "type": "offer"})
        element = {"ev": "message", "sessionId": own, "fn": offer}
        site.owner.post(f"/signaling/{site.token}", messages=json.dumps([element]))
        return headers_of(browser)

    async def poll() -> bytes:
        poll = site.open(headers, area="signaling")
        await poll.send_input({"type": "http.request", "body": b""})
        await poll.receive_output(NEVER)
        answer = await poll.receive_output(NEVER)
        await poll.wait(NEVER)
        return answer["body"]

    async def fetch_and_end_login(waiter: Waiter) -> Any:
        found = await fetch_news(waiter)
        real_hub.rooms.end_polls_of_accounts({str(site.bob.pk)})
        return found

    headers = await in_database(send_offer)
    fetch_news = real_hub.waker.fetch_news
    with monkeypatch.context() as patched:
        patched.setattr(real_hub.waker, "fetch_news", fetch_and_end_login)
        assert b"offer" not in await poll()
    assert b"offer" in await poll()


@pytest.mark.parametrize(
    ("change", "expected", "times"), [(deactivate, 404, 2), (save, 304, 1)]
)
async def test_a_poll_is_admitted_again_if_the_login_ends_during_its_admission(
    real_hub, site, monkeypatch, change, expected, times
) -> None:
    headers = await in_database(site.headers_of, site.bob)
    admit = RequestHandler.admit
    admissions: list[Any] = []

    def admit_and_change(*arguments: Any) -> Any:
        admissions.append(admit(*arguments))
        if len(admissions) == 1:
            change(site)
        return admissions[-1]

    monkeypatch.setattr(RequestHandler, "admit", admit_and_change)
    assert await status_of(site, headers) == expected
    assert len(admissions) == times


async def test_a_guest_loses_access_at_once_when_the_room_becomes_private(
    real_hub, site
) -> None:
    def join() -> list[tuple[bytes, bytes]]:
        browser = TalkClient()
        browser.join(site.token)
        return headers_of(browser)

    headers = await in_database(join)
    await wait_and_leave(real_hub, site, headers)
    await in_database(site.owner.delete, f"/room/{site.token}/public")
    assert await status_of(site, headers) == 404


def rename(site: Site) -> None:
    site.owner.put(f"/room/{site.token}", roomName="New")


def set_password(site: Site) -> None:
    site.owner.put(f"/room/{site.token}/password", password="secret")


def make_private(site: Site) -> None:
    site.owner.delete(f"/room/{site.token}/public")


@pytest.mark.parametrize("change", [rename, set_password, make_private])
async def test_callers_of_a_changed_room_are_admitted_again(
    real_hub, site, recalled, change
) -> None:
    headers = await in_database(site.headers_of, site.bob)
    await wait_and_leave(real_hub, site, headers)
    await in_database(change, site)
    await until(lambda: len(real_hub.remembered_callers) == 0)
    assert await status_of(site, headers) == 200
    assert recalled() == 0


async def test_joining_keeps_the_new_session_live(real_hub, site) -> None:
    def join_with(headers: list[tuple[bytes, bytes]]) -> Session:
        client = TalkClient()
        name, value = headers[1][1].decode().split("=")
        client.http.cookies[name] = value
        client.join(site.token)
        return Session.objects.get(participant__user=site.bob)

    headers = await in_database(site.headers_of, site.bob)
    await wait_and_leave(real_hub, site, headers)
    session = await in_database(join_with, headers)
    before = session.last_ping
    await wait_and_leave(real_hub, site, headers)
    await in_database(session.refresh_from_db)
    assert session.last_ping > before


async def test_a_change_without_a_hint_is_found_by_checking_everyone(
    real_hub, site
) -> None:
    headers = await in_database(site.headers_of, site.bob)
    await wait_and_leave(real_hub, site, headers)
    users = get_user_model().objects.filter(username="bob")
    await in_database(lambda: users.update(is_active=False))
    await real_hub.reconciler.reconcile(everyone=True)
    assert await status_of(site, headers) == 404


async def test_a_removal_without_a_hint_is_found_by_reconciling(real_hub, site) -> None:
    headers = await in_database(site.headers_of, site.bob)
    await wait_and_leave(real_hub, site, headers)
    await real_hub.reconciler.reconcile()
    hints.remove_listener(real_hub.dispatcher.dispatch_threadsafe)
    await in_database(remove, site)
    await real_hub.reconciler.reconcile()
    assert len(real_hub.remembered_callers) == 0


async def test_a_participant_removed_without_a_hint_gets_no_later_message(
    real_hub, site
) -> None:
    headers = await in_database(site.headers_of, site.bob)
    async with waiting(real_hub, site, headers) as poll:
        await real_hub.reconciler.reconcile()
        hints.remove_listener(real_hub.dispatcher.dispatch_threadsafe)
        await in_database(remove, site)
        await in_database(site.owner.say, site.token, "not for Bob")
        await real_hub.reconciler.reconcile()
        assert await status(poll) == 404


async def test_a_poll_that_does_not_wait_reads_the_database(real_hub, site) -> None:
    headers = await in_database(site.headers_of, site.bob)
    await wait_and_leave(real_hub, site, headers)
    hints.remove_listener(real_hub.dispatcher.dispatch_threadsafe)
    await in_database(site.owner.say, site.token, "unheard")
    assert await status_of(site, headers, seconds=0) == 200


async def test_cookies_of_middleware_are_sent_once(real_hub, site, settings) -> None:
    settings.SESSION_SAVE_EVERY_REQUEST = True
    headers = await in_database(site.headers_of, site.bob)

    async def cookies() -> list[bytes]:
        poll = site.open(headers)
        await poll.send_input({"type": "http.request", "body": b""})
        await until(lambda: real_hub.rooms.waiter_count == 1)
        real_hub.drain()
        start = await poll.receive_output(NEVER)
        real_hub.is_draining = False
        await poll.wait(NEVER)
        return [v for k, v in start["headers"] if k.lower() == b"set-cookie"]

    assert len(await cookies()) == 1
    assert await cookies() == []


async def test_equal_polls_share_one_object() -> None:
    poll = make_poll(after=20, limit=100, timeout=30)
    same = {"lastKnownMessageId": 20, "limit": 100, "timeout": 30}
    assert poll.repeat(same) is poll


@pytest.mark.parametrize(
    ("numbers", "asked"),
    [
        ({"lastKnownMessageId": 30, "timeout": 30}, (30, 100, 30)),
        ({"lastKnownMessageId": 20, "limit": 5, "timeout": 30}, (20, 5, 30)),
        ({"lastKnownMessageId": 20, "timeout": 7}, (20, 100, 7)),
    ],
)
async def test_a_repeated_poll_has_the_numbers_of_its_query(
    numbers: dict[str, int], asked: tuple[int, int, int]
) -> None:
    poll = make_poll(after=20, limit=100, timeout=30).repeat(numbers)
    assert (poll.after, poll.limit, poll.timeout) == asked
