"""Polls and remembered callers that end: with a session, a participant or a room."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
import pytest_asyncio
from django.contrib.auth import get_user_model

from talk.hints import Hint, HintKind
from talk.models import BATCH, Room
from talk.realtime.hub import Hub
from talk.realtime.outcomes import Outcome
from talk.realtime.reconciler import CHECK_EVERYONE_EVERY
from tests import servers
from tests.api.helpers import put_in
from tests.client import TalkClient
from tests.factories import UserFactory
from tests.realtime.conftest import (
    FakeDatabase,
    ids_in,
    make_caller,
    make_poll,
    no_event,
    waiting_in,
)
from tests.servers import BASE, Server, open_client, poll, until_waiting

NEVER = 30.0
DEPARTURE = Hint(room_id=1, position=0, kind=HintKind.DEPARTURE)
NEWS = Hint(room_id=1, position=3)

GONE, HERE = 7, 8
"""Primary keys of a session that has ended, and of one that is live."""


@pytest.fixture
def asked(database: FakeDatabase) -> list[list[int]]:
    """The sessions that the hub has checked; `GONE` has ended."""
    database.ended = {GONE}
    return database.checked_sessions


def guest(hub: Hub, session_pk: int, **changes: Any) -> Any:
    """Let a guest's poll wait that needs this session."""
    return waiting_in(
        hub,
        account="",
        session_pk=session_pk,
        session_pks=(session_pk,),
        needs_session=True,
        **changes,
    )


async def settled(hub: Hub) -> None:
    """Return when the hub has no background task left."""
    while hub.background.tasks:
        await asyncio.gather(*hub.background.tasks)
    await asyncio.sleep(0)


def remember(hub: Hub, key: bytes, **changes: Any) -> None:
    """Remember a caller who is admitted just now."""
    hub.remembered_callers.keep(
        key,
        make_caller(make_poll(**changes)),
        since=hub.remembered_callers.change_count,
    )


@pytest.mark.asyncio
class TestRemembered:
    """Remembered callers that do not wait, after a hint and in a reconciliation."""

    @pytest_asyncio.fixture(params=["hint", "reconciliation"])
    async def find_out(self, hub, request) -> Any:
        async def hear() -> None:
            hub.dispatcher.dispatch([DEPARTURE])
            await settled(hub)

        return hear if request.param == "hint" else hub.reconciler.reconcile

    async def test_a_caller_with_an_ended_session_is_forgotten(
        self, hub, asked, find_out
    ) -> None:
        remember(hub, b"gone", participant_pk=1, session_pks=(HERE, GONE))
        remember(hub, b"here", participant_pk=2, session_pks=(HERE + 1,))
        await find_out()
        assert hub.remembered_callers.find(b"gone") is None
        assert hub.remembered_callers.find(b"here") is not None

    async def test_a_removed_participant_is_forgotten(
        self, hub, database, find_out
    ) -> None:
        database.lost = {1}
        remember(hub, b"gone", participant_pk=1)
        remember(hub, b"here", participant_pk=2)
        await find_out()
        assert hub.remembered_callers.find(b"gone") is None
        assert hub.remembered_callers.find(b"here") is not None


