"""Fetching messages, and who is connected, with and without waiting."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from talk.domain.cleanup import clean_up
from talk.models import Participant, Room, Session, SignalingMessage
from tests.api.callers import (
    Caller,
    anonymous,
    guest,
    guest_moderator_of_a_room_made_private,
    guest_of_a_room_made_private,
    guest_of_another_room,
    guest_who_left,
    guest_who_logged_in,
    invited,
    invited_and_joined,
    invited_and_left,
    invited_with_ended_session,
    removed_guest,
    self_joined,
    self_joined_and_left,
    uninvited,
)
from tests.api.calling import call, hang_up
from tests.api.helpers import (
    START,
    TIMESTAMP,
    WithoutCookies,
    assert_done,
    make_pinged_before,
    types_of,
)
from tests.api.signaling import (
    NOBODY,
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
from tests.api.waits import pauses, while_waiting
from tests.client import Answer, TalkClient
from tests.external_signaling import TALK

pytestmark = pytest.mark.django_db

at_once = pytest.mark.usefixtures(no_waiting.__name__)

NOT_THERE = [
    anonymous,
    guest_of_another_room,
    guest_who_left,
    guest_who_logged_in,
    removed_guest,
    guest_of_a_room_made_private,
    guest_moderator_of_a_room_made_private,
    invited,
    invited_and_left,
    invited_with_ended_session,
    uninvited,
    self_joined_and_left,
]


@at_once
class TestAccess:
    """Who has joined is told, and others that nobody is there."""

    @pytest.mark.parametrize("caller", [invited_and_joined, self_joined, guest])
    def test_who_has_joined(self, shared, caller: Caller):
        assert len(people_in(ask_for_news(caller(shared), shared))) == 1

    @pytest.mark.parametrize("caller", NOT_THERE)
    def test_who_has_not(self, shared, caller: Caller):
        assert_nobody_there(ask_for_news(caller(shared), shared))

    @pytest.mark.parametrize("token", ["k7pz3mqd", "null"])
    def test_an_unknown_token(self, stranger, token):
        assert_nobody_there(ask_for_news(stranger, token))

    def test_who_has_joined_on_another_device_only(self, bob, shared):
        TalkClient(bob).join(shared)
        assert_nobody_there(ask_for_news(TalkClient(bob), shared))

    def test_who_has_joined_without_cookies(self, bob, shared):
        program = WithoutCookies(bob)
        program.join(shared)
        assert_nobody_there(ask_for_news(program, shared))

    def test_who_was_removed(self, as_alice, as_bob, shared):
        as_bob.join(shared)
        path = f"/room/{shared}/participants"
        assert_done(as_alice.delete(path, participant="bob"))
        assert_nobody_there(ask_for_news(as_bob, shared))

    def test_a_room_that_was_deleted(self, as_alice, as_bob, shared):
        as_bob.join(shared)
        assert_done(as_alice.delete(f"/room/{shared}"))
        assert_nobody_there(ask_for_news(as_bob, shared))

    def test_who_has_joined_again_is_told_as_the_new_session(self, as_bob, shared):
        first, second = as_bob.join(shared), as_bob.join(shared)
        assert set(flags_in(ask_for_news(as_bob, shared))) == {second} != {first}

    def test_both_devices_are_told(self, bob, shared):
        phone, laptop = TalkClient(bob), TalkClient(bob)
        expected = {phone.join(shared), laptop.join(shared)}
        assert set(flags_in(ask_for_news(phone, shared))) == expected
        assert set(flags_in(ask_for_news(laptop, shared))) == expected

    @pytest.mark.parametrize("who", ["alice", "bob", "carol", "guest"])
    def test_with_a_signaling_server_of_its_own_a_site_tells_nobody(
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
class TestPeople:
    """Who is connected."""

    def test_oneself_alone(self, clock, as_alice, public):
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

    def test_in_the_call_or_not(self, as_alice, as_bob, as_guest, shared):
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

    def test_all_devices(self, bob, as_alice, shared):
        expected = {TalkClient(bob).join(shared) for _ in range(2)}
        expected.add(as_alice.join(shared))
        assert set(flags_in(ask_for_news(as_alice, shared))) == expected

    def test_nobody_who_has_not_joined_or_has_left(self, as_alice, as_bob, shared):
        session_id = as_alice.join(shared)
        as_bob.join(shared)
        as_bob.leave(shared)
        assert set(flags_in(ask_for_news(as_alice, shared))) == {session_id}

    def test_nobody_of_other_rooms(self, as_alice, as_bob, public, group):
        session_id = as_alice.join(public)
        as_alice.join(group)
        assert set(flags_in(ask_for_news(as_alice, public))) == {session_id}

    @pytest.mark.parametrize(("seconds", "count"), [(30, 2), (99, 2), (100, 1)])
    def test_others_are_there_for_100_seconds_after_their_last_ping(
        self, clock, as_alice, as_bob, shared, seconds, count
    ):
        as_bob.join(shared)
        clock.move_to(START + timedelta(seconds=seconds))
        as_alice.join(shared)
        assert len(people_in(ask_for_news(as_alice, shared))) == count

    def test_oneself_is_there_however_long_one_was_silent(self, as_alice, public):
        session_id = as_alice.join(public)
        ask_for_news(as_alice, public)
        make_pinged_before(public, seconds=1000)
        assert set(flags_in(ask_for_news(as_alice, public))) == {session_id}

    def test_people_come_after_the_messages(self, as_alice, as_bob, shared):
        alices, bobs = as_alice.join(shared), as_bob.join(shared)
        send(as_alice, shared, envelope(alices, bobs), envelope(alices, bobs))
        answer = ask_for_news(as_bob, shared)
        types = [entry["type"] for entry in answer.data]
        assert types == ["message", "message", "usersInRoom"]


@at_once
class TestPing:
    """Asking is being there."""

    @pytest.mark.parametrize("who", ["alice", "guest"])
    def test_it_pings_ones_own_session(self, clock, request, public, who):
        client = request.getfixturevalue(f"as_{who}")
        client.join(public)
        clock.shift(10)
        ask_for_news(client, public)
        assert Session.objects.get().last_ping == START + timedelta(seconds=10)

    def test_it_pings_no_other(self, clock, as_alice, alice, public):
        phone = TalkClient(alice)
        session_id = phone.join(public)
        as_alice.join(public)
        clock.shift(10)
        ask_for_news(as_alice, public)
        assert Session.objects.get(session_id=session_id).last_ping == START

    def test_it_pings_nobody_of_other_rooms(self, clock, as_alice, public, group):
        as_alice.join(public)
        session_id = as_alice.join(group)
        clock.shift(10)
        ask_for_news(as_alice, public)
        assert Session.objects.get(session_id=session_id).last_ping == START


@at_once
class TestMessages:
    """Each once, in the order they came."""

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

    def test_more_than_one_answer_can_hold(
        self, as_alice, as_bob, shared, alices, bobs
    ):
        for ten in range(10):
            numbers = range(70 * ten, 70 * (ten + 1))
            send(as_alice, shared, *[envelope(alices, bobs, n=n) for n in numbers])
        found: list[int] = []
        while some := [message["n"] for message in fetch(as_bob, shared)]:
            found += some
        assert found == list(range(700))

    def test_what_was_sent_before_somebody_left_is_fetched(
        self, as_alice, as_bob, shared, alices, bobs
    ):
        send(as_alice, shared, envelope(alices, bobs))
        as_alice.leave(shared)
        assert len(fetch(as_bob, shared)) == 1

    def test_old_ones_are_not_fetched(
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

    def test_a_request_for_nothing_but_headers_takes_none(
        self, as_alice, as_bob, shared, alices, bobs
    ):
        send(as_alice, shared, envelope(alices, bobs))
        as_bob.request("HEAD", f"/signaling/{shared}")
        assert len(fetch(as_bob, shared)) == 1

    def test_two_rooms_do_not_mix(self, as_alice, as_bob, bob, shared, alices, bobs):
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


SECONDS = 10
"""How long a poll waits in a worker at most."""


class TestWaiting:
    """What ends the wait of a poll, and how it is answered."""

    @pytest.fixture
    def alices(self, as_alice: TalkClient, shared: str) -> str:
        return as_alice.join(shared)

    @pytest.fixture
    def bobs(self, as_bob: TalkClient, alices: str, shared: str) -> str:
        """Bob has joined and knows who is there."""
        session_id = as_bob.join(shared)
        ask_for_news(as_bob, shared)
        return session_id

    @pytest.fixture(autouse=True)
    def ready(self, bobs: str) -> None:
        """All of this is about Bob's next poll."""

    def wait(self, client: TalkClient, token: str, action: Any) -> tuple[Answer, float]:
        """Let something happen while a poll waits; tell how long it did."""
        began = pauses.now
        with while_waiting(action):
            answer = ask_for_news(client, token)
        return answer, pauses.now - began

    def assert_woken(self, as_bob: TalkClient, token: str, action: Any) -> Answer:
        """It ends as soon as that has happened."""
        answer, seconds = self.wait(as_bob, token, action)
        assert seconds < SECONDS
        assert answer.status == 200
        return answer

    def assert_sleeps(self, as_bob: TalkClient, token: str, action: Any) -> Answer:
        """It waits to the end, whatever has happened."""
        answer, seconds = self.wait(as_bob, token, action)
        assert seconds == SECONDS
        assert messages_in(answer) == []
        return answer

    def test_without_news_it_tells_who_is_there(self, as_bob, shared, alices, bobs):
        answer = self.assert_sleeps(as_bob, shared, lambda: None)
        assert flags_in(answer) == {alices: 0, bobs: 0}

    def test_it_waits_as_long_as_the_site_says(self, as_bob, shared, settings):
        settings.TALK = {"SIGNALING_POLL_SECONDS": 3}
        _, seconds = self.wait(as_bob, shared, lambda: None)
        assert seconds == 3

    def test_one_poll_after_the_other_waits(self, as_bob, shared):
        for _ in range(3):
            self.assert_sleeps(as_bob, shared, lambda: None)

    def test_news_that_came_before_it_are_answered_at_once(
        self, as_alice, as_bob, shared, alices, bobs
    ):
        send(as_alice, shared, envelope(alices, bobs))
        assert len(fetch(as_bob, shared)) == 1
        call(as_alice, shared)
        assert flags_in(ask_for_news(as_bob, shared))[alices] == 7

    def test_a_message(self, as_alice, as_bob, shared, alices, bobs):
        action = lambda: send(as_alice, shared, envelope(alices, bobs))  # noqa: E731
        answer = self.assert_woken(as_bob, shared, action)
        assert messages_in(answer) == [{"to": bobs, "from": alices}]

    def test_not_a_message_to_somebody_else(self, as_alice, as_bob, shared, alices):
        own = lambda: send(as_alice, shared, envelope(alices, alices))  # noqa: E731
        self.assert_sleeps(as_bob, shared, own)

    @pytest.mark.parametrize("who", ["carol", "guest"])
    def test_somebody_joins_the_room(self, request, as_bob, shared, who):
        client = request.getfixturevalue(f"as_{who}")
        answer = self.assert_woken(as_bob, shared, lambda: client.join(shared))
        assert len(people_in(answer)) == 3

    def test_somebody_leaves_the_room(self, as_alice, as_bob, shared, bobs):
        answer = self.assert_woken(as_bob, shared, lambda: as_alice.leave(shared))
        assert flags_in(answer) == {bobs: 0}

    def test_somebody_joins_the_call(self, as_alice, as_bob, shared, alices, bobs):
        answer = self.assert_woken(as_bob, shared, lambda: call(as_alice, shared))
        assert flags_in(answer) == {alices: 7, bobs: 0}

    def test_oneself_joins_the_call(self, as_bob, shared, alices, bobs):
        answer = self.assert_woken(as_bob, shared, lambda: call(as_bob, shared))
        assert flags_in(answer) == {alices: 0, bobs: 7}

    def test_somebody_changes_flags(self, as_alice, as_bob, shared, alices):
        call(as_alice, shared)
        ask_for_news(as_bob, shared)
        change = lambda: call(as_alice, shared, flags=1)  # noqa: E731
        answer = self.assert_woken(as_bob, shared, change)
        assert flags_in(answer)[alices] == 1

    @pytest.mark.parametrize("how", ["hang up", "flags"])
    def test_somebody_leaves_the_call(self, as_alice, as_bob, shared, alices, how):
        call(as_alice, shared)
        ask_for_news(as_bob, shared)
        leave = {
            "hang up": lambda: hang_up(as_alice, shared),
            "flags": lambda: call(as_alice, shared, flags=0),
        }
        answer = self.assert_woken(as_bob, shared, leave[how])
        assert flags_in(answer)[alices] == 0

    def test_a_guest_takes_a_name(self, as_guest, as_bob, shared):
        as_guest.join(shared)
        ask_for_news(as_bob, shared)
        path = f"/guest/{shared}/name"
        rename = lambda: as_guest.post(path, displayName="Gwen")  # noqa: E731
        self.assert_woken(as_bob, shared, rename)
        self.assert_sleeps(as_bob, shared, rename)

    def test_a_user_is_removed(self, as_alice, as_bob, as_carol, shared, bobs):
        as_carol.join(shared)
        ask_for_news(as_bob, shared)
        path = f"/room/{shared}/participants"
        remove = lambda: as_alice.delete(path, participant="carol")  # noqa: E731
        answer = self.assert_woken(as_bob, shared, remove)
        assert len(people_in(answer)) == 2

    def test_a_guest_is_removed(self, as_alice, as_bob, as_guest, shared):
        guests = as_guest.join(shared)
        ask_for_news(as_bob, shared)
        path = f"/room/{shared}/participants/guests"
        remove = lambda: as_alice.delete(path, participant=guests)  # noqa: E731
        answer = self.assert_woken(as_bob, shared, remove)
        assert len(people_in(answer)) == 2

    def test_guests_are_sent_away(self, as_alice, as_bob, as_guest, shared):
        as_guest.join(shared)
        ask_for_news(as_bob, shared)
        path = f"/room/{shared}/public"
        answer = self.assert_woken(as_bob, shared, lambda: as_alice.delete(path))
        assert len(people_in(answer)) == 2

    @pytest.mark.parametrize("who", ["carol", "guest"])
    def test_the_reaper_takes_somebody(self, request, as_bob, shared, who):
        client = request.getfixturevalue(f"as_{who}")
        session_id = client.join(shared)
        ask_for_news(as_bob, shared)

        def reap() -> None:
            long_ago = timezone.now() - timedelta(seconds=1000)
            silent = Session.objects.filter(session_id=session_id)
            silent.update(last_ping=long_ago)
            clean_up(now=timezone.now())

        answer = self.assert_woken(as_bob, shared, reap)
        assert session_id not in flags_in(answer)

    def test_an_account_is_deleted(self, as_bob, alice, shared, bobs):
        answer = self.assert_woken(as_bob, shared, alice.delete)
        assert flags_in(answer) == {bobs: 0}

    def test_somebody_joins_again(self, as_alice, as_bob, shared, alices):
        answer = self.assert_woken(as_bob, shared, lambda: as_alice.join(shared))
        assert alices not in flags_in(answer)
        assert len(people_in(answer)) == 2

    def test_not_what_happens_in_another_room(self, as_alice, as_bob, group, shared):
        self.assert_sleeps(as_bob, shared, lambda: as_alice.join(group))

    @pytest.mark.parametrize(
        ("method", "path", "parameters"),
        [
            ("POST", "/chat/{}", {"message": "hello"}),
            ("PUT", "/room/{}", {"roomName": "New"}),
            ("PUT", "/room/{}/password", {"password": "secret"}),
            ("POST", "/room/{}/moderators", {"participant": "bob"}),
            ("POST", "/room/{}/favorite", {}),
            ("POST", "/room/{}/participants", {"newParticipant": "carol"}),
            ("GET", "/room/{}", {}),
        ],
    )
    def test_not_what_concerns_nobody_connected(
        self, as_alice, as_bob, carol, shared, method, path, parameters
    ):
        place = "form" if method == "POST" else "query"
        change = lambda: as_alice.request(  # noqa: E731
            method, path.format(shared), **{place: parameters}
        )
        self.assert_sleeps(as_bob, shared, change)

    @pytest.mark.parametrize(
        "change",
        [
            lambda alice, bob, token: alice.delete(
                f"/room/{token}/participants", participant="bob"
            ),
            lambda alice, bob, token: alice.delete(f"/room/{token}"),
            lambda alice, bob, token: bob.delete(f"/room/{token}/participants/self"),
            lambda alice, bob, token: bob.leave(token),
            lambda alice, bob, token: bob.join(token),
        ],
        ids=["removed", "room deleted", "removed self", "left", "joined again"],
    )
    def test_one_whose_session_ends_is_told_that_nobody_is_there(
        self, as_alice, as_bob, shared, change
    ):
        action = lambda: change(as_alice, as_bob, shared)  # noqa: E731
        answer, seconds = self.wait(as_bob, shared, action)
        assert answer.status == 404
        assert answer.data[-1:] == NOBODY
        assert seconds < SECONDS

    @pytest.mark.parametrize("how", ["removed", "made private", "room deleted"])
    def test_a_guest_who_has_to_go_is_told_that_nobody_is_there(
        self, as_alice, as_guest, shared, how
    ):
        guests = as_guest.join(shared)
        ask_for_news(as_guest, shared)
        path = f"/room/{shared}"
        action = {
            "removed": lambda: as_alice.delete(
                f"{path}/participants/guests", participant=guests
            ),
            "made private": lambda: as_alice.delete(f"{path}/public"),
            "room deleted": lambda: as_alice.delete(path),
        }
        answer, seconds = self.wait(as_guest, shared, action[how])
        assert_nobody_there(answer)
        assert seconds < SECONDS

    def test_what_comes_while_it_waits_is_fetched_once(
        self, as_alice, as_bob, shared, alices, bobs
    ):
        many = [envelope(alices, bobs, n=number) for number in range(20)]
        action = lambda: send(as_alice, shared, *many)  # noqa: E731
        answer = self.assert_woken(as_bob, shared, action)
        found = [message["n"] for message in messages_in(answer)]
        assert found == list(range(20))
        assert not SignalingMessage.objects.exists()
        self.assert_sleeps(as_bob, shared, lambda: None)
