"""Calls and updates through a real signaling server."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from django.utils import timezone

from talk.models import Participant, Room, Session
from tests.client import TalkClient
from tests.external_signaling import SECRET
from tests.factories import ParticipantFactory, UserFactory
from tests.servers import (
    PATIENCE,
    in_database,
    open_client,
    say,
    until,
)
from tests.signaling_client import SignalingClient
from tests.signaling_site import Person, Site, cookie_of, start_site

pytestmark = [
    pytest.mark.server,
    pytest.mark.django_db(transaction=True),
    pytest.mark.asyncio,
]

CHAT = {"type": "chat", "chat": {"refresh": True}}


@pytest.fixture
def bare_site(transactional_db: None, tmp_path: Path) -> Iterator[Site]:
    """The app, with a signaling server in its settings that does not run."""
    site = start_site(tmp_path)
    yield site
    site.app.kill()
    site.stop_signaling()


@pytest.fixture
def site(bare_site: Site) -> Site:
    """The app and its signaling server."""
    bare_site.start_signaling()
    return bare_site


@pytest.fixture
def token(transactional_db: None) -> str:
    """A public room of Alice with Bob in it."""
    alice, bob = UserFactory(username="alice"), UserFactory(username="bob")
    UserFactory(username="carol")
    token = TalkClient(alice).create_room(type=3, name="Plan")
    ParticipantFactory(room=Room.objects.get(token=token), user=bob)
    return token


@pytest_asyncio.fixture
async def meet(token: str) -> AsyncIterator[Callable[..., Any]]:
    """Return a function that connects a user by name, or a guest, before the hello."""
    async with AsyncExitStack() as stack:

        async def meet(site: Site, name: str = "") -> Person:
            cookie = await in_database(cookie_of, name) if name else None
            http = await stack.enter_async_context(open_client(site.app, cookie))
            person = Person(site, name, http, SignalingClient(""))
            server = (await person.settings())["server"]
            person.socket = await stack.enter_async_context(SignalingClient(server))
            return person

        yield meet


class TestHello:
    """The clients that the server accepts."""

    async def test_a_user_with_our_ticket(self, site, meet):
        alice = await meet(site, "alice")
        hello = await alice.hello()
        assert hello["type"] == "hello"
        assert hello["hello"]["userid"] == "alice"

    async def test_a_guest_with_our_ticket(self, site, meet):
        hello = await (await meet(site)).hello()
        assert hello["type"] == "hello"
        assert hello["hello"]["userid"] == ""

    async def test_a_wrong_ticket_is_refused(self, site, meet):
        alice, bob = await meet(site, "alice"), await meet(site, "bob")
        stolen = (await bob.settings())["ticket"]
        for ticket in (stolen, stolen[:-1], "", "a:1:alice:" + "0" * 64):
            answer = await alice.socket.hello(site.backend, "alice", ticket)
            assert answer["type"] == "error"
            assert answer["error"]["code"] == "invalid_ticket"
        # The connection still accepts the right ticket.
        assert (await alice.hello())["type"] == "hello"

    async def test_a_server_with_another_secret_is_refused(self, bare_site, meet):
        bare_site.start_signaling(secret="another-secret")
        answer = await (await meet(bare_site, "alice")).hello()
        assert answer["type"] == "error"
        assert answer["error"]["code"] == "invalid_request"


class TestRoom:
    """The clients in a room."""

    async def test_two_users_and_a_guest_see_each_other(self, site, meet, token):
        alice, bob, guest = [await meet(site, name) for name in ("alice", "bob", "")]
        for person in (alice, bob, guest):
            assert (await person.hello())["type"] == "hello"
            answer = await person.join(token)
            assert answer["room"] == {
                "roomid": token,
                "properties": {"name": "Plan", "type": 3},
            }
        everybody = [person.session_id for person in (alice, bob, guest)]
        for person in (alice, bob, guest):
            seen = await person.socket.joined(*everybody)
            assert seen[alice.session_id]["user"] == {"displayname": "Alice Example"}
            assert seen[bob.session_id]["userid"] == "bob"
            assert seen[guest.session_id].get("userid", "") == ""
            assert seen[guest.session_id]["sessionid"] == guest.socket.public_id

    async def test_non_participants_are_refused(self, site, meet, token):
        carol = await meet(site, "carol")
        assert (await carol.hello())["type"] == "hello"
        for room in (token, "abcd2345"):
            answer = await carol.socket.enter(room, "no-session")
            assert answer["type"] == "error"
            assert answer["error"]["code"] == "no_such_room"

    async def test_a_message_reaches_the_other_client(self, site, meet, token):
        alice, guest = await meet(site, "alice"), await meet(site)
        await alice.arrive(token)
        await guest.arrive(token)
        offer = {"type": "offer", "payload": {"sdp": "v=0"}}
        recipient = {"type": "session", "sessionid": guest.socket.public_id}
        message = {"recipient": recipient, "data": offer}
        text = json.dumps({"type": "message", "message": message})
        await alice.socket.socket.send(text)
        heard = await guest.socket.until(lambda one: one["type"] == "message")
        assert heard["message"]["data"] == offer
        assert heard["message"]["sender"]["sessionid"] == alice.socket.public_id

    async def test_a_client_that_sends_bye_has_left(self, site, meet, token):
        alice, guest = await meet(site, "alice"), await meet(site)
        await alice.arrive(token)
        await guest.arrive(token)
        await guest.socket.bye()
        left = await alice.socket.event("room", "leave")
        assert left == [guest.socket.public_id]
        await self.until_connected(token, alice)
        await alice.socket.leave()
        await self.until_connected(token)
        assert await in_database(names_in, token) == ["alice", "bob"]

    async def test_connections_keep_their_sessions_alive(self, site, meet, token):
        alice, guest = await meet(site, "alice"), await meet(site)
        await alice.arrive(token)
        await guest.arrive(token)
        past = timezone.now() - timedelta(seconds=90)
        await in_database(lambda: Session.objects.update(last_ping=past))

        async def silent() -> int:
            # The server reports the sessions every ten seconds.
            old = Session.objects.filter(last_ping__lte=past)
            return await in_database(old.count)

        await until(lambda count: count == 0, silent)

    async def until_connected(self, token: str, *people: Person) -> None:
        """Return when exactly these sessions are live in the app."""
        expected = {person.session_id for person in people}
        await until(
            lambda found: found == expected,
            lambda: in_database(session_ids_in, token),
        )


class TestUpdates:
    """Updates of the app that reach clients through the server."""

    async def test_a_message(self, site, meet, token):
        alice, bob, guest = [await meet(site, name) for name in ("alice", "bob", "")]
        for person in (bob, guest):
            await person.arrive(token)
        await say(alice.http, token, "hello")
        for person in (bob, guest):
            heard = await person.socket.event("room", "message")
            assert heard["roomid"] == token
            assert heard["data"] == CHAT

    async def test_a_call(self, site, meet, token):
        alice, guest = await meet(site, "alice"), await meet(site)
        await alice.arrive(token)
        await guest.arrive(token)
        for flags in (7, 3):
            await alice.ask("POST", f"/call/{token}", flags=flags)
            for person in (alice, guest):
                (caller,) = await in_call(person, flags)
                assert caller["sessionId"] == alice.socket.public_id
                assert caller["userId"] == "alice"
                assert caller["participantType"] == 1
        await guest.ask("POST", f"/call/{token}", flags=1)
        callers = await in_call(alice, 1)
        assert {one["sessionId"]: one["inCall"] for one in callers} == {
            alice.socket.public_id: 3,
            guest.socket.public_id: 1,
        }
        await alice.ask("DELETE", f"/call/{token}")
        callers = await in_call(guest, 0)
        assert {one["sessionId"]: one["inCall"] for one in callers} == {
            alice.socket.public_id: 0,
            guest.socket.public_id: 1,
        }

    async def test_a_caller_in_the_call_who_leaves_the_room(self, site, meet, token):
        alice, bob = await meet(site, "alice"), await meet(site, "bob")
        await alice.arrive(token)
        await bob.arrive(token)
        await bob.ask("POST", f"/call/{token}")
        await in_call(alice, 7)
        await bob.ask("DELETE", f"/room/{token}/participants/active")
        (caller,) = await in_call(alice, 0)
        assert caller["sessionId"] == bob.socket.public_id

    async def test_a_new_name_of_the_room(self, site, meet, token):
        alice, guest = await meet(site, "alice"), await meet(site)
        await guest.arrive(token)
        await alice.ask("PUT", f"/room/{token}", roomName="New")
        room = await guest.socket.until(lambda one: one["type"] == "room")
        assert room["room"]["properties"] == {"name": "New", "type": 3}

    async def test_an_invitation(self, site, meet, token):
        alice, carol = await meet(site, "alice"), await meet(site, "carol")
        assert (await carol.hello())["type"] == "hello"
        path = f"/room/{token}/participants"
        await alice.ask("POST", path, newParticipant="carol")
        invited = await carol.socket.event("roomlist", "invite")
        assert invited["roomid"] == token

    async def test_the_name_of_a_guest(self, site, meet, token):
        alice, guest = await meet(site, "alice"), await meet(site)
        await alice.arrive(token)
        await guest.arrive(token)
        await guest.ask("POST", f"/guest/{token}/name", displayName="Gwen")
        update = await alice.socket.event("participants", "update")
        ids = {one["sessionId"] for one in update["users"]}
        assert ids == {alice.socket.public_id, guest.socket.public_id}


class TestRemoval:
    """Removed participants, who are disconnected."""

    async def test_a_user(self, site, meet, token):
        alice, bob = await meet(site, "alice"), await meet(site, "bob")
        await alice.arrive(token)
        await bob.arrive(token)
        path = f"/room/{token}/participants"
        await alice.ask("DELETE", path, participant="bob")
        await bob.socket.until_closed()
        removed = await bob.socket.event("roomlist", "disinvite")
        assert removed["roomid"] == token
        assert await alice.socket.event("room", "leave") == [bob.socket.public_id]

    async def test_a_guest(self, site, meet, token):
        alice, guest = await meet(site, "alice"), await meet(site)
        await alice.arrive(token)
        await guest.arrive(token)
        path = f"/room/{token}/participants/guests"
        await alice.ask("DELETE", path, participant=guest.session_id)
        await guest.socket.until_closed()
        assert await alice.socket.event("room", "leave") == [guest.socket.public_id]

    async def test_guests_of_a_room_that_becomes_private(self, site, meet, token):
        alice, guest = await meet(site, "alice"), await meet(site)
        await guest.arrive(token)
        await alice.ask("DELETE", f"/room/{token}/public")
        await guest.socket.until_closed()

    async def test_all_when_the_room_is_deleted(self, site, meet, token):
        alice, bob, guest = [await meet(site, name) for name in ("alice", "bob", "")]
        await bob.arrive(token)
        await guest.arrive(token)
        await alice.ask("DELETE", f"/room/{token}")
        await bob.socket.until_closed()
        deleted = await bob.socket.event("roomlist", "disinvite")
        assert deleted == {"roomid": token, "reason": "deleted"}
        nowhere = await guest.socket.until(lambda one: one["type"] == "room")
        assert nowhere["room"]["roomid"] == ""

    async def test_a_guest_who_joins_again_stays_connected(self, site, meet, token):
        alice, guest = await meet(site, "alice"), await meet(site)
        await guest.arrive(token)
        # Another tab of the same browser does this.
        await guest.ask("POST", f"/room/{token}/participants/active")
        await say(alice.http, token, "hello")
        await guest.socket.event("room", "message")


class TestDown:
    """A signaling server that is down or has another secret."""

    async def test_requests_are_answered_while_the_server_hangs(
        self, meet, token, tmp_path
    ):
        site = start_site(tmp_path, SIGNALING_TIMEOUT_SECONDS=PATIENCE)
        try:
            with socket.create_server(("127.0.0.1", site.port)) as silent:
                silent.settimeout(PATIENCE)
                async with open_client(
                    site.app, await in_database(cookie_of, "alice")
                ) as http:
                    first = await say(http, token, "one")
                    connection, _ = await asyncio.to_thread(silent.accept)
                    # From here on a background thread waits for the server.
                    assert first < await say(http, token, "two")
                    connection.close()
        finally:
            site.app.kill()

    async def test_updates_are_logged_while_it_is_down_and_arrive_later(
        self, bare_site, meet, token
    ):
        async with open_client(
            bare_site.app, await in_database(cookie_of, "alice")
        ) as http:
            await say(http, token, "nobody hears this")
            await bare_site.until_logged(
                f"Will try again: signaling requests of room {token}"
            )
            bare_site.start_signaling()
            bob = await meet(bare_site, "bob")
            await bob.arrive(token)
            await say(http, token, "hello")
            assert (await bob.socket.event("room", "message"))["data"] == CHAT

    async def test_updates_with_a_wrong_secret_are_refused_and_logged(
        self, bare_site, meet, token
    ):
        bare_site.start_signaling(secret="another-secret")
        async with open_client(
            bare_site.app, await in_database(cookie_of, "alice")
        ) as http:
            await say(http, token, "hello")
            await bare_site.until_logged("answered 403")
        assert SECRET not in "".join(bare_site.app.log)


async def in_call(person: Person, flags: int) -> list[dict[str, Any]]:
    """Return the sessions in the call, once one is reported with these flags."""
    while True:
        update = await person.socket.event("participants", "update")
        if any(user["inCall"] == flags for user in update["users"]):
            return update["users"]


def session_ids_in(token: str) -> set[str]:
    """Return the ids of all sessions of a room."""
    sessions = Session.objects.filter(room__token=token)
    return set(sessions.values_list("session_id", flat=True))


def names_in(token: str) -> list[str]:
    """Return the user names of a room's participants; those of guests are empty."""
    participants = Participant.objects.filter(room__token=token)
    return sorted(
        participant.user.username if participant.user else ""
        for participant in participants
    )
