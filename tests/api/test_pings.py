"""How long a session is live, what keeps it alive, and what does not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from talk.models import Participant, Session
from tests.api.callers import ACTIONS, Caller, guest, invited_and_joined, self_joined
from tests.api.helpers import (
    TIMESTAMP,
    WithoutCookies,
    make_pinged_before,
    own_session_id,
    put_in,
)
from tests.client import TalkClient
from tests.factories import PASSWORD, SessionFactory
from tests.timelines import ids_of

pytestmark = pytest.mark.django_db


class TestLive:
    """For how long, and what others see of it."""

    @pytest.mark.parametrize("anyone", ["alice", "carol"], indirect=True)
    @pytest.mark.parametrize(("seconds", "is_live"), [(99, True), (100, False)])
    def test_a_session_is_live_until_100_seconds_after_the_last_ping(
        self, clock: Any, anyone: TalkClient, public: str, seconds: int, is_live: bool
    ) -> None:
        session_id = anyone.join(public)
        clock.shift(seconds)
        expected = session_id if is_live else "0"
        assert own_session_id(anyone, public) == expected

    @pytest.mark.parametrize(("seconds", "is_live"), [(99, True), (100, False)])
    def test_others_see_a_session_as_long_as_it_is_live(
        self,
        clock: Any,
        as_alice: TalkClient,
        as_bob: TalkClient,
        bob: Any,
        public: str,
        seconds: int,
        is_live: bool,
    ) -> None:
        put_in(public, bob)
        session_id = as_alice.join(public)
        clock.shift(seconds)
        people = as_bob.room(public)["participants"]
        expected = session_id if is_live else "0"
        assert people["alice"]["sessionId"] == expected

    def test_the_flags_of_a_stale_session_are_not_shown(
        self,
        clock: Any,
        as_alice: TalkClient,
        as_bob: TalkClient,
        bob: Any,
        public: str,
    ) -> None:
        put_in(public, bob)
        as_alice.join(public)
        Session.objects.update(in_call=7)
        clock.shift(100)
        people = as_bob.room(public)["participants"]
        assert people["alice"]["call"] == 0
        assert as_alice.room(public)["participantFlags"] == 0

    def test_somebody_stale_joins_again_as_if_for_the_first_time(
        self, clock: Any, as_guest: TalkClient, public: str
    ) -> None:
        first = as_guest.join(public)
        clock.shift(1000)
        second = as_guest.join(public)
        assert first != second
        assert own_session_id(as_guest, public) == second


class TestPing:
    """Asking for messages keeps the session alive, and nothing else does."""

    @pytest.mark.parametrize("future", [0, 1])
    def test_asking_for_messages_is_a_ping(
        self, clock: Any, anyone: TalkClient, public: str, future: int
    ) -> None:
        session_id = anyone.join(public)
        clock.shift(90)
        anyone.get(f"/chat/{public}", lookIntoFuture=future, timeout=0)
        clock.shift(90)
        room = anyone.room(public)
        assert room["lastPing"] == TIMESTAMP + 90
        assert room["sessionId"] == session_id

    def test_everything_else_is_no_ping(
        self, clock: Any, as_guest: TalkClient, public: str
    ) -> None:
        as_guest.join(public)
        clock.shift(10)
        as_guest.get(f"/room/{public}")
        as_guest.post(f"/chat/{public}", message="hi")
        as_guest.post(f"/guest/{public}/name", displayName="Zoe")
        assert as_guest.room(public)["lastPing"] == TIMESTAMP

    def test_asking_for_the_list_is_no_ping(
        self, clock: Any, as_alice: TalkClient, public: str
    ) -> None:
        as_alice.join(public)
        clock.shift(10)
        as_alice.get("/room")
        assert as_alice.get("/room").data[0]["lastPing"] == TIMESTAMP

    def test_a_ping_in_one_room_is_none_in_another(
        self, clock: Any, as_alice: TalkClient, public: str, group: str
    ) -> None:
        as_alice.join(public)
        as_alice.join(group)
        clock.shift(10)
        as_alice.history(group)
        assert as_alice.room(public)["lastPing"] == TIMESTAMP

    def test_without_cookies_a_ping_revives_no_stale_session(
        self, clock: Any, alice: Any, public: str
    ) -> None:
        TalkClient(alice).join(public)
        clock.shift(100)
        program = WithoutCookies(alice)
        program.history(public)
        assert own_session_id(program, public) == "0"

    def test_the_last_ping_is_that_of_the_freshest_session(
        self, clock: Any, alice: Any, public: str
    ) -> None:
        phone = TalkClient(alice)
        phone.join(public)
        clock.shift(10)
        TalkClient(alice).join(public)
        assert phone.room(public)["lastPing"] == TIMESTAMP + 10

    def test_a_304_pings_too(self, as_bob: TalkClient, shared: str) -> None:
        as_bob.join(shared)
        make_pinged_before(shared)
        before = timezone.now()
        assert as_bob.poll(shared, after=ids_of(shared)[-1]).status == 304
        assert Session.objects.get().last_ping >= before

    @pytest.mark.parametrize("look", ["history", "future"])
    def test_other_devices_and_people_are_not_pinged(
        self, as_alice: TalkClient, as_bob: TalkClient, shared: str, bob: Any, look: str
    ) -> None:
        as_alice.join(shared)
        other_device = TalkClient(bob).join(shared)
        own = as_bob.join(shared)
        make_pinged_before(shared)
        before = timezone.now()
        ACTIONS[look](as_bob, shared)
        pinged = Session.objects.filter(last_ping__gte=before)
        assert [session.session_id for session in pinged] == [own]
        assert other_device != own

    def test_a_user_who_never_joined_reads_without_a_session(
        self, as_bob: TalkClient, shared: str
    ) -> None:
        assert as_bob.poll(shared, after=0).status == 200
        assert not Session.objects.exists()

    @pytest.mark.parametrize("look", ["history", "future"])
    def test_a_browser_that_never_joined_pings_no_other_device(
        self, as_bob: TalkClient, shared: str, bob: Any, look: str
    ) -> None:
        as_bob.join(shared)
        make_pinged_before(shared)
        before = timezone.now()
        assert ACTIONS[look](TalkClient(bob), shared).status == 200
        assert Session.objects.get().last_ping < before

    def test_a_user_without_cookies_pings_all_own_live_sessions(
        self, as_alice: TalkClient, shared: str, bob: Any
    ) -> None:
        participant = Participant.objects.get(user=bob)
        past = timezone.now() - timedelta(seconds=50)
        live = [
            SessionFactory(participant=participant, last_ping=past) for _ in range(2)
        ]
        as_alice.join(shared)
        before = timezone.now()
        TalkClient(bob, basic=PASSWORD).history(shared)
        pinged = Session.objects.filter(participant=participant, last_ping__gte=before)
        assert {session.pk for session in pinged} == {s.pk for s in live}

    @pytest.mark.parametrize("caller", [invited_and_joined, self_joined, guest])
    def test_posting_is_no_ping(self, shared: str, caller: Caller) -> None:
        client = caller(shared)
        make_pinged_before(shared)
        before = list(Session.objects.values())
        client.say(shared, "hello")
        assert list(Session.objects.values()) == before
