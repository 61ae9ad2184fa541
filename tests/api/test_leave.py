"""Leaving a room over HTTP."""

from __future__ import annotations

from datetime import timedelta

import pytest

from talk.models import Message, Participant, Room
from tests.api.helpers import (
    START,
    TIMESTAMP,
    assert_done,
    assert_refused,
    hash_of,
    own_session_id,
    put_in,
    rows,
    session_ids,
    timeline_of,
)
from tests.client import TalkClient


class TestMembers:
    """Participants who stay members."""

    @pytest.mark.parametrize("type", [1, 2, 3])
    @pytest.mark.parametrize("room", ["public", "locked", "group"])
    def test_a_member_who_leaves_stays_a_member(self, as_bob, bob, request, room, type):
        token = request.getfixturevalue(room)
        put_in(token, bob, type=type, favorite=True)
        as_bob.join(token)
        assert_done(as_bob.leave(token))
        participant = Participant.objects.get(user=bob)
        assert (participant.type, participant.favorite) == (type, True)

    def test_somebody_who_leaves_a_one_to_one_room_keeps_it(self, as_bob, pair):
        as_bob.join(pair)
        assert_done(as_bob.leave(pair))
        assert [room["token"] for room in as_bob.get("/room").data] == [pair]

    def test_a_member_who_left_has_no_session(self, as_alice, public):
        as_alice.join(public)
        as_alice.leave(public)
        assert own_session_id(as_alice, public) == "0"
        assert session_ids(public) == set()

    def test_others_see_no_session_of_a_member_who_left(
        self, as_alice, as_bob, bob, public
    ):
        put_in(public, bob)
        as_bob.join(public)
        as_bob.leave(public)
        people = as_alice.room(public)["participants"]
        assert people["bob"]["sessionId"] == "0"

    def test_a_member_may_leave_twice(self, as_alice, public):
        as_alice.join(public)
        as_alice.leave(public)
        assert_done(as_alice.leave(public))

    def test_a_member_may_leave_without_having_joined(self, as_alice, public):
        assert_done(as_alice.leave(public))

    def test_a_member_who_left_joins_again(self, as_alice, public):
        as_alice.join(public)
        as_alice.leave(public)
        session_id = as_alice.join(public)
        assert own_session_id(as_alice, public) == session_id

    def test_the_last_member_who_leaves_keeps_the_room(self, as_alice, public):
        as_alice.join(public)
        as_alice.leave(public)
        assert Room.objects.filter(token=public).exists()


class TestSelfJoined:
    """Self-joined users lose their place."""

    def test_a_self_joined_user_who_leaves_loses_the_place(
        self, as_carol, carol, public
    ):
        as_carol.join(public)
        assert_done(as_carol.leave(public))
        assert not Participant.objects.filter(user=carol).exists()

    def test_the_room_vanishes_from_the_list_of_a_self_joined_user_who_left(
        self, as_carol, public
    ):
        as_carol.join(public)
        as_carol.leave(public)
        assert as_carol.get("/room").data == []

    def test_a_self_joined_user_who_leaves_twice_gets_404(self, as_carol, public):
        as_carol.join(public)
        as_carol.leave(public)
        assert_refused(as_carol.leave(public), 404)

    def test_messages_of_a_self_joined_user_who_left_stay(
        self, as_alice, as_carol, public
    ):
        as_carol.join(public)
        as_carol.say(public, "bye")
        as_carol.leave(public)
        (message, *_) = as_alice.history(public).data
        assert message["message"] == "bye"
        assert message["actorId"] == "carol"


