"""Who is sent away while they wait: guests whose session ended, all of a deleted room."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
from django.contrib.auth import get_user_model

from talk.api.polls import Poll
from talk.exceptions import NotFound
from talk.hints import Hint, Kind
from talk.models import BATCH, Room
from talk.realtime import hub as hub_module
from talk.realtime.hub import Hub
from tests import servers
from tests.api.helpers import put_in
from tests.client import TalkClient
from tests.factories import UserFactory
from tests.realtime.conftest import FakeDatabase, make_poll
from tests.servers import BASE, Server, open_client, poll, until_waiting

NEVER = 30.0
DEPARTURE = Hint(room_id=1, position=0, kind=Kind.DEPARTURE)
NEWS = Hint(room_id=1, position=3)

GONE, HERE = 7, 8
"""Keys of a guest's session that has ended, and of one that has not."""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """The sessions that the hub has asked about; all but `HERE` have ended."""
    questions: list[list[int]] = []

    def ended_sessions(*, pks: Any) -> set[int]:
        questions.append(list(pks))
        return set(pks) - {HERE}

    monkeypatch.setattr(hub_module, "ended_sessions", ended_sessions)
    return questions


def poll_of(session_pk: int | None, **changes: Any) -> Poll:
    """Return a poll that ends with this session; a user's, which ends with none."""
    return make_poll(needed_session_pk=session_pk, **changes)


def nobody_leaves() -> asyncio.Future[object]:
    return asyncio.get_running_loop().create_future()


