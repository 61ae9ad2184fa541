"""Calls over HTTP: access, listed sessions, stored flags."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from talk.models import Participant, Room
from tests.api.calling import (
    all_rows,
    ask_for_peers,
    ask_to_call,
    ask_to_hang_up,
    call,
    call_keys,
    flags_of,
    hang_up,
    join_and_call,
    peer_ids,
    peers,
)
from tests.api.helpers import (
    START,
    TIMESTAMP,
    assert_done,
    assert_refused,
    own_session_id,
    put_in,
    types_of,
)
from tests.client import Answer, TalkClient

pytestmark = pytest.mark.django_db

Request = Callable[[TalkClient, str], Answer]

REQUESTS: dict[str, Request] = {
    "peers": ask_for_peers,
    "join": ask_to_call,
    "leave": ask_to_hang_up,
}

PEER = {"userId": str, "token": str, "lastPing": int, "sessionId": str}


class TestAccess:
    """Calls of other participants than those of the authorisation matrix."""

    @pytest.mark.parametrize("name", REQUESTS)
    def test_a_room_that_was_deleted_is_404(
        self, as_alice: TalkClient, public: str, name: str
    ) -> None:
        join_and_call(as_alice, public)
        assert_done(as_alice.delete(f"/room/{public}"))
        assert_refused(REQUESTS[name](as_alice, public), 404)

    @pytest.mark.parametrize("name", REQUESTS)
    def test_a_guest_of_a_room_that_was_deleted_gets_404(
        self, as_alice: TalkClient, as_guest: TalkClient, public: str, name: str
    ) -> None:
        join_and_call(as_guest, public)
        assert_done(as_alice.delete(f"/room/{public}"))
        assert_refused(REQUESTS[name](as_guest, public), 404)

    @pytest.mark.parametrize("type", [1, 2, 3, 4, 5, 6])
    def test_participants_of_every_type_may_start_a_call(
        self, as_carol: TalkClient, as_guest: TalkClient, public: str, type: int
    ) -> None:
        client = as_guest if type in {4, 6} else as_carol
        client.join(public)
        own = Participant.objects.filter(room__token=public).exclude(type=1)
        own.update(type=type)
        call(client, public)
        assert call_keys(client, public) == ["call_started"]

    def test_a_later_password_does_not_matter(
        self, as_alice: TalkClient, as_guest: TalkClient, public: str
    ) -> None:
        as_guest.join(public)
        path = f"/room/{public}/password"
        assert as_alice.put(path, password="new").status == 200
        call(as_guest, public)

    def test_after_100_seconds_without_a_ping_a_participant_is_not_in_the_room(
        self, clock: Any, as_alice: TalkClient, public: str
    ) -> None:
        as_alice.join(public)
        clock.shift(100)
        assert_refused(ask_to_call(as_alice, public), 404)

    def test_after_99_seconds_without_a_ping_a_participant_is_in_the_room(
        self, clock: Any, as_alice: TalkClient, public: str
    ) -> None:
        as_alice.join(public)
        clock.shift(99)
        call(as_alice, public)


class TestPeers:
    """The sessions in the call."""

    def test_joining_the_room_does_not_join_the_call(
        self, as_alice: TalkClient, public: str
    ) -> None:
        as_alice.join(public)
        assert peers(as_alice, public) == []

    def test_a_user_in_the_call_is_listed(
        self, clock: Any, as_alice: TalkClient, public: str
    ) -> None:
        session_id = join_and_call(as_alice, public)
        assert peers(as_alice, public) == [
            {
                "userId": "alice",
                "token": public,
                "lastPing": TIMESTAMP,
                "sessionId": session_id,
            }
        ]

    def test_a_guest_in_the_call_has_no_user_id(
        self, as_alice: TalkClient, as_guest: TalkClient, public: str
    ) -> None:
        session_id = join_and_call(as_guest, public)
        (peer,) = peers(as_alice, public)
        assert (peer["userId"], peer["sessionId"]) == ("", session_id)

    def test_the_keys_and_their_types(
        self, as_alice: TalkClient, as_guest: TalkClient, public: str
    ) -> None:
        join_and_call(as_alice, public)
        join_and_call(as_guest, public)
        assert [types_of(peer) for peer in peers(as_alice, public)] == [PEER, PEER]

    def test_all_participants_see_the_same(
        self, as_alice: TalkClient, as_bob: TalkClient, shared: str
    ) -> None:
        guest = TalkClient()
        expected = {join_and_call(client, shared) for client in (as_alice, guest)}
        as_bob.join(shared)
        for client in (as_alice, as_bob, guest):
            assert peer_ids(client, shared) == expected

    def test_an_invited_user_who_has_not_joined_sees_them(
        self, as_alice: TalkClient, as_bob: TalkClient, shared: str
    ) -> None:
        session_id = join_and_call(as_alice, shared)
        assert peer_ids(as_bob, shared) == {session_id}

    def test_sessions_that_leave_are_no_longer_listed(
        self, as_alice: TalkClient, as_bob: TalkClient, shared: str
    ) -> None:
        first, second = join_and_call(as_alice, shared), join_and_call(as_bob, shared)
        assert peer_ids(as_alice, shared) == {first, second}
        hang_up(as_bob, shared)
        assert peer_ids(as_alice, shared) == {first}
        hang_up(as_alice, shared)
        assert peer_ids(as_alice, shared) == set()

    def test_a_member_who_left_the_room_still_sees_them(
        self, as_alice: TalkClient, as_bob: TalkClient, shared: str
    ) -> None:
        session_id = join_and_call(as_alice, shared)
        join_and_call(as_bob, shared)
        as_bob.leave(shared)
        assert peer_ids(as_bob, shared) == {session_id}

    @pytest.mark.parametrize(
        "flags", [1, 2, 3, 4, 5, 6, 7], ids=lambda flags: f"flags {flags}"
    )
    def test_they_are_listed_with_any_flags(
        self, as_alice: TalkClient, public: str, flags: int
    ) -> None:
        session_id = join_and_call(as_alice, public, flags=flags)
        assert peer_ids(as_alice, public) == {session_id}

    def test_each_device_is_listed(self, alice: Any, public: str) -> None:
        phone, laptop = TalkClient(alice), TalkClient(alice)
        expected = {join_and_call(phone, public), join_and_call(laptop, public)}
        assert peer_ids(phone, public) == expected

    def test_callers_of_another_room_are_not_listed(
        self, as_alice: TalkClient, public: str, group: str
    ) -> None:
        session_id = join_and_call(as_alice, public)
        join_and_call(as_alice, group)
        assert peer_ids(as_alice, public) == {session_id}

    @pytest.mark.parametrize(("seconds", "count"), [(29, 1), (30, 0), (31, 0)])
    def test_they_are_listed_for_30_seconds_after_their_last_ping(
        self,
        clock: Any,
        as_alice: TalkClient,
        as_bob: TalkClient,
        shared: str,
        seconds: int,
        count: int,
    ) -> None:
        join_and_call(as_alice, shared)
        clock.move_to(START + timedelta(seconds=seconds))
        assert len(peers(as_bob, shared)) == count

    def test_listing_pings_no_session(
        self, clock: Any, as_alice: TalkClient, public: str
    ) -> None:
        join_and_call(as_alice, public)
        clock.shift(10)
        peers(as_alice, public)
        assert peers(as_alice, public)[0]["lastPing"] == TIMESTAMP


class TestFlags:
    """The in-call flags of a session."""

    @pytest.mark.parametrize(
        ("parameters", "stored"),
        [
            ({}, 7),
            ({"flags": None}, 7),
            ({"flags": 1}, 1),
            ({"flags": 2}, 3),
            ({"flags": 3}, 3),
            ({"flags": 4}, 5),
            ({"flags": 5}, 5),
            ({"flags": 6}, 7),
            ({"flags": 7}, 7),
            ({"flags": "1"}, 1),
            ({"flags": "7"}, 7),
            ({"flags": 9}, 1),
            ({"flags": 15}, 7),
            ({"flags": 10}, 3),
            ({"flags": 2**31 + 1}, 1),
            ({"flags": 2**70 + 4}, 5),
        ],
    )
    def test_the_stored_flags(
        self,
        as_alice: TalkClient,
        public: str,
        parameters: dict[str, Any],
        stored: int,
    ) -> None:
        session_id = as_alice.join(public)
        assert_done(as_alice.post_json(f"/call/{public}", parameters))
        assert flags_of(session_id) == stored

    @pytest.mark.parametrize(("flags", "stored"), [("1", 1), ("3", 3), ("7", 7)])
    def test_they_may_be_sent_in_a_form(
        self, as_alice: TalkClient, public: str, flags: str, stored: int
    ) -> None:
        session_id = join_and_call(as_alice, public, flags=flags)
        assert flags_of(session_id) == stored

    @pytest.mark.parametrize("flags", [0, "0", 8, 64, -8, 2**70])
    def test_without_known_flags_the_call_is_left(
        self, as_alice: TalkClient, public: str, flags: Any
    ) -> None:
        session_id = join_and_call(as_alice, public)
        assert_done(as_alice.post_json(f"/call/{public}", {"flags": flags}))
        assert flags_of(session_id) == 0
        assert call_keys(as_alice, public) == ["call_started", "call_left"]
        assert not Room.objects.filter(active_since__isnull=False).exists()

    def test_without_flags_no_call_starts(
        self, as_alice: TalkClient, public: str
    ) -> None:
        as_alice.join(public)
        before = all_rows()
        call(as_alice, public, flags=0)
        assert all_rows() == before

    @pytest.mark.parametrize(
        "flags", ["video", "7 and more", "0x7", [7], {"audio": 1}, "\0", "७"]
    )
    @pytest.mark.parametrize("is_in_call", [False, True])
    def test_flags_that_are_no_number_are_refused(
        self, as_alice: TalkClient, public: str, flags: Any, is_in_call: bool
    ) -> None:
        as_alice.join(public)
        if is_in_call:
            call(as_alice, public, flags=3)
        before = all_rows()
        answer = as_alice.post_json(f"/call/{public}", {"flags": flags})
        assert_refused(answer, 400)
        assert all_rows() == before

    def test_access_is_checked_before_the_flags(
        self, non_participant: TalkClient, group: str
    ) -> None:
        assert_refused(ask_to_call(non_participant, group, flags="video"), 404)

    def test_the_session_is_checked_before_the_flags(
        self, as_bob: TalkClient, shared: str
    ) -> None:
        assert_refused(ask_to_call(as_bob, shared, flags="video"), 404)

    def test_they_change_during_the_call(
        self, as_alice: TalkClient, as_bob: TalkClient, shared: str
    ) -> None:
        first, second = join_and_call(as_alice, shared), join_and_call(as_bob, shared)
        call(as_alice, shared, flags=1)
        assert (flags_of(first), flags_of(second)) == (1, 7)

    def test_a_change_creates_no_system_message(
        self, as_alice: TalkClient, public: str
    ) -> None:
        join_and_call(as_alice, public)
        call(as_alice, public, flags=1)
        call(as_alice, public, flags=7)
        assert call_keys(as_alice, public) == ["call_started"]

    def test_a_change_does_not_restart_the_call(
        self, clock: Any, as_alice: TalkClient, public: str
    ) -> None:
        join_and_call(as_alice, public)
        clock.shift(10)
        call(as_alice, public, flags=1)
        assert Room.objects.get(token=public).active_since == START

    def test_all_participants_see_the_flags_of_others(
        self, as_alice: TalkClient, as_bob: TalkClient, shared: str
    ) -> None:
        join_and_call(as_alice, shared, flags=3)
        as_bob.join(shared)
        answer = as_bob.get(f"/room/{shared}/participants")
        shown = {entry["userId"]: entry["inCall"] for entry in answer.data}
        assert shown == {"alice": 3, "bob": 0}


class TestEffects:
    """Effects of joining and leaving a call."""

    def test_joining_the_call_pings_no_session(
        self, clock: Any, as_alice: TalkClient, public: str
    ) -> None:
        as_alice.join(public)
        clock.shift(10)
        call(as_alice, public)
        assert as_alice.room(public)["lastPing"] == TIMESTAMP

    def test_leaving_the_call_pings_no_session(
        self, clock: Any, as_alice: TalkClient, public: str
    ) -> None:
        join_and_call(as_alice, public)
        clock.shift(10)
        hang_up(as_alice, public)
        assert as_alice.room(public)["lastPing"] == TIMESTAMP

    def test_leaving_the_call_does_not_leave_the_room(
        self, as_alice: TalkClient, as_guest: TalkClient, public: str
    ) -> None:
        for client in (as_alice, as_guest):
            session_id = join_and_call(client, public)
            hang_up(client, public)
            assert own_session_id(client, public) == session_id
            client.say(public, "still here")

    def test_leaving_does_not_affect_other_sessions(
        self, as_alice: TalkClient, as_bob: TalkClient, shared: str
    ) -> None:
        first, second = join_and_call(as_alice, shared), join_and_call(as_bob, shared)
        hang_up(as_alice, shared)
        assert (flags_of(first), flags_of(second)) == (0, 7)

    def test_a_user_who_left_may_join_again(
        self, as_alice: TalkClient, public: str
    ) -> None:
        session_id = join_and_call(as_alice, public)
        hang_up(as_alice, public)
        call(as_alice, public, flags=1)
        assert flags_of(session_id) == 1

    def test_leaving_twice_does_nothing(
        self, as_alice: TalkClient, as_bob: TalkClient, shared: str
    ) -> None:
        join_and_call(as_bob, shared)
        join_and_call(as_alice, shared)
        hang_up(as_alice, shared)
        before = all_rows()
        hang_up(as_alice, shared)
        assert all_rows() == before

    def test_leaving_without_a_call_does_nothing(
        self, as_alice: TalkClient, public: str
    ) -> None:
        as_alice.join(public)
        before = all_rows()
        hang_up(as_alice, public)
        assert all_rows() == before

    def test_a_user_may_be_in_calls_of_several_rooms(
        self, as_alice: TalkClient, public: str, group: str
    ) -> None:
        first, second = join_and_call(as_alice, public), join_and_call(as_alice, group)
        hang_up(as_alice, public)
        assert (flags_of(first), flags_of(second)) == (0, 7)

    def test_a_call_does_not_change_unread_messages(
        self, as_alice: TalkClient, as_bob: TalkClient, bob: Any, public: str
    ) -> None:
        put_in(public, bob)
        join_and_call(as_alice, public)
        hang_up(as_alice, public)
        assert as_bob.room(public)["unreadMessages"] == 0
