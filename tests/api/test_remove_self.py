"""DELETE /room/{token}/participants/self: leaving a room for good."""

from __future__ import annotations

from functools import partial

import pytest

from talk.models import Message, Participant, Room, Session
from tests.api.helpers import (
    TIMESTAMP,
    assert_done,
    assert_refused,
    put_in,
    rows,
    session_ids,
    user_types_of,
)
from tests.api.moderation import (
    join_as_guest,
    last_activity,
    newest,
    put_in_call,
    told,
    was_in_call,
)
from tests.client import Answer, TalkClient
from tests.threads import at_once


def remove_self(client: TalkClient, token: str) -> Answer:
    """Ask to leave for good."""
    return client.delete(f"/room/{token}/participants/self")


def bind(token: str) -> None:
    """Let a room belong to an object of the site's."""
    rooms = Room.objects.filter(token=token)
    rooms.update(object_type="order", object_id="17")


class TestAccess:
    """Access, beyond the authorisation matrix."""

    def test_a_second_time_is_404(self, as_bob, shared):
        remove_self(as_bob, shared)
        before = rows()
        assert_refused(remove_self(as_bob, shared), 404)
        assert rows() == before


class TestOneOfSeveral:
    """The room goes on without them."""

    def test_the_one_who_goes_has_no_place_and_no_session(self, bob, shared):
        phone, laptop = TalkClient(bob), TalkClient(bob)
        phone.join(shared)
        laptop.join(shared)
        assert_done(remove_self(phone, shared))
        assert user_types_of(shared) == {"alice": 1}
        assert session_ids(shared) == set()

    def test_the_room_vanishes_from_the_list(self, as_alice, as_bob, staff):
        remove_self(as_bob, staff)
        assert as_bob.get("/room").data == []
        assert_refused(as_bob.get(f"/room/{staff}"), 404)
        assert [room["token"] for room in as_alice.get("/room").data] == [staff]

    def test_others_keep_place_and_session(self, as_alice, as_bob, as_guest, shared):
        sessions = {as_alice.join(shared), as_guest.join(shared)}
        as_bob.join(shared)
        remove_self(as_bob, shared)
        assert session_ids(shared) == sessions

    def test_one_message_is_written(self, as_alice, as_bob, shared):
        remove_self(as_bob, shared)
        assert told(as_alice, shared) == [("user_removed", "bob", "bob")]

    def test_the_message_says_that_they_left(self, as_alice, as_bob, shared):
        remove_self(as_bob, shared)
        message = newest(as_alice, shared)
        somebody = {"type": "user", "id": "bob", "name": "Bob Brown"}
        assert message["message"] == "{actor} left the conversation"
        assert message["messageParameters"] == {"actor": somebody, "user": somebody}
        assert message["actorType"] == "users"

    def test_it_is_activity(self, clock, as_alice, as_bob, shared):
        clock.shift(60)
        remove_self(as_bob, shared)
        assert last_activity(as_alice, shared) == TIMESTAMP + 60

    def test_messages_stay(self, as_alice, as_bob, shared):
        as_bob.say(shared, "bye")
        remove_self(as_bob, shared)
        _, message, *_ = as_alice.history(shared).data
        assert (message["message"], message["actorId"]) == ("bye", "bob")

    def test_an_owner_may_go_and_nobody_is_promoted(self, as_alice, as_bob, shared):
        assert_done(remove_self(as_alice, shared))
        assert user_types_of(shared) == {"bob": 3}
        assert told(as_bob, shared) == [("user_removed", "alice", "alice")]

    def test_other_rooms_stay(self, as_bob, bob, as_alice, shared):
        other = as_alice.create_room(type=3)
        put_in(other, bob)
        remove_self(as_bob, shared)
        assert user_types_of(other) == {"alice": 1, "bob": 3}

    def test_they_may_come_back_by_the_link(self, as_bob, bob, shared):
        remove_self(as_bob, shared)
        as_bob.join(shared)
        assert user_types_of(shared) == {"alice": 1, "bob": 5}

    def test_the_last_in_the_call_ends_it(self, clock, as_alice, alice, as_bob, shared):
        put_in_call(shared, as_bob.join(shared))
        was_in_call(shared, alice)
        clock.shift(30)
        remove_self(as_bob, shared)
        assert told(as_alice, shared) == [
            ("call_ended", "alice", ""),
            ("user_removed", "bob", "bob"),
        ]
        assert as_alice.room(shared)["hasCall"] is False


