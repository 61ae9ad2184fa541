"""A call from its first caller to its last: what is told of it, and who took part."""

from __future__ import annotations

from typing import Any

import pytest

from talk.models import CallAttendance, Message, Room
from tests.api.calling import (
    all_rows,
    ask_to_call,
    ask_to_hang_up,
    call,
    call_keys,
    call_lines,
    flags_of,
    hang_up,
    has_call,
    join_and_call,
    peer_ids,
    summaries,
)
from tests.api.helpers import (
    START,
    WithoutCookies,
    assert_refused,
    hash_of,
    put_in,
)
from tests.client import TalkClient
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db


class TestTimeline:
    """System messages of a call."""

    def test_the_first_one_starts_it(self, as_alice, public):
        join_and_call(as_alice, public)
        assert call_lines(as_alice, public) == [("call_started", "alice")]

    def test_later_ones_join_it(self, as_alice, as_bob, shared):
        guest = TalkClient()
        join_and_call(as_alice, shared)
        join_and_call(as_bob, shared)
        session_id = join_and_call(guest, shared)
        assert call_lines(as_alice, shared) == [
            ("call_started", "alice"),
            ("call_joined", "bob"),
            ("call_joined", hash_of(session_id)),
        ]

    def test_a_guest_may_start_it(self, as_alice, as_guest, public):
        session_id = join_and_call(as_guest, public)
        (message, *_) = as_alice.history(public).data
        assert message["systemMessage"] == "call_started"
        assert message["actorType"] == "guests"
        assert message["actorId"] == hash_of(session_id)
        assert set(message["messageParameters"]) == {"actor"}

    def test_a_user_alone_starts_and_leaves_it(self, as_alice, public):
        join_and_call(as_alice, public)
        hang_up(as_alice, public)
        assert call_lines(as_alice, public) == [
            ("call_started", "alice"),
            ("call_left", "alice"),
        ]

    def test_the_last_one_leaves_before_it_ends(self, as_alice, as_bob, shared):
        join_and_call(as_alice, shared)
        join_and_call(as_bob, shared)
        hang_up(as_alice, shared)
        hang_up(as_bob, shared)
        assert call_lines(as_alice, shared) == [
            ("call_started", "alice"),
            ("call_joined", "bob"),
            ("call_left", "alice"),
            ("call_left", "bob"),
            ("call_ended", "alice"),
        ]

    def test_leaving_by_flags_is_told_like_any_other(self, as_alice, as_bob, shared):
        join_and_call(as_alice, shared)
        join_and_call(as_bob, shared)
        call(as_alice, shared, flags=0)
        call(as_bob, shared, flags=0)
        assert call_keys(as_alice, shared)[2:] == ["call_left"] * 2 + ["call_ended"]

    def test_joining_twice_is_told_once(self, as_alice, as_bob, shared):
        join_and_call(as_alice, shared)
        join_and_call(as_bob, shared)
        call(as_alice, shared)
        call(as_bob, shared)
        assert call_keys(as_alice, shared) == ["call_started", "call_joined"]

    def test_leaving_twice_is_told_once(self, as_alice, as_bob, shared):
        join_and_call(as_alice, shared)
        join_and_call(as_bob, shared)
        hang_up(as_bob, shared)
        hang_up(as_bob, shared)
        assert call_keys(as_alice, shared)[2:] == ["call_left"]

    def test_a_user_who_comes_back_joins_again(self, as_alice, as_bob, shared):
        join_and_call(as_alice, shared)
        join_and_call(as_bob, shared)
        hang_up(as_alice, shared)
        call(as_alice, shared)
        assert call_lines(as_alice, shared)[2:] == [
            ("call_left", "alice"),
            ("call_joined", "alice"),
        ]

    def test_a_user_who_comes_after_its_end_starts_another(self, as_alice, public):
        join_and_call(as_alice, public)
        hang_up(as_alice, public)
        call(as_alice, public)
        assert call_keys(as_alice, public) == [
            "call_started",
            "call_left",
            "call_started",
        ]

    def test_calls_of_other_rooms_are_no_matter(self, as_alice, public, group):
        join_and_call(as_alice, group)
        join_and_call(as_alice, public)
        assert call_keys(as_alice, public) == ["call_started"]
        hang_up(as_alice, public)
        assert call_keys(as_alice, group) == ["call_started"]
        assert has_call(as_alice, group)

    def test_its_messages_are_activity(self, clock, as_alice, public):
        as_alice.join(public)
        clock.shift(10)
        call(as_alice, public)
        room = as_alice.room(public)
        assert room["lastActivity"] == int(START.timestamp()) + 10
        assert room["lastMessage"]["systemMessage"] == "call_started"

    def test_the_summary(self, clock, as_alice, as_bob, shared):
        for client in (as_bob, as_alice):
            join_and_call(client, shared)
        clock.shift(65)
        for client in (as_bob, as_alice):
            hang_up(client, shared)
        (message, *_) = as_alice.history(shared).data
        expected = "Call with {user1} and {user2} (Duration 1:05)"
        assert message["systemMessage"] == "call_ended"
        assert message["message"] == expected
        parameters = message["messageParameters"]
        assert parameters["user1"] == {
            "type": "user",
            "id": "alice",
            "name": "Alice Adams",
        }
        assert parameters["user2"] == {"type": "user", "id": "bob", "name": "Bob Brown"}


