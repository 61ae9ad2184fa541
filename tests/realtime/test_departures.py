"""Who is sent away while they wait: guests whose session ended, all of a deleted room."""

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
    nobody_leaves,
    waiting_in,
)
from tests.servers import BASE, Server, open_client, poll, until_waiting

NEVER = 30.0
DEPARTURE = Hint(room_id=1, position=0, kind=HintKind.DEPARTURE)
NEWS = Hint(room_id=1, position=3)

GONE, HERE = 7, 8
"""Keys of a guest's session that has ended, and of one that has not."""


@pytest.fixture
def asked(database: FakeDatabase) -> list[list[int]]:
    """The sessions that the hub has asked about; `GONE` has ended."""
    database.ended = {GONE}
    return database.asked


def guest(hub: Hub, session_pk: int, **changes: Any) -> Any:
    """Have a guest's poll wait, which ends with this session."""
    return waiting_in(
        hub,
        account="",
        session_pk=session_pk,
        session_pks=(session_pk,),
        needs_session=True,
        **changes,
    )


async def settled(hub: Hub) -> None:
    """Return when the hub has done all that a hint asks for."""
    while hub.background.tasks:
        await asyncio.gather(*hub.background.tasks)
    await asyncio.sleep(0)


def remember(hub: Hub, key: bytes, **changes: Any) -> None:
    """Have a caller been admitted just now."""
    hub.remembered_callers.keep(
        key,
        make_caller(make_poll(**changes)),
        since=hub.remembered_callers.change_count,
    )


@pytest.mark.asyncio
class TestRemembered:
    """Callers who do not wait at the moment, after a hint and in the regular look."""

    @pytest_asyncio.fixture(params=["hint", "regular look"])
    async def find_out(self, hub, request) -> Any:
        async def hear() -> None:
            hub.dispatcher.dispatch([DEPARTURE])
            await settled(hub)

        return hear if request.param == "hint" else hub.reconciler.reconcile

    async def test_who_has_lost_a_session_is_forgotten(
        self, hub, asked, find_out
    ) -> None:
        remember(hub, b"gone", participant_pk=1, session_pks=(HERE, GONE))
        remember(hub, b"here", participant_pk=2, session_pks=(HERE + 1,))
        await find_out()
        assert hub.remembered_callers.find(b"gone") is None
        assert hub.remembered_callers.find(b"here") is not None

    async def test_who_has_lost_their_place_is_forgotten(
        self, hub, database, find_out
    ) -> None:
        database.lost = {1}
        remember(hub, b"gone", participant_pk=1)
        remember(hub, b"here", participant_pk=2)
        await find_out()
        assert hub.remembered_callers.find(b"gone") is None
        assert hub.remembered_callers.find(b"here") is not None