@pytest.mark.asyncio
class TestReconciliation:
    """Which callers a reconciliation checks."""

    @pytest_asyncio.fixture
    async def reconciled(self, hub, database) -> Any:
        """Reconcile twice, with two rooms and a remembered caller in each."""
        database.rooms[2] = [10, 20]
        remember(hub, b"one", participant_pk=1, session_pks=(HERE,))
        remember(hub, b"two", room_id=2, participant_pk=2, session_pks=(HERE + 1,))
        for _ in range(2):
            await hub.reconciler.reconcile()
        database.checked_participants.clear()
        database.checked_sessions.clear()

    async def test_it_checks_nobody_in_rooms_with_the_same_presence_version(
        self, hub, database, reconciled
    ) -> None:
        await hub.reconciler.reconcile()
        assert (database.checked_participants, database.checked_sessions) == ([], [])

    async def test_it_checks_all_callers_of_a_room_with_a_new_presence_version(
        self, hub, database, reconciled
    ) -> None:
        database.presence_versions[2] = 1
        database.lost = {1, 2}
        await hub.reconciler.reconcile()
        assert database.checked_participants == [[2]]
        assert hub.remembered_callers.find(b"two") is None
        assert hub.remembered_callers.find(b"one") is not None

    async def test_it_checks_the_sessions_of_waiters_in_such_a_room(
        self, hub, database, reconciled
    ) -> None:
        database.ended = {GONE}
        with guest(hub, GONE) as waiter:
            await hub.reconciler.reconcile()
            assert waiter.outcome is None
            database.presence_versions[1] = 1
            await hub.reconciler.reconcile()
            assert waiter.outcome is Outcome.NOT_FOUND

    async def test_it_checks_such_a_room_again_for_callers_admitted_meanwhile(
        self, hub, database, reconciled
    ) -> None:
        database.presence_versions[2] = 1
        database.lost = {3}
        await hub.reconciler.reconcile()
        remember(hub, b"late", room_id=2, participant_pk=3)
        await hub.reconciler.reconcile()
        assert hub.remembered_callers.find(b"late") is None

    async def test_it_does_not_check_such_a_room_a_third_time(
        self, hub, database, reconciled
    ) -> None:
        database.presence_versions[2] = 1
        for _ in range(3):
            await hub.reconciler.reconcile()
        assert database.checked_participants == [[2], [2]]

    async def test_it_repeats_a_check_that_failed(
        self, hub, database, reconciled, monkeypatch
    ) -> None:
        database.presence_versions[2] = 1

        def fail(participants: Any) -> set[int]:
            raise RuntimeError

        with monkeypatch.context() as patched:
            patched.setattr(database, "participants_without_access", fail)
            with pytest.raises(RuntimeError):
                await hub.reconciler.reconcile()
        await hub.reconciler.reconcile()
        assert database.checked_participants == [[2]]

    async def test_it_checks_everyone_on_request(
        self, hub, database, reconciled
    ) -> None:
        database.lost = {1}
        await hub.reconciler.reconcile(everyone=True)
        assert database.checked_participants == [[1, 2]]
        assert hub.remembered_callers.find(b"one") is None

    async def test_every_sixth_scheduled_one_checks_everyone(
        self, hub, database, reconciled
    ) -> None:
        for _ in range(2 * CHECK_EVERYONE_EVERY):
            await hub.reconciler.reconcile_on_schedule()
        assert database.checked_participants == [[1, 2], [1, 2]]

    async def test_a_failed_scheduled_one_is_not_counted(
        self, hub, database, reconciled
    ) -> None:
        database.fails = True
        with pytest.raises(RuntimeError):
            await hub.reconciler.reconcile_on_schedule()
        database.fails = False
        await hub.reconciler.reconcile_on_schedule()
        assert database.checked_participants == [[1, 2]]

    async def test_callers_of_a_deleted_room_are_forgotten(
        self, hub, database, reconciled
    ) -> None:
        del database.rooms[2]
        await hub.reconciler.reconcile()
        assert hub.remembered_callers.find(b"two") is None
        assert hub.remembered_callers.find(b"one") is not None