class TestLast:
    """The last permanent member takes the room along."""

    @pytest.mark.parametrize("type", [1, 2, 3])
    @pytest.mark.parametrize("room", ["public", "locked", "group"])
    def test_the_only_member_deletes_the_room(self, as_alice, request, room, type):
        token = request.getfixturevalue(room)
        Participant.objects.update(type=type)
        as_alice.join(token)
        as_alice.say(token, "hello")
        assert_done(remove_self(as_alice, token))
        assert rows(Room, Participant, Session, Message) == [[], [], [], []]

    def test_guests_and_self_joined_users_do_not_keep_the_room(
        self, as_alice, as_carol, as_guest, public
    ):
        as_carol.join(public)
        as_guest.join(public)
        assert_done(remove_self(as_alice, public))
        assert rows(Room, Participant, Session, Message) == [[], [], [], []]
        for client in (as_carol, as_guest):
            assert_refused(client.get(f"/room/{public}"), 404)
            assert client.history(public).status == 404

    def test_a_guest_moderator_keeps_the_room(self, as_alice, public):
        client, session_id = join_as_guest(public, type=6)
        assert_done(remove_self(as_alice, public))
        assert user_types_of(public) == {None: 6}
        assert session_ids(public) == {session_id}
        assert told(client, public) == [("user_removed", "alice", "alice")]

    def test_other_rooms_stay(self, as_alice, public, group):
        remove_self(as_alice, public)
        assert user_types_of(group) == {"alice": 1}
        assert told(as_alice, group) == []

    @pytest.mark.django_db(transaction=True)
    def test_the_last_two_who_go_at_once_leave_no_room_behind(
        self, as_alice, as_bob, bob
    ):
        token = as_alice.create_room(type=3)
        put_in(token, bob)
        answers = at_once(
            partial(remove_self, as_alice, token), partial(remove_self, as_bob, token)
        )
        assert [answer.status for answer in answers] == [200, 200]
        assert not Room.objects.exists()

    @pytest.mark.django_db(transaction=True)
    def test_a_user_who_leaves_twice_at_once_leaves_once(self, as_alice, as_bob, bob):
        token = as_alice.create_room(type=3)
        put_in(token, bob)
        answers = at_once(*[partial(remove_self, as_bob, token)] * 2)
        assert sorted(answer.status for answer in answers) == [200, 404]
        assert told(as_alice, token) == [("user_removed", "bob", "bob")]


class TestSelfJoined:
    """A self-joined user who leaves removes only themself."""

    def test_the_room_of_one_permanent_member_stays(self, as_alice, as_carol, public):
        as_carol.join(public)
        assert_done(remove_self(as_carol, public))
        assert user_types_of(public) == {"alice": 1}
        assert told(as_alice, public) == [("user_removed", "carol", "carol")]

    def test_the_room_without_permanent_members_stays(self, as_carol, carol, public):
        Participant.objects.all().delete()
        as_carol.join(public)
        assert_done(remove_self(as_carol, public))
        assert Room.objects.filter(token=public).exists()

    def test_the_room_vanishes_from_the_list(self, as_carol, public):
        as_carol.join(public)
        remove_self(as_carol, public)
        assert as_carol.get("/room").data == []

    def test_the_password_is_asked_for_again(self, as_carol, carol, locked):
        put_in(locked, carol, type=5)
        remove_self(as_carol, locked)
        assert_refused(as_carol.ask_to_join(locked), 403)


class TestPair:
    """Either of the two ends a one-to-one room for both."""

    def test_the_room_is_gone_for_both(self, as_alice, as_bob, pair):
        as_alice.say(pair, "hello")
        assert_done(remove_self(as_bob, pair))
        assert rows(Room, Participant, Session, Message) == [[], [], [], []]
        for client in (as_alice, as_bob):
            assert client.get("/room").data == []
            assert_refused(client.get(f"/room/{pair}"), 404)

    def test_a_new_room_of_the_two_begins_from_scratch(self, as_alice, as_bob, pair):
        as_alice.say(pair, "hello")
        remove_self(as_bob, pair)
        token = as_alice.create_room(type=1, invite="bob")
        assert token != pair
        assert told(as_alice, token) == [("user_added", "alice", "bob")]

    def test_a_former_pair_goes_on_without_the_one_who_went(
        self, as_alice, as_bob, pair
    ):
        assert_done(as_alice.post(f"/room/{pair}/public"))
        assert_done(remove_self(as_bob, pair))
        assert user_types_of(pair) == {"alice": 1}


class TestObjects:
    """Rooms of the site's own objects stay."""

    @pytest.mark.parametrize("type", [1, 2, 3])
    @pytest.mark.parametrize("room", ["public", "group"])
    def test_the_last_member_leaves_the_room_behind(
        self, as_alice, request, room, type
    ):
        token = request.getfixturevalue(room)
        bind(token)
        Participant.objects.update(type=type)
        assert_done(remove_self(as_alice, token))
        assert Room.objects.filter(token=token).exists()
        assert user_types_of(token) == {}

    def test_it_is_told_as_always(self, as_alice, alice, public):
        bind(public)
        remove_self(as_alice, public)
        put_in(public, alice)
        assert told(as_alice, public) == [("user_removed", "alice", "alice")]

    def test_guests_and_self_joined_users_stay_there(
        self, as_alice, as_carol, as_guest, public
    ):
        bind(public)
        sessions = {as_carol.join(public), as_guest.join(public)}
        remove_self(as_alice, public)
        assert session_ids(public) == sessions