class TestHasCall:
    """From the first joining to the last leaving."""

    def test_not_before(self, as_alice, public):
        as_alice.join(public)
        assert has_call(as_alice, public) is False

    def test_while_anybody_is_in_it(self, as_alice, as_bob, shared):
        join_and_call(as_alice, shared)
        assert has_call(as_bob, shared) is True
        join_and_call(as_bob, shared)
        hang_up(as_alice, shared)
        assert has_call(as_alice, shared) is True

    def test_not_after(self, as_alice, as_bob, shared):
        for client in (as_alice, as_bob):
            join_and_call(client, shared)
        for client in (as_alice, as_bob):
            hang_up(client, shared)
        assert has_call(as_alice, shared) is False

    def test_the_list_of_rooms_tells_it_too(self, as_alice, public, group):
        join_and_call(as_alice, public)
        shown = {room["token"]: room["hasCall"] for room in as_alice.get("/room").data}
        assert shown == {public: True, group: False}


class TestAttendance:
    """Attendance in the summary of an ended call."""

    def test_users_are_named_and_guests_are_counted(
        self, clock, as_alice, as_bob, shared
    ):
        clients = [as_bob, TalkClient(), as_alice, TalkClient()]
        for client in clients:
            join_and_call(client, shared)
            clock.shift(5)
        for client in clients:
            hang_up(client, shared)
        expected = {"users": ["alice", "bob"], "guests": 2, "duration": 20}
        assert summaries(shared) == [expected]

    def test_a_user_who_has_left_early_took_part(self, as_alice, as_bob, shared):
        join_and_call(as_alice, shared)
        join_and_call(as_bob, shared)
        hang_up(as_bob, shared)
        hang_up(as_alice, shared)
        assert summaries(shared)[0]["users"] == ["alice", "bob"]

    def test_a_user_who_was_only_in_the_room_took_no_part(
        self, as_alice, as_bob, as_carol, shared
    ):
        for client in (as_alice, as_bob):
            join_and_call(client, shared)
        as_carol.join(shared)
        TalkClient().join(shared)
        as_carol.say(shared, "I can hear you")
        for client in (as_alice, as_bob):
            hang_up(client, shared)
        expected = {"users": ["alice", "bob"], "guests": 0, "duration": 0}
        assert summaries(shared) == [expected]

    def test_a_guest_who_joins_twice_is_one(self, as_alice, as_guest, public):
        join_and_call(as_alice, public)
        join_and_call(as_guest, public)
        call(as_guest, public, flags=1)
        hang_up(as_guest, public)
        call(as_guest, public)
        hang_up(as_guest, public)
        hang_up(as_alice, public)
        assert summaries(public)[0]["guests"] == 1

    def test_a_user_who_joins_twice_is_one(self, as_alice, as_bob, shared):
        join_and_call(as_alice, shared)
        for _ in range(2):
            join_and_call(as_bob, shared)
            hang_up(as_bob, shared)
        hang_up(as_alice, shared)
        assert summaries(shared)[0]["users"] == ["alice", "bob"]

    def test_a_user_and_a_guest_are_summed_up(self, as_alice, as_guest, public):
        for client in (as_alice, as_guest):
            join_and_call(client, public)
        for client in (as_alice, as_guest):
            hang_up(client, public)
        expected = {"users": ["alice"], "guests": 1, "duration": 0}
        assert summaries(public) == [expected]

    def test_guests_alone_are_not(self, as_alice, public):
        guests = [TalkClient(), TalkClient()]
        for client in guests:
            join_and_call(client, public)
        for client in guests:
            hang_up(client, public)
        assert call_keys(as_alice, public)[2:] == ["call_left"] * 2
        assert has_call(as_alice, public) is False

    def test_a_user_who_calls_alone_again_and_again_is_not(self, as_alice, public):
        as_alice.join(public)
        for _ in range(3):
            call(as_alice, public)
            hang_up(as_alice, public)
        assert summaries(public) == []

    def test_each_call_has_its_own(self, clock, as_alice, as_bob, shared):
        guest = TalkClient()
        for client in (as_alice, as_bob):
            join_and_call(client, shared)
        clock.shift(10)
        for client in (as_alice, as_bob):
            hang_up(client, shared)
        clock.shift(10)
        for client in (as_alice, guest):
            join_and_call(client, shared)
        clock.shift(20)
        for client in (as_alice, guest):
            hang_up(client, shared)
        assert summaries(shared) == [
            {"users": ["alice", "bob"], "guests": 0, "duration": 10},
            {"users": ["alice"], "guests": 1, "duration": 20},
        ]
        assert not CallAttendance.objects.exists()

    def test_it_lasts_from_the_first_joining(self, clock, as_alice, as_bob, shared):
        join_and_call(as_alice, shared)
        clock.shift(30)
        join_and_call(as_bob, shared)
        hang_up(as_alice, shared)
        clock.shift(40)
        hang_up(as_bob, shared)
        assert summaries(shared)[0]["duration"] == 70

    @pytest.mark.parametrize("count", [3, 4, 5, 6])
    def test_many(self, as_alice, public, count):
        users = [UserFactory(username=f"user{number}") for number in range(count)]
        clients = [TalkClient(user) for user in users]
        for user in users:
            put_in(public, user)
        for client in clients:
            join_and_call(client, public)
        for client in clients:
            hang_up(client, public)
        assert summaries(public)[0]["users"] == [user.username for user in users]
        assert call_keys(as_alice, public).count("call_ended") == 1