@pytest.mark.asyncio
class TestHub:
    """The effect of departures in a hub with a fake database."""

    async def test_a_guest_whose_session_has_ended_is_woken(self, hub, asked) -> None:
        with guest(hub, GONE) as waiter:
            waiting = asyncio.create_task(waiter.wait(no_event))
            await hub.reconciler.end_departed(1, None)
            assert await waiting is True

    async def test_the_poll_of_a_guest_whose_session_has_ended_ends_with_not_found(
        self, hub, asked
    ) -> None:
        with guest(hub, GONE) as waiter:
            await hub.reconciler.end_departed(1, None)
            assert waiter.outcome is Outcome.NOT_FOUND

    async def test_the_poll_of_such_a_guest_ends_so_even_if_there_are_messages(
        self, hub, database: FakeDatabase, asked
    ) -> None:
        with guest(hub, GONE) as waiter:
            await hub.reconciler.end_departed(1, None)
            database.rooms[1].append(30)
            assert waiter.outcome is Outcome.NOT_FOUND

    async def test_guests_with_a_live_session_go_on_waiting(self, hub, asked) -> None:
        with guest(hub, GONE), guest(hub, HERE) as other:
            await hub.reconciler.end_departed(1, None)
            assert other.outcome is None
            assert await hub.waker.fetch_news(other) is None

    async def test_users_go_on_waiting(self, hub, asked) -> None:
        with guest(hub, GONE), waiting_in(hub, session_pk=GONE) as other:
            await hub.reconciler.end_departed(1, None)
            assert other.outcome is None

    async def test_guests_of_other_rooms_are_not_checked(
        self, hub, database, asked
    ) -> None:
        database.rooms[2] = [10, 20]
        with guest(hub, GONE), guest(hub, GONE + 2, room_id=2) as other:
            await hub.reconciler.end_departed(1, None)
            assert other.outcome is None
        assert asked == [[GONE]]

    async def test_both_polls_of_one_guest_end(self, hub, asked) -> None:
        with guest(hub, GONE) as one, guest(hub, GONE) as other:
            await hub.reconciler.end_departed(1, None)
            for waiter in (one, other):
                assert waiter.outcome is Outcome.NOT_FOUND
        assert asked == [[GONE]]

    async def test_a_deleted_room_ends_all_its_polls(
        self, hub, database, asked
    ) -> None:
        with waiting_in(hub) as user, guest(hub, HERE) as visitor:
            del database.rooms[1]
            await hub.reconciler.end_departed(1, None)
            for waiter in (user, visitor):
                assert await waiter.wait(no_event) is True
                assert waiter.outcome is Outcome.NOT_FOUND
        assert asked == []

    async def test_a_room_of_users_costs_no_query_for_sessions(
        self, hub, asked
    ) -> None:
        with waiting_in(hub), waiting_in(hub):
            await hub.reconciler.end_departed(1, None)
        assert asked == []

    async def test_many_sessions_are_checked_in_batches(self, hub, asked) -> None:
        with ExitStack() as stack:
            for pk in range(BATCH + 1):
                stack.enter_context(guest(hub, 1000 + pk))
            await hub.reconciler.end_departed(1, None)
        assert [len(some) for some in asked] == [BATCH, 1]

    async def test_a_room_without_waiters_costs_no_query_for_sessions(
        self, hub, asked
    ) -> None:
        await hub.reconciler.end_departed(1, None)
        assert asked == []

    async def test_a_departure_hint_ends_the_poll(self, hub, asked) -> None:
        with guest(hub, GONE) as waiter:
            hub.dispatcher.dispatch([DEPARTURE])
            assert await waiter.wait(no_event) is True
            assert waiter.outcome is Outcome.NOT_FOUND

    async def test_a_departure_hint_for_a_room_without_waiters_is_ignored(
        self, hub, asked
    ) -> None:
        with guest(hub, GONE, room_id=2) as waiter:
            hub.dispatcher.dispatch([DEPARTURE])
            await settled(hub)
            assert waiter.outcome is None
        assert asked == []

    async def test_a_failing_database_is_logged_and_ends_no_poll(
        self, hub, database, asked, caplog
    ) -> None:
        with guest(hub, GONE) as waiter:
            database.fails = True
            with caplog.at_level(logging.ERROR, logger="talk.hub"):
                hub.dispatcher.dispatch([DEPARTURE])
                await asyncio.to_thread(database.failed.wait, NEVER)
                await settled(hub)
            assert "could not reach the database" in caplog.text
            database.fails = False
            await hub.reconciler.end_departed(1, None)
            assert await waiter.wait(no_event) is True

    async def test_a_waiter_may_leave_during_the_query(
        self, hub: Hub, database: FakeDatabase, monkeypatch
    ) -> None:
        with ExitStack() as stack:
            stack.enter_context(guest(hub, GONE))

            def ended_sessions(*, pks: Any) -> set[int]:
                stack.close()
                return set(pks)

            monkeypatch.setattr(database, "ended_sessions", ended_sessions)
            await hub.reconciler.end_departed(1, None)
        assert hub.rooms.waiter_count == 0

    # A hint may be lost or late; the database decides.

    @pytest.mark.parametrize("hints", [[DEPARTURE, NEWS], [NEWS, DEPARTURE], [NEWS]])
    async def test_news_does_not_reach_a_guest_whose_session_has_ended(
        self, hub, database, asked, hints
    ) -> None:
        with guest(hub, GONE) as waiter:
            assert await hub.waker.fetch_news(waiter) is None
            waiting = asyncio.create_task(waiter.wait(no_event))
            await asyncio.sleep(0)
            database.rooms[1].append(30)
            hub.dispatcher.dispatch(hints)
            assert await waiting is True
            assert waiter.news is None
            assert waiter.outcome is Outcome.NOT_FOUND

    async def test_news_found_by_reconciling_does_not_reach_such_a_guest(
        self, hub, database, asked
    ) -> None:
        with guest(hub, GONE) as waiter:
            assert await hub.waker.fetch_news(waiter) is None
            waiting = asyncio.create_task(waiter.wait(no_event))
            await asyncio.sleep(0)
            database.rooms[1].append(30)
            await hub.reconciler.reconcile()
            assert await waiting is True
            assert waiter.outcome is Outcome.NOT_FOUND

    async def test_news_reaches_a_guest_with_a_live_session(
        self, hub, database, asked
    ) -> None:
        with guest(hub, HERE) as waiter, guest(hub, GONE):
            assert await hub.waker.fetch_news(waiter) is None
            waiting = asyncio.create_task(waiter.wait(no_event))
            await asyncio.sleep(0)
            database.rooms[1].append(30)
            hub.dispatcher.dispatch([DEPARTURE, NEWS])
            assert await waiting is True
            assert ids_in(waiter.news or await hub.waker.fetch_news(waiter)) == [30]


