"""/room/{token}/public: opening a room for everybody with its link, and closing it."""

from __future__ import annotations

from functools import partial

import pytest

from talk.constants import RoomType
from talk.models import Participant, Room, Session
from tests.api.callers import (
    guest,
    self_joined,
)
from tests.api.helpers import (
    SECRET,
    TIMESTAMP,
    assert_done,
    assert_refused,
    put_in,
    rows,
    set_password,
    unread,
    user_types_of,
)
from tests.api.operations import make_private, make_public
from tests.api.room_requests import newest, room_without, timeline
from tests.client import BASE, TalkClient
from tests.threads import at_once

ASK = {"make public": make_public, "make private": make_private}


def type_of(token: str) -> int:
    """Return the type of a room."""
    return Room.objects.get(token=token).type


@pytest.mark.parametrize("ask", ASK)
class TestAccess:
    """Access, beyond the authorisation matrix."""

    @pytest.mark.parametrize("room", ["public", "group"])
    def test_a_cookie_alone_is_412(self, browser, request, ask, room):
        token = request.getfixturevalue(room)
        before = rows(Room)
        send = browser.post if ask == "make public" else browser.delete
        assert send(f"{BASE}/room/{token}/public").status_code == 412
        assert rows(Room) == before


class TestMakePublic:
    """POST."""

    def test_the_room_becomes_public_for_everybody(self, as_alice, as_bob, staff):
        assert_done(make_public(as_alice, staff))
        assert [client.room(staff)["type"] for client in (as_alice, as_bob)] == [3, 3]

    def test_strangers_find_it_now(self, as_alice, non_participant, group):
        make_public(as_alice, group)
        assert non_participant.room(group)["type"] == 3

    @pytest.mark.parametrize(("who", "type"), [("carol", 5), ("guest", 4)])
    def test_strangers_may_join_now(self, request, as_alice, group, who, type):
        make_public(as_alice, group)
        client = request.getfixturevalue(f"as_{who}")
        client.join(group)
        assert client.room(group)["participantType"] == type

    def test_one_message_is_written(self, as_alice, group):
        make_public(as_alice, group)
        assert timeline(as_alice, group) == ["conversation_created", "guests_allowed"]

    def test_the_message_names_the_actor(self, clock, as_alice, as_bob, staff):
        clock.shift(60)
        make_public(as_alice, staff)
        assert newest(as_bob, staff) == {
            "token": staff,
            "actorType": "users",
            "actorId": "alice",
            "actorDisplayName": "Alice Adams",
            "timestamp": TIMESTAMP + 60,
            "message": "{actor} allowed guests in the conversation",
            "messageParameters": {
                "actor": {"type": "user", "id": "alice", "name": "Alice Adams"}
            },
            "systemMessage": "guests_allowed",
        }

    def test_the_actor_reads_you(self, as_alice, group):
        make_public(as_alice, group)
        text = "You allowed guests in the conversation"
        assert newest(as_alice, group)["message"] == text

    def test_it_is_activity_and_not_unread(self, clock, as_alice, as_bob, staff):
        as_alice.say(staff, "hello")
        clock.shift(60)
        make_public(as_alice, staff)
        assert as_bob.room(staff)["lastActivity"] == TIMESTAMP + 60
        assert [unread(as_bob, staff), unread(as_alice, staff)] == [1, 0]

    def test_nothing_else_changes(self, clock, as_alice, as_bob, staff):
        for client in (as_alice, as_bob):
            client.join(staff)
        clock.shift(60)
        changing = ("type", "last_activity", "last_position")
        before = room_without(staff, *changing), rows(Participant, Session)
        make_public(as_alice, staff)
        assert (room_without(staff, *changing), rows(Participant, Session)) == before

    @pytest.mark.parametrize("room", ["public", "locked", "shared"])
    def test_for_a_public_room_nothing_happens(self, clock, as_alice, request, room):
        token = request.getfixturevalue(room)
        clock.shift(60)
        before = rows()
        assert_done(make_public(as_alice, token))
        assert rows() == before

    @pytest.mark.django_db(transaction=True)
    def test_two_at_once_are_one_change(self, alice, group):
        clients = [TalkClient(alice), TalkClient(alice)]
        found = at_once(*(partial(make_public, client, group) for client in clients))
        assert [answer.status for answer in found] == [200, 200]
        expected = ["conversation_created", "guests_allowed"]
        assert timeline(clients[0], group) == expected


