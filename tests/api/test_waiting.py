"""Polls that wait: for how long, and events during the wait."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.http import HttpResponseBase

from talk.api.polls.base import Poll, answer_at_once
from talk.api.urls import routes
from talk.models import Participant
from tests.api.helpers import assert_not_found, ids, texts, unread
from tests.client import TalkClient
from tests.timelines import ids_of

pytestmark = pytest.mark.django_db


@dataclass
class Waiting:
    """The polls that have waited, and the event during their wait."""

    polls: list[Poll] = field(default_factory=list)
    meanwhile: Callable[[], Any] = lambda: None


current_waiting = Waiting()


def wait(poll: Poll) -> HttpResponseBase:
    """Replace the wait of a poll; no time passes."""
    current_waiting.polls.append(poll)
    current_waiting.meanwhile()
    return answer_at_once(poll)


urlpatterns = routes(wait=wait)
"""The URLs of the API with that replacement; see the fixture `waiting`."""


@pytest.fixture
def waiting(settings: Any) -> Waiting:
    """Replace the wait of polls with the function above."""
    settings.ROOT_URLCONF = __name__
    current_waiting.polls = []
    current_waiting.meanwhile = lambda: None
    return current_waiting


class TestTimeout:
    """How long a poll may take."""

    @pytest.mark.parametrize(
        ("value", "seconds"),
        [
            ("0", 0),
            ("1", 1),
            ("30", 30),
            ("60", 60),
            ("61", 60),
            ("100000", 60),
            ("9" * 40, 60),
            ("-5", 0),
            ("", 0),
            ("abc", 0),
            ("12abc", 12),
            ("1.9", 1),
        ],
    )
    def test_the_timeout_is_between_0_and_60(
        self,
        as_alice: TalkClient,
        shared: str,
        waiting: Waiting,
        value: str,
        seconds: int,
    ) -> None:
        as_alice.get(f"/chat/{shared}", lookIntoFuture=1, timeout=value)
        assert [poll.timeout for poll in waiting.polls] == [seconds]

    def test_the_timeout_is_30_by_default(
        self, as_alice: TalkClient, shared: str, waiting: Waiting
    ) -> None:
        as_alice.get(f"/chat/{shared}", lookIntoFuture=1)
        assert [poll.timeout for poll in waiting.polls] == [30]

    def test_history_never_waits(
        self, as_alice: TalkClient, shared: str, waiting: Waiting
    ) -> None:
        first = ids_of(shared)[0]
        answer = as_alice.history(shared, lastKnownMessageId=first, timeout=60)
        assert answer.status == 304
        assert waiting.polls == []

    def test_a_poll_without_a_free_slot_is_answered_at_once(
        self, as_alice: TalkClient, shared: str, settings: Any
    ) -> None:
        settings.TALK = {"FALLBACK_POLLS_MAX": 0}
        answer = as_alice.poll(shared, after=ids_of(shared)[-1], timeout=60)
        assert answer.status == 304

    def test_a_poll_waits_no_longer_than_the_site_allows(
        self, as_alice: TalkClient, shared: str, settings: Any
    ) -> None:
        settings.TALK = {"FALLBACK_POLL_SECONDS_MAX": 0}
        answer = as_alice.poll(shared, after=ids_of(shared)[-1], timeout=60)
        assert answer.status == 304

    @pytest.mark.parametrize("timeout", [0, 30, 60])
    def test_news_is_answered_at_once_with_any_timeout(
        self, as_alice: TalkClient, shared: str, timeout: int
    ) -> None:
        answer = as_alice.poll(shared, after=0, timeout=timeout)
        assert ids(answer) == ids_of(shared)


class TestMeanwhile:
    """Events during the wait."""

    def test_a_message_during_the_wait_is_returned_and_stays_unread(
        self,
        as_alice: TalkClient,
        as_bob: TalkClient,
        shared: str,
        waiting: Waiting,
    ) -> None:
        known = as_alice.say(shared, "before")
        waiting.meanwhile = lambda: as_alice.say(shared, "during")
        assert texts(as_bob.poll(shared, after=known, timeout=30)) == ["during"]
        waiting.meanwhile = lambda: None
        assert unread(as_bob, shared) == 1

    def test_a_message_during_the_wait_is_read_by_the_next_request(
        self,
        as_alice: TalkClient,
        as_bob: TalkClient,
        shared: str,
        waiting: Waiting,
    ) -> None:
        known = as_alice.say(shared, "before")
        waiting.meanwhile = lambda: as_alice.say(shared, "during")
        (message,) = as_bob.poll(shared, after=known, timeout=30).data
        waiting.meanwhile = lambda: None
        assert as_bob.poll(shared, after=message["id"]).status == 304
        assert unread(as_bob, shared) == 0

    def test_a_participant_removed_during_the_wait_gets_its_news(
        self,
        as_alice: TalkClient,
        as_bob: TalkClient,
        shared: str,
        bob: Any,
        waiting: Waiting,
    ) -> None:
        known = ids_of(shared)[-1]

        def remove() -> None:
            Participant.objects.filter(user=bob).delete()
            as_alice.say(shared, "after the removal")

        waiting.meanwhile = remove
        assert texts(as_bob.poll(shared, after=known, timeout=30)) == [
            "after the removal"
        ]
        assert_not_found(as_bob.history(shared))

    def test_offset_and_limit_stay_during_the_wait(
        self,
        as_alice: TalkClient,
        as_bob: TalkClient,
        shared: str,
        waiting: Waiting,
    ) -> None:
        known = as_alice.say(shared, "before")
        waiting.meanwhile = lambda: [as_alice.say(shared, text) for text in "abc"]
        answer = as_bob.poll(shared, after=known, timeout=30, limit=2)
        assert texts(answer) == ["a", "b"]