class TestGuests:
    """Guests lose their place."""

    def test_a_guest_who_leaves_loses_the_place(self, as_guest, public):
        as_guest.join(public)
        assert_done(as_guest.leave(public))
        assert not Participant.objects.filter(guest__isnull=False).exists()
        assert session_ids(public) == set()

    def test_a_guest_moderator_who_leaves_loses_the_place(self, as_guest, public):
        as_guest.join(public)
        Participant.objects.filter(guest__isnull=False).update(type=6)
        assert_done(as_guest.leave(public))
        assert not Participant.objects.filter(guest__isnull=False).exists()

    def test_a_guest_who_left_is_not_counted(self, as_alice, as_guest, public):
        as_guest.join(public)
        as_guest.leave(public)
        room = as_alice.room(public)
        assert (room["numGuests"], room["count"]) == (0, 0)

    def test_a_guest_who_leaves_twice_gets_404(self, as_guest, public):
        as_guest.join(public)
        as_guest.leave(public)
        assert_refused(as_guest.leave(public), 404)

    def test_messages_of_a_guest_who_left_keep_the_name(
        self, as_alice, as_guest, public
    ):
        session_id = as_guest.join(public)
        as_guest.post(f"/guest/{public}/name", displayName="Zoe")
        as_guest.say(public, "bye")
        as_guest.leave(public)
        (message, *_) = as_alice.history(public).data
        assert message["actorId"] == hash_of(session_id)
        assert message["actorDisplayName"] == "Zoe"

    def test_a_guest_who_left_comes_back_as_somebody_else(self, as_guest, public):
        first = as_guest.join(public)
        as_guest.leave(public)
        second = as_guest.join(public)
        participant = Participant.objects.get(guest__isnull=False)
        assert participant.guest.actor_id == hash_of(second) != hash_of(first)

    def test_a_guest_who_leaves_takes_no_other_guest_along(self, as_guest, public):
        other = TalkClient()
        session_id = other.join(public)
        as_guest.join(public)
        as_guest.leave(public)
        assert session_ids(public) == {session_id}


class TestStrangers:
    """Who is not there cannot leave."""

    @pytest.mark.parametrize("room", ["public", "locked", "group", "pair"])
    def test_a_stranger_gets_404(self, stranger, request, room):
        token = request.getfixturevalue(room)
        before = rows()
        assert_refused(stranger.leave(token), 404)
        assert rows() == before

    def test_an_unknown_token_is_404(self, stranger):
        assert_refused(stranger.leave("k7pz3mqd"), 404)

    def test_a_guest_of_another_room_gets_404_and_stays_there(
        self, as_alice, as_guest, public
    ):
        other = as_alice.create_room(type=3)
        session_id = as_guest.join(other)
        assert_refused(as_guest.leave(public), 404)
        assert session_ids(other) == {session_id}

    def test_a_guest_who_logged_in_gets_404_and_the_guest_is_dropped(
        self, as_guest, carol, public
    ):
        as_guest.join(public)
        as_guest.http.force_login(carol)
        assert_refused(as_guest.leave(public), 404)
        assert session_ids(public) == set()

    def test_a_user_who_was_removed_meanwhile_gets_404(self, as_carol, carol, public):
        as_carol.join(public)
        Participant.objects.filter(user=carol).delete()
        assert_refused(as_carol.leave(public), 404)

    def test_somebody_whose_room_was_deleted_meanwhile_gets_404(self, as_alice, public):
        as_alice.join(public)
        Room.objects.filter(token=public).delete()
        assert_refused(as_alice.leave(public), 404)


class TestEffects:
    """What leaving does not do."""

    def test_leaving_writes_nothing_into_the_timeline(self, clock, anyone, public):
        anyone.join(public)
        clock.shift(60)
        before = timeline_of(public)
        anyone.leave(public)
        assert timeline_of(public) == before
        assert Message.objects.count() == 1

    def test_the_last_ping_is_remembered(self, clock, as_alice, public):
        as_alice.join(public)
        clock.shift(10)
        as_alice.leave(public)
        assert as_alice.room(public)["lastPing"] == TIMESTAMP

    def test_an_older_session_does_not_turn_the_last_ping_back(
        self, clock, alice, public
    ):
        phone, laptop = TalkClient(alice), TalkClient(alice)
        phone.join(public)
        clock.shift(10)
        laptop.join(public)
        laptop.leave(public)
        phone.leave(public)
        assert phone.room(public)["lastPing"] == TIMESTAMP + 10

    @pytest.mark.parametrize(("seconds", "count"), [(29, 1), (30, 0)])
    @pytest.mark.parametrize("who", ["member", "stranger"])
    def test_a_member_who_left_counts_until_30_seconds_after_the_last_ping(
        self, clock, as_alice, as_carol, public, who, seconds, count
    ):
        as_alice.join(public)
        clock.shift(10)
        as_alice.leave(public)
        clock.move_to(START + timedelta(seconds=seconds))
        client = {"member": as_alice, "stranger": as_carol}[who]
        assert client.room(public)["count"] == count
