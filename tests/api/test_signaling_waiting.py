"""Internal signaling: the events that end the wait of a poll."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from talk.domain.cleanup import clean_up
from talk.models import Session, SignalingMessage
from tests.api.calling import call, hang_up
from tests.api.signaling import (
    NOBODY,
    ask_for_news,
    assert_nobody_there,
    envelope,
    fetch,
    flags_in,
    messages_in,
    people_in,
    send,
)
from tests.api.waits import pauses, while_waiting
from tests.client import Answer, TalkClient

pytestmark = pytest.mark.django_db


SECONDS = 10
"""The longest wait of a poll in a worker, in seconds."""


class TestWaiting:
    """Events that end the wait of a poll, and its response."""

    @pytest.fixture
    def alices(self, as_alice: TalkClient, shared: str) -> str:
        return as_alice.join(shared)

    @pytest.fixture
    def bobs(self, as_bob: TalkClient, alices: str, shared: str) -> str:
        """Let Bob join and fetch the connected users."""
        session_id = as_bob.join(shared)
        ask_for_news(as_bob, shared)
        return session_id

    @pytest.fixture(autouse=True)
    def ready(self, bobs: str) -> None:
        """Let Bob join before each test."""

    def wait(self, client: TalkClient, token: str, action: Any) -> tuple[Answer, float]:
        """Do something while a poll waits; return its response and its duration."""
        began = pauses.now
        with while_waiting(action):
            answer = ask_for_news(client, token)
        return answer, pauses.now - began

    def assert_woken(self, as_bob: TalkClient, token: str, action: Any) -> Answer:
        """Check that the wait ends after the event."""
        answer, seconds = self.wait(as_bob, token, action)
        assert seconds < SECONDS
        assert answer.status == 200
        return answer

    def assert_sleeps(self, as_bob: TalkClient, token: str, action: Any) -> Answer:
        """Check that the wait does not end before its time."""
        answer, seconds = self.wait(as_bob, token, action)
        assert seconds == SECONDS
        assert messages_in(answer) == []
        return answer

    def test_it_returns_the_connected_users_without_news(
        self, as_bob, shared, alices, bobs
    ):
        answer = self.assert_sleeps(as_bob, shared, lambda: None)
        assert flags_in(answer) == {alices: 0, bobs: 0}

    def test_it_waits_as_long_as_the_setting_says(self, as_bob, shared, settings):
        settings.TALK = {"SIGNALING_POLL_SECONDS": 3}
        _, seconds = self.wait(as_bob, shared, lambda: None)
        assert seconds == 3

    def test_each_poll_after_the_first_waits(self, as_bob, shared):
        for _ in range(3):
            self.assert_sleeps(as_bob, shared, lambda: None)

    def test_earlier_news_is_answered_at_once(
        self, as_alice, as_bob, shared, alices, bobs
    ):
        send(as_alice, shared, envelope(alices, bobs))
        assert len(fetch(as_bob, shared)) == 1
        call(as_alice, shared)
        assert flags_in(ask_for_news(as_bob, shared))[alices] == 7

    def test_a_message_ends_the_wait(self, as_alice, as_bob, shared, alices, bobs):
        action = lambda: send(as_alice, shared, envelope(alices, bobs))  # noqa: E731
        answer = self.assert_woken(as_bob, shared, action)
        assert messages_in(answer) == [{"to": bobs, "from": alices}]

    def test_a_message_to_another_session_does_not_end_the_wait(
        self, as_alice, as_bob, shared, alices
    ):
        own = lambda: send(as_alice, shared, envelope(alices, alices))  # noqa: E731
        self.assert_sleeps(as_bob, shared, own)

    @pytest.mark.parametrize("who", ["carol", "guest"])
    def test_joining_the_room_ends_the_wait(self, request, as_bob, shared, who):
        client = request.getfixturevalue(f"as_{who}")
        answer = self.assert_woken(as_bob, shared, lambda: client.join(shared))
        assert len(people_in(answer)) == 3

    def test_leaving_the_room_ends_the_wait(self, as_alice, as_bob, shared, bobs):
        answer = self.assert_woken(as_bob, shared, lambda: as_alice.leave(shared))
        assert flags_in(answer) == {bobs: 0}

    def test_joining_the_call_ends_the_wait(
        self, as_alice, as_bob, shared, alices, bobs
    ):
        answer = self.assert_woken(as_bob, shared, lambda: call(as_alice, shared))
        assert flags_in(answer) == {alices: 7, bobs: 0}

    def test_joining_the_call_ends_the_wait_of_the_same_session(
        self, as_bob, shared, alices, bobs
    ):
        answer = self.assert_woken(as_bob, shared, lambda: call(as_bob, shared))
        assert flags_in(answer) == {alices: 0, bobs: 7}

    def test_new_in_call_flags_end_the_wait(self, as_alice, as_bob, shared, alices):
        call(as_alice, shared)
        ask_for_news(as_bob, shared)
        change = lambda: call(as_alice, shared, flags=1)  # noqa: E731
        answer = self.assert_woken(as_bob, shared, change)
        assert flags_in(answer)[alices] == 1

    @pytest.mark.parametrize("how", ["hang up", "flags"])
    def test_leaving_the_call_ends_the_wait(
        self, as_alice, as_bob, shared, alices, how
    ):
        call(as_alice, shared)
        ask_for_news(as_bob, shared)
        leave = {
            "hang up": lambda: hang_up(as_alice, shared),
            "flags": lambda: call(as_alice, shared, flags=0),
        }
        answer = self.assert_woken(as_bob, shared, leave[how])
        assert flags_in(answer)[alices] == 0

    def test_a_new_name_of_a_guest_ends_the_wait(self, as_guest, as_bob, shared):
        as_guest.join(shared)
        ask_for_news(as_bob, shared)
        path = f"/guest/{shared}/name"
        rename = lambda: as_guest.post(path, displayName="Gwen")  # noqa: E731
        self.assert_woken(as_bob, shared, rename)
        self.assert_sleeps(as_bob, shared, rename)

    def test_the_removal_of_a_user_ends_the_wait(
        self, as_alice, as_bob, as_carol, shared, bobs
    ):
        as_carol.join(shared)
        ask_for_news(as_bob, shared)
        path = f"/room/{shared}/participants"
        remove = lambda: as_alice.delete(path, participant="carol")  # noqa: E731
        answer = self.assert_woken(as_bob, shared, remove)
        assert len(people_in(answer)) == 2

    def test_the_removal_of_a_guest_ends_the_wait(
        self, as_alice, as_bob, as_guest, shared
    ):
        guests = as_guest.join(shared)
        ask_for_news(as_bob, shared)
        path = f"/room/{shared}/participants/guests"
        remove = lambda: as_alice.delete(path, participant=guests)  # noqa: E731
        answer = self.assert_woken(as_bob, shared, remove)
        assert len(people_in(answer)) == 2

    def test_making_the_room_private_ends_the_wait(
        self, as_alice, as_bob, as_guest, shared
    ):
        as_guest.join(shared)
        ask_for_news(as_bob, shared)
        path = f"/room/{shared}/public"
        answer = self.assert_woken(as_bob, shared, lambda: as_alice.delete(path))
        assert len(people_in(answer)) == 2

    @pytest.mark.parametrize("who", ["carol", "guest"])
    def test_a_session_that_the_reaper_removes_ends_the_wait(
        self, request, as_bob, shared, who
    ):
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

    def test_the_deletion_of_an_account_ends_the_wait(
        self, as_bob, alice, shared, bobs
    ):
        answer = self.assert_woken(as_bob, shared, alice.delete)
        assert flags_in(answer) == {bobs: 0}

    def test_joining_again_ends_the_wait(self, as_alice, as_bob, shared, alices):
        answer = self.assert_woken(as_bob, shared, lambda: as_alice.join(shared))
        assert alices not in flags_in(answer)
        assert len(people_in(answer)) == 2

    def test_changes_in_another_room_do_not_end_the_wait(
        self, as_alice, as_bob, group, shared
    ):
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
    def test_changes_without_an_effect_on_connected_users_do_not_end_the_wait(
        self, as_alice, as_bob, carol, shared, method, path, parameters
    ):
        participant = "form" if method == "POST" else "query"
        change = lambda: as_alice.request(  # noqa: E731
            method, path.format(shared), **{participant: parameters}
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
    def test_a_user_whose_session_ends_gets_no_connected_users(
        self, as_alice, as_bob, shared, change
    ):
        action = lambda: change(as_alice, as_bob, shared)  # noqa: E731
        answer, seconds = self.wait(as_bob, shared, action)
        assert answer.status == 404
        assert answer.data[-1:] == NOBODY
        assert seconds < SECONDS

    @pytest.mark.parametrize("how", ["removed", "made private", "room deleted"])
    def test_a_guest_whose_session_ends_gets_no_connected_users(
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

    def test_a_message_during_the_wait_is_fetched_once(
        self, as_alice, as_bob, shared, alices, bobs
    ):
        many = [envelope(alices, bobs, n=number) for number in range(20)]
        action = lambda: send(as_alice, shared, *many)  # noqa: E731
        answer = self.assert_woken(as_bob, shared, action)
        found = [message["n"] for message in messages_in(answer)]
        assert found == list(range(20))
        assert not SignalingMessage.objects.exists()
        self.assert_sleeps(as_bob, shared, lambda: None)