@pytest.mark.asyncio
class TestRegularLook:
    """Whom it asks about: those of rooms whose people have changed, or everybody."""

    @pytest_asyncio.fixture
    async def looked(self, hub, database) -> Any:
        """Have the regular look have seen two rooms, with a caller remembered in each."""
        database.rooms[2] = [10, 20]
        remember(hub, b"one", participant_pk=1, session_pks=(HERE,))
        remember(hub, b"two", room_id=2, participant_pk=2, session_pks=(HERE + 1,))
        for _ in range(2):
            await hub.reconciler.reconcile()
        database.sought.clear()
        database.asked.clear()

    async def test_nobody_where_nobody_has_come_or_gone(
        self, hub, database, looked
    ) -> None:
        await hub.reconciler.reconcile()
        assert (database.sought, database.asked) == ([], [])

    async def test_all_of_a_room_whose_people_have_changed(
        self, hub, database, looked
    ) -> None:
        database.people[2] = 1
        database.lost = {1, 2}
        await hub.reconciler.reconcile()
        assert database.sought == [[2]]
        assert hub.remembered_callers.find(b"two") is None
        assert hub.remembered_callers.find(b"one") is not None

    async def test_also_who_waits_there_with_a_session(
        self, hub, database, looked
    ) -> None:
        database.ended = {GONE}
        with guest(hub, GONE) as waiter:
            await hub.reconciler.reconcile()
            assert waiter.outcome is None
            database.people[1] = 1
            await hub.reconciler.reconcile()
            assert waiter.outcome is Outcome.NOT_FOUND

    async def test_again_for_who_was_being_admitted_meanwhile(
        self, hub, database, looked
    ) -> None:
        database.people[2] = 1
        database.lost = {3}
        await hub.reconciler.reconcile()
        remember(hub, b"late", room_id=2, participant_pk=3)
        await hub.reconciler.reconcile()
        assert hub.remembered_callers.find(b"late") is None

    async def test_and_not_a_third_time(self, hub, database, looked) -> None:
        database.people[2] = 1
        for _ in range(3):
            await hub.reconciler.reconcile()
        assert database.sought == [[2], [2]]

    async def test_what_the_database_did_not_tell_is_asked_again(
        self, hub, database, looked, monkeypatch
    ) -> None:
        database.people[2] = 1

        def fail(participants: Any) -> set[int]:
            raise RuntimeError

        with monkeypatch.context() as patched:
            patched.setattr(database, "participants_without_access", fail)
            with pytest.raises(RuntimeError):
                await hub.reconciler.reconcile()
        await hub.reconciler.reconcile()
        assert database.sought == [[2]]

    async def test_everybody_when_it_is_thorough(self, hub, database, looked) -> None:
        database.lost = {1}
        await hub.reconciler.reconcile(everyone=True)
        assert database.sought == [[1, 2]]
        assert hub.remembered_callers.find(b"one") is None

    async def test_which_each_sixth_one_is(self, hub, database, looked) -> None:
        for _ in range(2 * CHECK_EVERYONE_EVERY):
            await hub.reconciler.reconcile_on_schedule()
        assert database.sought == [[1, 2], [1, 2]]

    async def test_one_that_failed_is_made_up_for(self, hub, database, looked) -> None:
        database.fails = True
        with pytest.raises(RuntimeError):
            await hub.reconciler.reconcile_on_schedule()
        database.fails = False
        await hub.reconciler.reconcile_on_schedule()
        assert database.sought == [[1, 2]]

    async def test_callers_of_a_room_that_is_gone_are_forgotten(
        self, hub, database, looked
    ) -> None:
        del database.rooms[2]
        await hub.reconciler.reconcile()
        assert hub.remembered_callers.find(b"two") is None
        assert hub.remembered_callers.find(b"one") is not None