@pytest.fixture
def server(transactional_db: None) -> Iterator[Server]:
    """The example project under uvicorn, on the test database."""
    server = servers.uvicorn_server()
    yield server
    server.kill()


@pytest.fixture
def room(transactional_db: None) -> tuple[str, int, dict[str, str], dict[str, str]]:
    """A public room: its token, its last id, the cookies of its owner and of Bob."""
    owner, bob = UserFactory(username="alice"), UserFactory(username="bob")
    client = TalkClient(owner)
    token = client.create_room(type=3)
    put_in(token, bob)
    last = client.say(token, "first")
    return token, last, servers.session_cookie(owner), servers.session_cookie(bob)


async def join(client: httpx.AsyncClient, token: str) -> str:
    """Join and return the session id."""
    answer = await client.post(f"{BASE}/room/{token}/participants/active")
    return answer.json()["ocs"]["data"]["sessionId"]


async def delete(client: httpx.AsyncClient, path: str, **parameters: str) -> None:
    """Delete a resource of the API; it must succeed."""
    answer = await client.delete(f"{BASE}/room/{path}", params=parameters)
    assert answer.status_code == 200, answer.text


def assert_nothing_found(answer: httpx.Response) -> None:
    """Assert a 404 in the envelope, without data."""
    assert answer.status_code == 404
    ocs = answer.json()["ocs"]
    assert (ocs["meta"]["statuscode"], ocs["data"]) == (404, [])
    assert "X-Chat-Last-Given" not in answer.headers