class TestOneToOneMadePublic:
    """POST in a one-to-one room."""

    @pytest.mark.parametrize("who", ["alice", "bob"])
    def test_both_may(self, request, pair, who):
        assert_done(make_public(request.getfixturevalue(f"as_{who}"), pair))
        assert type_of(pair) == RoomType.PUBLIC

    def test_both_stay_owners(self, as_alice, as_bob, pair):
        make_public(as_alice, pair)
        assert user_types_of(pair) == {"alice": 1, "bob": 1}
        types = [c.room(pair)["participantType"] for c in (as_alice, as_bob)]
        assert types == [1, 1]

    def test_the_name_stays_empty_and_the_other_is_displayed(
        self, as_alice, as_bob, pair
    ):
        make_public(as_alice, pair)
        shown = [client.room(pair) for client in (as_alice, as_bob)]
        assert [room["name"] for room in shown] == ["", ""]
        assert [room["displayName"] for room in shown] == ["Bob Brown", "Alice Adams"]

    def test_it_can_be_given_a_name_now(self, as_alice, pair):
        make_public(as_alice, pair)
        assert_done(as_alice.put(f"/room/{pair}", roomName="Plan"))
        assert as_alice.room(pair)["name"] == "Plan"

    def test_one_message_is_written(self, as_alice, as_bob, pair):
        make_public(as_bob, pair)
        expected = ["conversation_created", "user_added", "guests_allowed"]
        assert timeline(as_alice, pair) == expected
        assert newest(as_alice, pair)["actorId"] == "bob"

    def test_comments_stay(self, as_alice, as_bob, pair):
        message_id = as_bob.say(pair, "hello")
        make_public(as_alice, pair)
        assert message_id in [message["id"] for message in as_bob.history(pair).data]

    def test_a_stranger_may_join(self, as_alice, non_participant, pair):
        make_public(as_alice, pair)
        non_participant.join(pair)
        assert non_participant.history(pair).status == 200

    @pytest.mark.parametrize(("who", "other"), [("alice", "bob"), ("bob", "alice")])
    def test_asking_for_a_one_to_one_room_gives_a_new_one(
        self, request, as_alice, pair, who, other
    ):
        make_public(as_alice, pair)
        client = request.getfixturevalue(f"as_{who}")
        answer = client.post("/room", roomType=1, invite=other)
        assert answer.status == 201
        assert answer.data["token"] != pair
        assert len(client.get("/room").data) == 2

    def test_a_room_closed_again_is_a_group_room(self, as_alice, as_bob, pair):
        make_public(as_alice, pair)
        assert_done(make_private(as_alice, pair))
        assert as_bob.room(pair)["type"] == RoomType.GROUP
        answer = as_bob.post("/room", roomType=1, invite="alice")
        assert answer.status == 201

    def test_notifications_nobody_decided_about_become_those_of_rooms(
        self, as_alice, pair
    ):
        assert as_alice.room(pair)["notificationLevel"] == 1
        make_public(as_alice, pair)
        assert as_alice.room(pair)["notificationLevel"] == 2


