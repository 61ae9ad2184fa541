"""DELETE /room/{token}: the room is deleted with everything in it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from talk.models import (
    CallAttendance,
    Guest,
    Message,
    Participant,
    Room,
    Session,
    SignalingMessage,
)
from tests.api.callers import (
    anonymous,
    guest,
    guest_moderator,
    guest_who_left,
    invited,
    invited_and_joined,
    owner,
    self_joined,
    uninvited,
)
from tests.api.helpers import (
    START,
    TIMESTAMP,
    assert_done,
    assert_refused,
    fill,
    own_session_id,
    put_in,
    rows,
    unread,
    user_types_of,
)
from tests.api.operations import delete_room as delete
from tests.api.operations import protect as give_password
from tests.api.operations import rename
from tests.api.room_requests import timeline
from tests.api.waits import while_waiting
from tests.client import BASE, Answer, TalkClient
from tests.factories import RoomFactory
from tests.threads import at_once
from tests.timelines import ids_of, write

REQUESTS: dict[str, Callable[[TalkClient, str], Answer]] = {
    "get": lambda client, token: client.get(f"/room/{token}"),
    "rename": lambda client, token: rename(client, token, "Plan"),
    "delete": lambda client, token: delete(client, token),
    "password": lambda client, token: give_password(client, token, "secret"),
    "join": lambda client, token: client.ask_to_join(token),
    "leave": lambda client, token: client.leave(token),
    "history": lambda client, token: client.history(token),
    "poll": lambda client, token: client.poll(token, after=0),
    "say": lambda client, token: client.post(f"/chat/{token}", message="hello"),
}
"""Requests about a room."""


class TestAccess:
    """Access, beyond the authorisation matrix."""

    def test_a_room_of_an_object_of_the_site_may_be_deleted(self, as_alice, public):
        Room.objects.update(object_type="order", object_id="77")
        assert_done(delete(as_alice, public))
        assert not Room.objects.exists()

    def test_its_guests_are_deleted(self, as_alice, as_guest, public):
        elsewhere = as_alice.create_room()
        TalkClient().join(elsewhere)
        author = TalkClient()
        author.join(public)
        author.say(public, "hello")
        author.leave(public)
        as_guest.join(public)
        assert Guest.objects.count() == 3
        assert_done(delete(as_alice, public))
        assert Guest.objects.get().participant.room.token == elsewhere

    def test_a_cookie_alone_is_412(self, browser, public):
        assert browser.delete(f"{BASE}/room/{public}").status_code == 412
        assert Room.objects.exists()


class TestForEverybody:
    """The room is a 404 for all callers."""

    @pytest.mark.parametrize("ask", REQUESTS)
    @pytest.mark.parametrize(
        "caller",
        [
            owner,
            invited,
            invited_and_joined,
            self_joined,
            guest,
            guest_moderator,
            guest_who_left,
            uninvited,
            anonymous,
        ],
    )
    def test_every_request_is_404(self, as_alice, shared, caller, ask):
        client = caller(shared)
        as_alice.delete(f"/room/{shared}")
        assert_refused(REQUESTS[ask](client, shared), 404)

    def test_the_room_is_gone_from_all_lists(self, as_alice, as_bob, shared):
        carol = self_joined(shared)
        delete(as_alice, shared)
        assert [c.get("/room").data for c in (as_alice, as_bob, carol)] == [[], [], []]

    @pytest.mark.parametrize("who", ["alice", "bob"])
    def test_a_one_to_one_room_is_gone_for_both(
        self, request, as_alice, as_bob, pair, who
    ):
        delete(request.getfixturevalue(f"as_{who}"), pair)
        for client in (as_alice, as_bob):
            assert client.get("/room").data == []
            assert_refused(client.get(f"/room/{pair}"), 404)

    def test_a_deleted_room_looks_like_an_unknown_one(self, as_alice, as_bob, shared):
        delete(as_alice, shared)
        deleted, missing = (
            as_bob.get(f"/room/{token}") for token in (shared, "k7pz3mqd")
        )
        assert (deleted.meta, deleted.data) == (missing.meta, missing.data)

    @pytest.mark.parametrize("caller", [owner, invited_and_joined, guest])
    def test_a_waiting_poll_gets_404(self, as_alice, shared, caller):
        client = caller(shared)
        with while_waiting(lambda: delete(as_alice, shared)):
            answer = client.poll(shared, after=ids_of(shared)[-1], timeout=5)
        assert not Room.objects.exists()
        assert_refused(answer, 404)


class TestContents:
    """Rows that are deleted with the room, and rows that stay."""

    def test_nothing_is_left_of_it(self, as_alice, alice, as_guest, shared):
        fill(shared, people=3)
        as_alice.join(shared)
        as_guest.join(shared)
        for client in (as_alice, as_guest):
            client.say(shared, "hello")
        write(shared, ["more"] * 100, user=alice)
        assert_done(delete(as_alice, shared))
        assert rows(Room, Participant, Session, Message) == [[], [], [], []]

    def test_a_running_call_is_deleted_too(self, as_alice, alice, as_bob, bob, shared):
        room = Room.objects.get()
        for client, user in ((as_alice, alice), (as_bob, bob)):
            client.join(shared)
            CallAttendance.objects.create(room=room, user=user, joined_at=START)
        Session.objects.update(in_call=7)
        Room.objects.update(active_since=START)
        first, second = Session.objects.all()
        SignalingMessage.objects.create(
            recipient=first,
            sender_session_id=second.session_id,
            text="{}",
            created_at=START,
        )
        assert_done(delete(as_alice, shared))
        left = rows(Room, Session, Message, CallAttendance, SignalingMessage)
        assert left == [[], [], [], [], []]

    def test_other_rooms_still_name_its_guests(self, as_alice, as_guest, public):
        other = as_alice.create_room()
        for token in (public, other):
            as_guest.join(token)
            as_guest.post(f"/guest/{token}/name", displayName="Zoe")
            as_guest.say(token, "hello")
        delete(as_alice, public)
        (message,) = as_alice.history(other, limit=1).data
        assert message["actorDisplayName"] == "Zoe"

    def test_accounts_stay(self, as_alice, alice, bob, shared):
        delete(as_alice, shared)
        for user in (alice, bob):
            user.refresh_from_db()
            assert user.is_active

    def test_other_rooms_of_the_same_participants_are_unchanged(
        self, clock, as_alice, as_bob, bob, as_guest, shared
    ):
        other = as_alice.create_room()
        put_in(other, bob, favorite=True)
        for token in (shared, other):
            for client in (as_alice, as_bob, as_guest):
                client.join(token)
                client.say(token, "hello")

        def of_the_other_room() -> list[Any]:
            tables = (Participant, Session, Message)
            found = [t.objects.filter(room__token=other).order_by("pk") for t in tables]
            room = Room.objects.filter(token=other)
            return [list(queryset.values()) for queryset in (room, *found)]

        before = of_the_other_room()
        clock.shift(60)
        delete(as_alice, shared)
        assert of_the_other_room() == before

    def test_a_guest_stays_in_other_rooms(self, as_alice, as_guest, public):
        other = RoomFactory().token
        as_guest.join(public)
        session_id = as_guest.join(other)
        delete(as_alice, public)
        assert own_session_id(as_guest, other) == session_id
        assert as_guest.say(other, "still here")

    def test_a_second_time_is_404(self, as_alice, public):
        delete(as_alice, public)
        assert_refused(delete(as_alice, public), 404)


class TestNewOneToOne:
    """The same two users create a new room."""

    @pytest.mark.parametrize(("who", "other"), [("alice", "bob"), ("bob", "alice")])
    def test_a_new_room_is_created_with_201(self, request, as_alice, pair, who, other):
        delete(as_alice, pair)
        client = request.getfixturevalue(f"as_{who}")
        answer = client.post("/room", roomType=1, invite=other)
        assert answer.status == 201
        assert answer.data["token"] != pair
        assert user_types_of(answer.data["token"]) == {"alice": 1, "bob": 1}

    def test_the_new_room_is_the_only_one(self, as_alice, as_bob, pair):
        delete(as_alice, pair)
        token = as_alice.create_room(type=1, invite="bob")
        for client in (as_alice, as_bob):
            assert [room["token"] for room in client.get("/room").data] == [token]

    def test_the_new_room_has_no_old_messages(self, clock, as_alice, as_bob, pair):
        for client in (as_alice, as_bob):
            client.say(pair, "before")
            client.post(f"/room/{pair}/favorite")
        delete(as_bob, pair)
        clock.shift(60)
        token = as_alice.create_room(type=1, invite="bob")
        assert timeline(as_bob, token) == ["conversation_created", "user_added"]
        assert [unread(as_alice, token), unread(as_bob, token)] == [0, 0]
        room = as_bob.room(token)
        assert room["isFavorite"] is False
        assert room["lastActivity"] == TIMESTAMP + 60

    def test_the_old_token_is_404(self, as_alice, as_bob, pair):
        delete(as_alice, pair)
        as_alice.create_room(type=1, invite="bob")
        assert_refused(as_bob.get(f"/room/{pair}"), 404)


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    """Concurrent requests."""

    def test_of_two_concurrent_deletions_one_is_404(self, alice, public):
        clients = [TalkClient(alice), TalkClient(alice)]
        found = at_once(*(partial(delete, client, public) for client in clients))
        assert sorted(answer.status for answer in found) == [200, 404]
        assert not Room.objects.exists()

    @pytest.mark.parametrize("ask", ["join", "say", "rename", "password"])
    def test_nothing_is_left_behind(self, alice, public, ask):
        clients = [TalkClient(alice), TalkClient(alice)]
        other, deleted = at_once(
            partial(REQUESTS[ask], clients[0], public),
            partial(delete, clients[1], public),
        )
        assert deleted.status == 200
        assert other.status in (200, 201, 404)
        assert rows(Room, Participant, Session, Message) == [[], [], [], []]

    @pytest.mark.parametrize("caller", [uninvited, anonymous])
    def test_a_concurrent_join_leaves_nothing_behind(self, alice, public, caller):
        non_participant, client = caller(public), TalkClient(alice)
        join, deleted = at_once(
            partial(non_participant.ask_to_join, public),
            partial(delete, client, public),
        )
        assert deleted.status == 200
        assert join.status in (200, 404)
        assert rows(Room, Participant, Session) == [[], [], []]
