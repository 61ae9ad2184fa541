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
    """Participants who stay in the room."""

    @pytest.mark.parametrize("type", [1, 2, 3])
    @pytest.mark.parametrize("room", ["public", "locked", "group"])
    def test_a_member_who_leaves_stays_a_member(self, as_bob, bob, request, room, type):
        token = request.getfixturevalue(room)
        put_in(token, bob, type=type, favorite=True)
        as_bob.join(token)
        assert_done(as_bob.leave(token))
        participant = Participant.objects.get(user=bob)
        assert (participant.type, participant.favorite) == (type, True)

    def test_a_user_who_leaves_a_one_to_one_room_stays_a_participant(
        self, as_bob, pair
    ):
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
    """Self-joined users are removed."""

    def test_a_self_joined_user_who_leaves_is_removed(self, as_carol, carol, public):
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
    """Guests are removed."""

    def test_a_guest_who_leaves_is_removed(self, as_guest, public):
        as_guest.join(public)
        assert_done(as_guest.leave(public))
        assert not Participant.objects.filter(guest__isnull=False).exists()
        assert session_ids(public) == set()

    def test_a_guest_moderator_who_leaves_is_removed(self, as_guest, public):
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

    def test_a_guest_who_rejoins_is_another_guest(self, as_guest, public):
        first = as_guest.join(public)
        as_guest.leave(public)
        second = as_guest.join(public)
        participant = Participant.objects.get(guest__isnull=False)
        assert participant.guest.actor_id == hash_of(second) != hash_of(first)

    def test_a_guest_who_leaves_does_not_affect_other_guests(self, as_guest, public):
        other = TalkClient()
        session_id = other.join(public)
        as_guest.join(public)
        as_guest.leave(public)
        assert session_ids(public) == {session_id}


class TestStrangers:
    """Non-participants cannot leave."""

    @pytest.mark.parametrize("room", ["public", "locked", "group", "pair"])
    def test_a_non_participant_gets_404(self, non_participant, request, room):
        token = request.getfixturevalue(room)
        before = rows()
        assert_refused(non_participant.leave(token), 404)
        assert rows() == before

    def test_an_unknown_token_is_404(self, non_participant):
        assert_refused(non_participant.leave("k7pz3mqd"), 404)

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

    def test_a_user_of_a_deleted_room_gets_404(self, as_alice, public):
        as_alice.join(public)
        Room.objects.filter(token=public).delete()
        assert_refused(as_alice.leave(public), 404)


class TestEffects:
    """Effects of leaving."""

    def test_leaving_creates_no_message(self, clock, anyone, public):
        anyone.join(public)
        clock.shift(60)
        before = timeline_of(public)
        anyone.leave(public)
        assert timeline_of(public) == before
        assert Message.objects.count() == 1

    def test_the_last_ping_stays(self, clock, as_alice, public):
        as_alice.join(public)
        clock.shift(10)
        as_alice.leave(public)
        assert as_alice.room(public)["lastPing"] == TIMESTAMP

    def test_an_older_session_does_not_lower_the_last_ping(self, clock, alice, public):
        phone, laptop = TalkClient(alice), TalkClient(alice)
        phone.join(public)
        clock.shift(10)
        laptop.join(public)
        laptop.leave(public)
        phone.leave(public)
        assert phone.room(public)["lastPing"] == TIMESTAMP + 10

    @pytest.mark.parametrize(("seconds", "count"), [(29, 1), (30, 0)])
    @pytest.mark.parametrize("who", ["member", "non_participant"])
    def test_a_member_who_left_counts_until_30_seconds_after_the_last_ping(
        self, clock, as_alice, as_carol, public, who, seconds, count
    ):
        as_alice.join(public)
        clock.shift(10)
        as_alice.leave(public)
        clock.move_to(START + timedelta(seconds=seconds))
        client = {"member": as_alice, "non_participant": as_carol}[who]
        assert client.room(public)["count"] == count