class TestMakePrivate:
    """DELETE."""

    def test_the_room_becomes_a_group_room(self, as_alice, as_bob, shared):
        assert_done(make_private(as_alice, shared))
        assert [c.room(shared)["type"] for c in (as_alice, as_bob)] == [2, 2]

    def test_strangers_find_it_no_more(self, as_alice, non_participant, public):
        make_private(as_alice, public)
        assert_refused(non_participant.get(f"/room/{public}"), 404)
        assert_refused(non_participant.ask_to_join(public), 404)

    def test_one_message_is_written(self, as_alice, public):
        make_private(as_alice, public)
        expected = ["conversation_created", "guests_disallowed"]
        assert timeline(as_alice, public) == expected

    def test_opened_and_closed_are_two_messages(self, as_alice, group):
        make_public(as_alice, group)
        make_private(as_alice, group)
        expected = ["conversation_created", "guests_allowed", "guests_disallowed"]
        assert timeline(as_alice, group) == expected

    def test_the_message_names_the_actor(self, clock, as_alice, as_bob, shared):
        clock.shift(60)
        make_private(as_alice, shared)
        assert newest(as_bob, shared) == {
            "token": shared,
            "actorType": "users",
            "actorId": "alice",
            "actorDisplayName": "Alice Adams",
            "timestamp": TIMESTAMP + 60,
            "message": "{actor} disallowed guests in the conversation",
            "messageParameters": {
                "actor": {"type": "user", "id": "alice", "name": "Alice Adams"}
            },
            "systemMessage": "guests_disallowed",
        }

    def test_the_actor_reads_you(self, as_alice, public):
        make_private(as_alice, public)
        text = "You disallowed guests in the conversation"
        assert newest(as_alice, public)["message"] == text

    def test_it_is_activity_and_not_unread(self, clock, as_alice, as_bob, shared):
        as_alice.say(shared, "hello")
        clock.shift(60)
        make_private(as_alice, shared)
        assert as_bob.room(shared)["lastActivity"] == TIMESTAMP + 60
        assert [unread(as_bob, shared), unread(as_alice, shared)] == [1, 0]

    @pytest.mark.parametrize("type", [1, 2, 3])
    def test_members_keep_places_and_sessions(
        self, clock, as_alice, as_bob, bob, public, type
    ):
        put_in(public, bob, type=type, favorite=True)
        for client in (as_alice, as_bob):
            client.join(public)
        clock.shift(60)
        changing = ("type", "last_activity", "last_position")
        before = room_without(public, *changing), rows(Participant, Session)
        make_private(as_alice, public)
        assert (room_without(public, *changing), rows(Participant, Session)) == before

    @pytest.mark.parametrize("room", ["group", "staff", "pair"])
    def test_for_a_private_room_nothing_happens(self, clock, as_alice, request, room):
        token = request.getfixturevalue(room)
        clock.shift(60)
        before = rows()
        assert_done(make_private(as_alice, token))
        assert rows() == before

    @pytest.mark.django_db(transaction=True)
    def test_two_at_once_are_one_change(self, alice, public):
        clients = [TalkClient(alice), TalkClient(alice)]
        found = at_once(*(partial(make_private, client, public) for client in clients))
        assert [answer.status for answer in found] == [200, 200]
        expected = ["conversation_created", "guests_disallowed"]
        assert timeline(clients[0], public) == expected


class TestPassword:
    """It is kept, whatever the room becomes."""

    def test_a_room_made_private_keeps_it(self, as_alice, locked):
        make_private(as_alice, locked)
        assert as_alice.room(locked)["hasPassword"] is True

    def test_a_room_made_public_again_asks_for_it(
        self, as_alice, non_participant, locked
    ):
        make_private(as_alice, locked)
        make_public(as_alice, locked)
        assert_refused(non_participant.ask_to_join(locked), 403)
        assert non_participant.ask_to_join(locked, password=SECRET).status == 200

    def test_a_room_with_a_password_left_over_opens_with_it(
        self, as_alice, non_participant, group
    ):
        set_password(group)
        make_public(as_alice, group)
        assert non_participant.room(group)["hasPassword"] is True
        assert_refused(non_participant.ask_to_join(group), 403)

    @pytest.mark.parametrize("caller", [self_joined, guest])
    def test_it_does_not_let_anybody_into_a_private_room(
        self, as_alice, locked, caller
    ):
        client = caller(locked)
        make_private(as_alice, locked)
        assert_refused(client.ask_to_join(locked, password=SECRET), 404)