@pytest.mark.server
@pytest.mark.asyncio
@pytest.mark.django_db(transaction=True)
class TestServer:
    """The effect of departures in a real server process."""

    async def test_the_poll_of_a_guest_who_is_removed_ends_with_404(
        self, server, room
    ) -> None:
        token, last, cookie, _ = room
        async with open_client(server) as guest, open_client(server, cookie) as owner:
            session_id = await join(guest, token)
            waiting = asyncio.create_task(poll(guest, token, last))
            await until_waiting(server, 1)
            path = f"{token}/participants/guests"
            await delete(owner, path, participant=session_id)
            async with asyncio.timeout(servers.PATIENCE):
                assert_nothing_found(await waiting)

    async def test_the_poll_of_a_guest_whose_room_becomes_private_ends_with_404(
        self, server, room
    ) -> None:
        token, last, cookie, _ = room
        async with open_client(server) as guest, open_client(server, cookie) as owner:
            await join(guest, token)
            waiting = asyncio.create_task(poll(guest, token, last))
            await until_waiting(server, 1)
            await delete(owner, f"{token}/public")
            async with asyncio.timeout(servers.PATIENCE):
                assert_nothing_found(await waiting)

    async def test_polls_of_others_outlast_the_removal_of_a_guest(
        self, server, room
    ) -> None:
        token, last, cookie, _ = room
        async with (
            open_client(server) as guest,
            open_client(server) as other,
            open_client(server, cookie) as owner,
        ):
            session_id = await join(guest, token)
            await join(other, token)
            waiting = [
                asyncio.create_task(poll(client, token, last))
                for client in (other, owner)
            ]
            ending = asyncio.create_task(poll(guest, token, last))
            await until_waiting(server, 3)
            path = f"{token}/participants/guests"
            await delete(owner, path, participant=session_id)
            await ending
            await until_waiting(server, 2)
            posted = await servers.say(owner, token, "among us")
            answers = await asyncio.gather(*waiting)
        for answer in answers:
            assert [m["id"] for m in answer.json()["ocs"]["data"]] == [posted]

    @pytest.mark.parametrize("who", ["user", "guest"])
    async def test_a_poll_in_a_room_that_is_deleted_ends_with_404(
        self, server, room, who
    ) -> None:
        token, last, cookie, bobs_cookie = room
        cookies = bobs_cookie if who == "user" else None
        async with (
            open_client(server, cookies) as client,
            open_client(server, cookie) as owner,
        ):
            await join(client, token)
            waiting = asyncio.create_task(poll(client, token, last))
            await until_waiting(server, 1)
            await delete(owner, token)
            async with asyncio.timeout(servers.PATIENCE):
                assert_nothing_found(await waiting)

    async def test_the_poll_of_a_removed_user_contains_the_removal(
        self, server, room
    ) -> None:
        token, last, cookie, bobs_cookie = room
        async with (
            open_client(server, bobs_cookie) as bob,
            open_client(server, cookie) as owner,
        ):
            await join(bob, token)
            waiting = asyncio.create_task(poll(bob, token, last))
            await until_waiting(server, 1)
            await delete(owner, f"{token}/participants", participant="bob")
            async with asyncio.timeout(servers.PATIENCE):
                answer = await waiting
            again = await poll(bob, token, last)
        assert answer.status_code == 200
        (message,) = answer.json()["ocs"]["data"]
        assert message["systemMessage"] == "user_removed"
        assert message["message"] == "{actor} removed you from the conversation"
        assert_nothing_found(again)

    async def test_a_room_that_ends_with_its_owner_ends_polls(
        self, server, room
    ) -> None:
        _, _, cookie, bobs_cookie = room

        def pair() -> str:
            users = get_user_model().objects
            client = TalkClient(users.get(username="alice"))
            return client.create_room(type=1, invite="bob")

        token = await servers.in_database(pair)
        async with (
            open_client(server, bobs_cookie) as bob,
            open_client(server, cookie) as owner,
        ):
            after = 10**9
            waiting = asyncio.create_task(poll(bob, token, after))
            await until_waiting(server, 1)
            await delete(owner, f"{token}/participants/self")
            async with asyncio.timeout(servers.PATIENCE):
                assert_nothing_found(await waiting)
        assert not await servers.in_database(Room.objects.filter(token=token).exists)