@pytest.mark.asyncio
class TestHub:
    """What a hub does about a departure, over a database that a test decides about."""

    async def test_a_guest_whose_session_has_ended_is_woken(self, hub, asked) -> None:
        with hub.subscribe(poll_of(GONE)) as waiter:
            waiting = asyncio.create_task(waiter.wait(nobody_leaves(), NEVER))
            await hub.send_departed_away(1)
            assert await waiting is True

    async def test_and_the_next_look_says_not_found(self, hub, asked) -> None:
        with hub.subscribe(poll_of(GONE)) as waiter:
            await hub.send_departed_away(1)
            with pytest.raises(NotFound):
                await hub.look(waiter)

    async def test_also_when_there_is_something_to_read(
        self, hub, database: FakeDatabase, asked
    ) -> None:
        with hub.subscribe(poll_of(GONE)) as waiter:
            await hub.send_departed_away(1)
            database.rooms[1].append(30)
            with pytest.raises(NotFound):
                await hub.look(waiter)

    @pytest.mark.parametrize("session_pk", [None, HERE])
    async def test_others_sleep_on(self, hub, asked, session_pk) -> None:
        with (
            hub.subscribe(poll_of(GONE)),
            hub.subscribe(poll_of(session_pk)) as other,
        ):
            await hub.send_departed_away(1)
            assert await other.wait(nobody_leaves(), 0) is False
            await hub.look(other)

    async def test_guests_of_other_rooms_sleep_on(self, hub, database, asked) -> None:
        database.rooms[2] = [10, 20]
        with (
            hub.subscribe(poll_of(GONE)),
            hub.subscribe(poll_of(GONE + 2, room_id=2)) as other,
        ):
            await hub.send_departed_away(1)
            assert await other.wait(nobody_leaves(), 0) is False
        assert asked == [[GONE]]

    async def test_two_polls_of_one_guest_are_both_sent_away(self, hub, asked) -> None:
        with (
            hub.subscribe(poll_of(GONE)) as one,
            hub.subscribe(poll_of(GONE)) as other,
        ):
            await hub.send_departed_away(1)
            for waiter in (one, other):
                with pytest.raises(NotFound):
                    await hub.look(waiter)
        assert asked == [[GONE]]

    async def test_a_deleted_room_wakes_all(self, hub, database, asked) -> None:
        with (
            hub.subscribe(poll_of(None)) as user,
            hub.subscribe(poll_of(HERE)) as guest,
        ):
            del database.rooms[1]
            await hub.send_departed_away(1)
            for waiter in (user, guest):
                assert await waiter.wait(nobody_leaves(), 0) is True
                with pytest.raises(NotFound):
                    await hub.look(waiter)
        assert asked == []

    async def test_users_alone_are_not_asked_about(self, hub, asked) -> None:
        with hub.subscribe(poll_of(None)), hub.subscribe(poll_of(None)):
            await hub.send_departed_away(1)
        assert asked == []

    async def test_a_crowd_is_asked_about_in_batches(self, hub, asked) -> None:
        with ExitStack() as stack:
            for pk in range(BATCH + 1):
                poll = poll_of(1000 + pk)
                stack.enter_context(hub.subscribe(poll))
            await hub.send_departed_away(1)
        assert [len(some) for some in asked] == [BATCH, 1]

    async def test_a_room_where_nobody_waits_is_no_trouble(self, hub, asked) -> None:
        await hub.send_departed_away(1)
        assert asked == []

    async def test_a_hint_of_a_departure_sends_away(self, hub, asked) -> None:
        with hub.subscribe(poll_of(GONE)) as waiter:
            hub.hear([DEPARTURE])
            assert await waiter.wait(nobody_leaves(), NEVER) is True
            with pytest.raises(NotFound):
                await hub.look(waiter)

    async def test_a_hint_of_a_departure_where_nobody_waits_is_ignored(
        self, hub, asked
    ) -> None:
        with hub.subscribe(poll_of(GONE, room_id=2)) as waiter:
            hub.hear([DEPARTURE])
            assert await waiter.wait(nobody_leaves(), 0) is False
        assert asked == []

    async def test_a_database_that_fails_is_logged_and_harms_nobody(
        self, hub, database, asked, caplog
    ) -> None:
        with hub.subscribe(poll_of(GONE)) as waiter:
            database.fails = True
            with caplog.at_level(logging.ERROR, logger="talk.hub"):
                hub.hear([DEPARTURE])
                await asyncio.to_thread(database.failed.wait, NEVER)
                while hub._tasks:
                    await asyncio.gather(*hub._tasks)
            assert "could not reach the database" in caplog.text
            database.fails = False
            await hub.send_departed_away(1)
            assert await waiter.wait(nobody_leaves(), 0) is True

    async def test_who_left_while_the_database_was_asked_is_no_trouble(
        self, hub: Hub, monkeypatch
    ) -> None:
        with ExitStack() as stack:
            stack.enter_context(hub.subscribe(poll_of(GONE)))

            def ended_sessions(*, pks: Any) -> set[int]:
                stack.close()
                return set(pks)

            monkeypatch.setattr(hub_module, "ended_sessions", ended_sessions)
            await hub.send_departed_away(1)
        assert hub.waiter_count == 0

    # A hint may be lost or late; what the database says counts.

    async def test_news_that_come_with_the_departure_do_not_reach_who_left(
        self, hub, database, asked
    ) -> None:
        with hub.subscribe(poll_of(GONE)) as waiter:
            await hub.look(waiter)
            database.rooms[1].append(30)
            hub.hear([DEPARTURE, NEWS])
            assert await waiter.wait(nobody_leaves(), NEVER) is True
            with pytest.raises(NotFound):
                await hub.look(waiter)

    async def test_news_do_not_reach_who_left_just_before_subscribing(
        self, hub, database, asked
    ) -> None:
        hub.hear([DEPARTURE])
        with hub.subscribe(poll_of(GONE)) as waiter:
            await hub.look(waiter)
            database.rooms[1].append(30)
            hub.hear([NEWS])
            with pytest.raises(NotFound):
                await hub.look(waiter)

    async def test_news_found_by_the_regular_look_do_not_reach_who_left(
        self, hub, database, asked
    ) -> None:
        with hub.subscribe(poll_of(GONE)) as waiter:
            await hub.look(waiter)
            database.rooms[1].append(30)
            await hub.look_at_all()
            assert await waiter.wait(nobody_leaves(), 0) is True
            with pytest.raises(NotFound):
                await hub.look(waiter)

    async def test_news_reach_who_is_still_there(self, hub, database, asked) -> None:
        with hub.subscribe(poll_of(HERE)) as waiter, hub.subscribe(poll_of(GONE)):
            await hub.look(waiter)
            database.rooms[1].append(30)
            hub.hear([DEPARTURE, NEWS])
            page = await hub.look(waiter)
            assert [message.pk for message in page.messages] == [30]


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