@pytest.mark.asyncio
class TestHub:
    """What a hub does about a departure, over a database that a test decides about."""

    async def test_a_guest_whose_session_has_ended_is_woken(self, hub, asked) -> None:
        with guest(hub, GONE) as waiter:
            waiting = asyncio.create_task(waiter.wait(nobody_leaves))
            await hub.reconciler.end_departed(1, None)
            assert await waiting is True

    async def test_and_the_next_look_says_not_found(self, hub, asked) -> None:
        with guest(hub, GONE) as waiter:
            await hub.reconciler.end_departed(1, None)
            assert waiter.outcome is Outcome.NOT_FOUND

    async def test_also_when_there_is_something_to_read(
        self, hub, database: FakeDatabase, asked
    ) -> None:
        with guest(hub, GONE) as waiter:
            await hub.reconciler.end_departed(1, None)
            database.rooms[1].append(30)
            assert waiter.outcome is Outcome.NOT_FOUND

    async def test_guests_who_are_there_sleep_on(self, hub, asked) -> None:
        with guest(hub, GONE), guest(hub, HERE) as other:
            await hub.reconciler.end_departed(1, None)
            assert other.outcome is None
            assert await hub.waker.fetch_news(other) is None

    async def test_users_sleep_on(self, hub, asked) -> None:
        with guest(hub, GONE), waiting_in(hub, session_pk=GONE) as other:
            await hub.reconciler.end_departed(1, None)
            assert other.outcome is None

    async def test_guests_of_other_rooms_are_not_asked_about(
        self, hub, database, asked
    ) -> None:
        database.rooms[2] = [10, 20]
        with guest(hub, GONE), guest(hub, GONE + 2, room_id=2) as other:
            await hub.reconciler.end_departed(1, None)
            assert other.outcome is None
        assert asked == [[GONE]]

    async def test_two_polls_of_one_guest_are_both_sent_away(self, hub, asked) -> None:
        with guest(hub, GONE) as one, guest(hub, GONE) as other:
            await hub.reconciler.end_departed(1, None)
            for waiter in (one, other):
                assert waiter.outcome is Outcome.NOT_FOUND
        assert asked == [[GONE]]

    async def test_a_deleted_room_wakes_all(self, hub, database, asked) -> None:
        with waiting_in(hub) as user, guest(hub, HERE) as visitor:
            del database.rooms[1]
            await hub.reconciler.end_departed(1, None)
            for waiter in (user, visitor):
                assert await waiter.wait(nobody_leaves) is True
                assert waiter.outcome is Outcome.NOT_FOUND
        assert asked == []

    async def test_users_alone_are_not_asked_about(self, hub, asked) -> None:
        with waiting_in(hub), waiting_in(hub):
            await hub.reconciler.end_departed(1, None)
        assert asked == []

    async def test_a_crowd_is_asked_about_in_batches(self, hub, asked) -> None:
        with ExitStack() as stack:
            for pk in range(BATCH + 1):
                stack.enter_context(guest(hub, 1000 + pk))
            await hub.reconciler.end_departed(1, None)
        assert [len(some) for some in asked] == [BATCH, 1]

    async def test_a_room_where_nobody_waits_is_no_trouble(self, hub, asked) -> None:
        await hub.reconciler.end_departed(1, None)
        assert asked == []

    async def test_a_hint_of_a_departure_sends_away(self, hub, asked) -> None:
        with guest(hub, GONE) as waiter:
            hub.dispatcher.dispatch([DEPARTURE])
            assert await waiter.wait(nobody_leaves) is True
            assert waiter.outcome is Outcome.NOT_FOUND

    async def test_a_hint_of_a_departure_where_nobody_waits_is_ignored(
        self, hub, asked
    ) -> None:
        with guest(hub, GONE, room_id=2) as waiter:
            hub.dispatcher.dispatch([DEPARTURE])
            await settled(hub)
            assert waiter.outcome is None
        assert asked == []

    async def test_a_database_that_fails_is_logged_and_harms_nobody(
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
            assert await waiter.wait(nobody_leaves) is True

    async def test_who_left_while_the_database_was_asked_is_no_trouble(
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

    # A hint may be lost or late; what the database says counts.

    @pytest.mark.parametrize("hints", [[DEPARTURE, NEWS], [NEWS, DEPARTURE], [NEWS]])
    async def test_news_do_not_reach_who_has_left(
        self, hub, database, asked, hints
    ) -> None:
        with guest(hub, GONE) as waiter:
            assert await hub.waker.fetch_news(waiter) is None
            waiting = asyncio.create_task(waiter.wait(nobody_leaves))
            await asyncio.sleep(0)
            database.rooms[1].append(30)
            hub.dispatcher.dispatch(hints)
            assert await waiting is True
            assert waiter.news is None
            assert waiter.outcome is Outcome.NOT_FOUND

    async def test_news_found_by_the_regular_look_do_not_reach_who_has_left(
        self, hub, database, asked
    ) -> None:
        with guest(hub, GONE) as waiter:
            assert await hub.waker.fetch_news(waiter) is None
            waiting = asyncio.create_task(waiter.wait(nobody_leaves))
            await asyncio.sleep(0)
            database.rooms[1].append(30)
            await hub.reconciler.reconcile()
            assert await waiting is True
            assert waiter.outcome is Outcome.NOT_FOUND

    async def test_news_reach_who_is_still_there(self, hub, database, asked) -> None:
        with guest(hub, HERE) as waiter, guest(hub, GONE):
            assert await hub.waker.fetch_news(waiter) is None
            waiting = asyncio.create_task(waiter.wait(nobody_leaves))
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
    """Delete something, successfully."""
    answer = await client.delete(f"{BASE}/room/{path}", params=parameters)
    assert answer.status_code == 200, answer.text


def assert_nothing_found(answer: httpx.Response) -> None:
    """A 404 in the envelope, without data."""
    assert answer.status_code == 404
    ocs = answer.json()["ocs"]
    assert (ocs["meta"]["statuscode"], ocs["data"]) == (404, [])
    assert "X-Chat-Last-Given" not in answer.headers


@pytest.mark.server
@pytest.mark.asyncio
@pytest.mark.django_db(transaction=True)
class TestServer:
    """The same through a real server process."""

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

    async def test_the_poll_of_a_user_who_is_removed_tells_of_it(
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

    async def test_a_room_that_goes_with_an_account_ends_polls_too(
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
