"""Internal signaling: fetching messages and the connected users."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from talk.domain.cleanup import clean_up
from talk.models import Participant, Room, Session
from tests.api.callers import (
    Caller,
    anonymous,
    guest,
    guest_of_a_room_made_private,
    invited,
    invited_and_joined,
    self_joined,
    uninvited,
)
from tests.api.calling import call
from tests.api.helpers import (
    START,
    TIMESTAMP,
    WithoutCookies,
    assert_done,
    make_pinged_before,
    types_of,
)
from tests.api.signaling import (
    USER_IN_ROOM,
    ask_for_news,
    assert_nobody_there,
    envelope,
    fetch,
    flags_in,
    messages_in,
    no_waiting,
    people_in,
    queued,
    send,
)
from tests.client import Answer, TalkClient
from tests.external_signaling import TALK

pytestmark = pytest.mark.django_db

at_once = pytest.mark.usefixtures(no_waiting.__name__)

NOT_THERE = [anonymous, guest_of_a_room_made_private, invited, uninvited]


@at_once
class TestAccess:
    """Sessions in the room get the connected users; all other callers get a 404."""

    @pytest.mark.parametrize("caller", [invited_and_joined, self_joined, guest])
    def test_a_session_in_the_room_gets_the_connected_users(
        self, shared, caller: Caller
    ):
        assert len(people_in(ask_for_news(caller(shared), shared))) == 1

    @pytest.mark.parametrize("caller", NOT_THERE)
    def test_a_caller_without_a_session_gets_a_404(self, shared, caller: Caller):
        assert_nobody_there(ask_for_news(caller(shared), shared))

    @pytest.mark.parametrize("token", ["k7pz3mqd", "null"])
    def test_an_unknown_token_gets_a_404(self, non_participant, token):
        assert_nobody_there(ask_for_news(non_participant, token))

    def test_a_user_who_has_joined_on_another_device_gets_a_404(self, bob, shared):
        TalkClient(bob).join(shared)
        assert_nobody_there(ask_for_news(TalkClient(bob), shared))

    def test_a_user_who_has_joined_without_cookies_gets_a_404(self, bob, shared):
        program = WithoutCookies(bob)
        program.join(shared)
        assert_nobody_there(ask_for_news(program, shared))

    def test_a_removed_participant_gets_a_404(self, as_alice, as_bob, shared):
        as_bob.join(shared)
        path = f"/room/{shared}/participants"
        assert_done(as_alice.delete(path, participant="bob"))
        assert_nobody_there(ask_for_news(as_bob, shared))

    def test_a_deleted_room_gets_a_404(self, as_alice, as_bob, shared):
        as_bob.join(shared)
        assert_done(as_alice.delete(f"/room/{shared}"))
        assert_nobody_there(ask_for_news(as_bob, shared))

    def test_after_joining_again_the_new_session_gets_the_connected_users(
        self, as_bob, shared
    ):
        first, second = as_bob.join(shared), as_bob.join(shared)
        assert set(flags_in(ask_for_news(as_bob, shared))) == {second} != {first}

    def test_both_devices_of_a_user_get_the_connected_users(self, bob, shared):
        phone, laptop = TalkClient(bob), TalkClient(bob)
        expected = {phone.join(shared), laptop.join(shared)}
        assert set(flags_in(ask_for_news(phone, shared))) == expected
        assert set(flags_in(ask_for_news(laptop, shared))) == expected

    @pytest.mark.parametrize("who", ["alice", "bob", "carol", "guest"])
    def test_a_site_with_a_signaling_server_answers_400(
        self, request, settings, shared, who
    ):
        client = request.getfixturevalue(f"as_{who}")
        if who in {"alice", "guest"}:
            client.join(shared)
        settings.TALK = TALK
        answer = ask_for_news(client, shared)
        assert (answer.status, answer.meta["statuscode"]) == (400, 400)
        assert isinstance(answer.data, str)
        assert answer.data


@at_once
class TestConnectedUsers:
    """The list of connected users."""

    def test_the_caller_is_listed(self, clock, as_alice, public):
        session_id = as_alice.join(public)
        clock.shift(10)
        expected = {
            "userId": "alice",
            "roomId": Room.objects.get(token=public).pk,
            "lastPing": TIMESTAMP + 10,
            "sessionId": session_id,
            "inCall": 0,
        }
        answer = ask_for_news(as_alice, public)
        assert answer.data == [{"type": "usersInRoom", "data": [expected]}]
        assert answer.meta["statuscode"] == 200

    def test_the_keys_and_their_types(self, as_alice, as_guest, public):
        as_alice.join(public)
        as_guest.join(public)
        people = people_in(ask_for_news(as_alice, public))
        assert [types_of(person) for person in people] == [USER_IN_ROOM] * 2

    def test_the_in_call_flags_are_listed(self, as_alice, as_bob, as_guest, shared):
        expected = {}
        for client, flags in ((as_alice, 7), (as_bob, 0), (as_guest, 3)):
            session_id = client.join(shared)
            call(client, shared, flags=flags)
            expected[session_id] = flags
        for client in (as_alice, as_bob, as_guest):
            assert flags_in(ask_for_news(client, shared)) == expected

    def test_guests_have_no_user_id(self, as_alice, as_guest, public):
        as_alice.join(public)
        as_guest.join(public)
        people = people_in(ask_for_news(as_guest, public))
        assert {person["userId"] for person in people} == {"alice", ""}

    def test_all_devices_are_listed(self, bob, as_alice, shared):
        expected = {TalkClient(bob).join(shared) for _ in range(2)}
        expected.add(as_alice.join(shared))
        assert set(flags_in(ask_for_news(as_alice, shared))) == expected

    def test_participants_who_have_not_joined_or_have_left_are_not_listed(
        self, as_alice, as_bob, shared
    ):
        session_id = as_alice.join(shared)
        as_bob.join(shared)
        as_bob.leave(shared)
        assert set(flags_in(ask_for_news(as_alice, shared))) == {session_id}

    def test_users_of_other_rooms_are_not_listed(self, as_alice, as_bob, public, group):
        session_id = as_alice.join(public)
        as_alice.join(group)
        assert set(flags_in(ask_for_news(as_alice, public))) == {session_id}

    @pytest.mark.parametrize(("seconds", "count"), [(30, 2), (99, 2), (100, 1)])
    def test_other_users_are_listed_for_100_seconds_after_their_last_ping(
        self, clock, as_alice, as_bob, shared, seconds, count
    ):
        as_bob.join(shared)
        clock.move_to(START + timedelta(seconds=seconds))
        as_alice.join(shared)
        assert len(people_in(ask_for_news(as_alice, shared))) == count

    def test_the_caller_is_listed_after_any_time_without_a_ping(self, as_alice, public):
        session_id = as_alice.join(public)
        ask_for_news(as_alice, public)
        make_pinged_before(public, seconds=1000)
        assert set(flags_in(ask_for_news(as_alice, public))) == {session_id}

    def test_the_connected_users_follow_the_messages(self, as_alice, as_bob, shared):
        alices, bobs = as_alice.join(shared), as_bob.join(shared)
        send(as_alice, shared, envelope(alices, bobs), envelope(alices, bobs))
        answer = ask_for_news(as_bob, shared)
        types = [entry["type"] for entry in answer.data]
        assert types == ["message", "message", "usersInRoom"]


@at_once
class TestPing:
    """A poll pings its session."""

    @pytest.mark.parametrize("who", ["alice", "guest"])
    def test_it_pings_the_callers_session(self, clock, request, public, who):
        client = request.getfixturevalue(f"as_{who}")
        client.join(public)
        clock.shift(10)
        ask_for_news(client, public)
        assert Session.objects.get().last_ping == START + timedelta(seconds=10)

    def test_it_pings_no_other_session(self, clock, as_alice, alice, public):
        phone = TalkClient(alice)
        session_id = phone.join(public)
        as_alice.join(public)
        clock.shift(10)
        ask_for_news(as_alice, public)
        assert Session.objects.get(session_id=session_id).last_ping == START

    def test_it_pings_no_session_in_other_rooms(self, clock, as_alice, public, group):
        as_alice.join(public)
        session_id = as_alice.join(group)
        clock.shift(10)
        ask_for_news(as_alice, public)
        assert Session.objects.get(session_id=session_id).last_ping == START


@at_once
class TestMessages:
    """Messages come once, in the order in which they were sent."""

    @pytest.fixture
    def alices(self, as_alice: TalkClient, shared: str) -> str:
        return as_alice.join(shared)

    @pytest.fixture
    def bobs(self, as_bob: TalkClient, shared: str) -> str:
        return as_bob.join(shared)

    def test_a_message_is_fetched_once(self, as_alice, as_bob, shared, alices, bobs):
        send(as_alice, shared, envelope(alices, bobs))
        assert len(fetch(as_bob, shared)) == 1
        assert fetch(as_bob, shared) == []
        assert queued() == 0

    def test_a_message_is_text(self, as_alice, as_bob, shared, alices, bobs):
        send(as_alice, shared, envelope(alices, bobs, type="offer"))
        first, _ = ask_for_news(as_bob, shared).data
        assert types_of(first) == {"type": str, "data": str}
        assert messages_in(
            Answer(200, {}, [first, {"type": "usersInRoom", "data": []}], {})
        ) == [{"to": bobs, "type": "offer", "from": alices}]

    def test_more_messages_than_one_response_can_contain_come_in_order(
        self, as_alice, as_bob, shared, alices, bobs
    ):
        for ten in range(10):
            numbers = range(70 * ten, 70 * (ten + 1))
            send(as_alice, shared, *[envelope(alices, bobs, n=n) for n in numbers])
        found: list[int] = []
        while some := [message["n"] for message in fetch(as_bob, shared)]:
            found += some
        assert found == list(range(700))

    def test_a_message_of_a_session_that_has_left_is_fetched(
        self, as_alice, as_bob, shared, alices, bobs
    ):
        send(as_alice, shared, envelope(alices, bobs))
        as_alice.leave(shared)
        assert len(fetch(as_bob, shared)) == 1

    def test_old_messages_are_not_fetched(
        self, clock, as_alice, as_bob, shared, alices, bobs
    ):
        send(as_alice, shared, envelope(alices, bobs, n=1))
        clock.shift(200)
        ask_for_news(as_alice, shared)
        Session.objects.update(last_ping=timezone.now())
        send(as_alice, shared, envelope(alices, bobs, n=2))
        clock.shift(99)
        Session.objects.update(last_ping=timezone.now())
        clock.shift(2)
        clean_up(now=timezone.now())
        assert [message["n"] for message in fetch(as_bob, shared)] == [2]

    def test_a_head_request_fetches_no_message(
        self, as_alice, as_bob, shared, alices, bobs
    ):
        send(as_alice, shared, envelope(alices, bobs))
        as_bob.request("HEAD", f"/signaling/{shared}")
        assert len(fetch(as_bob, shared)) == 1

    def test_messages_of_two_rooms_are_separate(
        self, as_alice, as_bob, bob, shared, alices, bobs
    ):
        other = as_alice.create_room(type=2)
        Participant.objects.create(room=Room.objects.get(token=other), user=bob, type=3)
        alices_other, bobs_other = as_alice.join(other), as_bob.join(other)
        send(as_alice, shared, envelope(alices, bobs, n=1))
        send(as_alice, other, envelope(alices_other, bobs_other, n=2))
        first, second = ask_for_news(as_bob, shared), ask_for_news(as_bob, other)
        assert [message["n"] for message in messages_in(first)] == [1]
        assert [message["n"] for message in messages_in(second)] == [2]
        assert set(flags_in(first)) == {alices, bobs}
        assert set(flags_in(second)) == {alices_other, bobs_other}