class TestDevices:
    """One participant on several devices, and in programs without cookies."""

    @pytest.fixture
    def phone(self, bob: Any) -> TalkClient:
        return TalkClient(bob)

    @pytest.fixture
    def laptop(self, bob: Any) -> TalkClient:
        return TalkClient(bob)

    def test_the_second_device_in_the_call_is_not_told_of(
        self, as_alice, phone, laptop, shared
    ):
        join_and_call(as_alice, shared)
        expected = {join_and_call(phone, shared), join_and_call(laptop, shared)}
        assert call_lines(as_alice, shared)[1:] == [("call_joined", "bob")]
        assert expected < peer_ids(as_alice, shared)

    def test_the_second_device_of_who_started_it_is_not_told_of(
        self, phone, laptop, shared
    ):
        join_and_call(phone, shared)
        join_and_call(laptop, shared)
        assert call_keys(phone, shared) == ["call_started"]

    def test_only_the_last_device_that_leaves_is_told_of(
        self, as_alice, phone, laptop, shared
    ):
        for client in (as_alice, phone, laptop):
            join_and_call(client, shared)
        hang_up(phone, shared)
        assert call_keys(as_alice, shared)[2:] == []
        hang_up(laptop, shared)
        assert call_lines(as_alice, shared)[2:] == [("call_left", "bob")]

    def test_it_goes_on_with_the_other_device(self, phone, laptop, shared):
        first, second = join_and_call(phone, shared), join_and_call(laptop, shared)
        hang_up(phone, shared)
        assert (flags_of(first), flags_of(second)) == (0, 7)
        assert has_call(phone, shared) is True

    def test_each_device_has_its_own_flags(self, phone, laptop, shared):
        first = join_and_call(phone, shared, flags=1)
        second = join_and_call(laptop, shared, flags=3)
        assert (flags_of(first), flags_of(second)) == (1, 3)

    def test_two_devices_of_one_user_are_no_company(self, phone, laptop, shared):
        join_and_call(phone, shared)
        join_and_call(laptop, shared)
        hang_up(phone, shared)
        hang_up(laptop, shared)
        assert call_keys(phone, shared) == ["call_started", "call_left"]

    def test_joining_the_room_on_another_device_leaves_the_call_alone(
        self, phone, laptop, shared
    ):
        session_id = join_and_call(phone, shared, flags=3)
        other = laptop.join(shared)
        assert (flags_of(session_id), flags_of(other)) == (3, 0)
        assert has_call(phone, shared) is True

    @pytest.mark.parametrize("ask", [ask_to_call, ask_to_hang_up])
    def test_a_browser_that_has_not_joined_speaks_for_no_other_device(
        self, phone, laptop, shared, ask
    ):
        join_and_call(phone, shared, flags=3)
        before = all_rows()
        assert_refused(ask(laptop, shared), 404)
        assert all_rows() == before

    def test_without_cookies_the_freshest_session_joins(
        self, clock, bob, phone, laptop, shared
    ):
        older = phone.join(shared)
        clock.shift(10)
        fresh = laptop.join(shared)
        call(WithoutCookies(bob), shared, flags=3)
        assert (flags_of(older), flags_of(fresh)) == (0, 3)

    def test_without_cookies_all_sessions_leave(self, as_alice, bob, phone, shared):
        program = WithoutCookies(bob)
        alices = join_and_call(as_alice, shared)
        own = [join_and_call(phone, shared), join_and_call(program, shared)]
        hang_up(program, shared)
        assert [flags_of(session_id) for session_id in own] == [0, 0]
        assert call_lines(as_alice, shared)[2:] == [("call_left", "bob")]
        assert peer_ids(as_alice, shared) == {alices}

    def test_without_cookies_flags_of_0_leave_with_all_sessions(
        self, bob, phone, laptop, shared
    ):
        own = [join_and_call(phone, shared), join_and_call(laptop, shared)]
        call(WithoutCookies(bob), shared, flags=0)
        assert [flags_of(session_id) for session_id in own] == [0, 0]
        assert has_call(phone, shared) is False

    def test_without_cookies_nobody_speaks_for_another_room(
        self, bob, as_bob, group, shared
    ):
        put_in(group, bob)
        session_id = join_and_call(as_bob, group)
        assert_refused(ask_to_hang_up(WithoutCookies(bob), shared), 404)
        assert flags_of(session_id) == 7

    def test_a_password_with_cookies_is_a_device(self, bob, as_bob, shared):
        app = TalkClient(bob, basic=PASSWORD)
        first, second = join_and_call(app, shared), join_and_call(as_bob, shared)
        hang_up(app, shared)
        assert (flags_of(first), flags_of(second)) == (0, 7)


def test_a_call_that_began_in_private_goes_on_in_public(as_alice, as_guest, group):
    session_id = join_and_call(as_alice, group)
    assert as_alice.post(f"/room/{group}/public").status == 200
    assert flags_of(session_id) == 7
    join_and_call(as_guest, group)
    assert call_keys(as_alice, group) == ["call_started", "call_joined"]


def test_nobody_is_told_of_a_call_that_is_refused(as_bob, shared):
    before = Message.objects.count()
    assert_refused(ask_to_call(as_bob, shared), 404)
    assert Message.objects.count() == before
    assert not Room.objects.filter(active_since__isnull=False).exists()
