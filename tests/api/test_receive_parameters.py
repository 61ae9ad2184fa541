"""GET /chat/{token}: its parameters."""

from __future__ import annotations

import pytest

from tests.api.helpers import ids
from tests.client import TalkClient
from tests.timelines import ids_of

pytestmark = pytest.mark.django_db


class TestLookIntoFuture:
    """The parameter `lookIntoFuture`: history or newer messages."""

    @pytest.mark.parametrize("value", ["1", "2", "-1", "12abc", "1.9", " 1"])
    def test_any_number_except_zero_means_newer_messages(
        self, as_alice: TalkClient, shared: str, value: str
    ) -> None:
        as_alice.say(shared, "hello")
        answer = as_alice.get(f"/chat/{shared}", lookIntoFuture=value, timeout=0)
        assert ids(answer) == ids_of(shared)

    @pytest.mark.parametrize(
        "value", ["0", "", "abc", "true", "yes", "false", "undefined", "0.9", "-0"]
    )
    def test_zero_and_values_that_are_no_number_mean_history(
        self, as_alice: TalkClient, shared: str, value: str
    ) -> None:
        as_alice.say(shared, "hello")
        answer = as_alice.get(f"/chat/{shared}", lookIntoFuture=value)
        assert ids(answer) == ids_of(shared)[::-1]

    def test_history_is_the_default(self, as_alice: TalkClient, shared: str) -> None:
        as_alice.say(shared, "hello")
        assert ids(as_alice.get(f"/chat/{shared}")) == ids_of(shared)[::-1]


class TestLimit:
    """The parameter `limit`: the number of messages."""

    @pytest.mark.parametrize("future", [0, 1])
    @pytest.mark.parametrize(
        ("value", "given"),
        [
            ("1", 1),
            ("2", 2),
            ("200", 200),
            ("201", 200),
            ("100000", 200),
            ("9" * 40, 200),
            ("0", 200),
            ("-1", 200),
            ("-" + "9" * 40, 200),
            ("", 200),
            ("abc", 200),
            ("12abc", 12),
            ("1.9", 1),
        ],
    )
    def test_the_limit_is_between_1_and_200(
        self, as_alice: TalkClient, long: str, future: int, value: str, given: int
    ) -> None:
        answer = as_alice.get(f"/chat/{long}", lookIntoFuture=future, limit=value)
        assert len(ids(answer)) == given

    @pytest.mark.parametrize("future", [0, 1])
    def test_the_limit_is_100_by_default(
        self, as_alice: TalkClient, long: str, future: int
    ) -> None:
        answer = as_alice.get(f"/chat/{long}", lookIntoFuture=future)
        assert len(ids(answer)) == 100


class TestOffset:
    """The parameter `lastKnownMessageId`: the first message."""

    @pytest.mark.parametrize(
        "value", ["0", "-1", "", "abc", "undefined", "false", "-9" * 30]
    )
    def test_no_offset_means_the_end_in_history(
        self, as_alice: TalkClient, shared: str, value: str
    ) -> None:
        as_alice.say(shared, "hello")
        answer = as_alice.history(shared, lastKnownMessageId=value)
        assert ids(answer) == ids_of(shared)[::-1]

    @pytest.mark.parametrize(
        "value", ["0", "-1", "", "abc", "undefined", "false", "-9" * 30]
    )
    def test_no_offset_means_the_oldest_message_for_newer_messages(
        self, as_alice: TalkClient, shared: str, value: str
    ) -> None:
        as_alice.say(shared, "hello")
        answer = as_alice.get(
            f"/chat/{shared}", lookIntoFuture=1, timeout=0, lastKnownMessageId=value
        )
        assert ids(answer) == ids_of(shared)

    @pytest.mark.parametrize("rest", ["abc", ".9", " ", "e3", ",5"])
    def test_only_the_leading_digits_of_the_offset_count(
        self, as_alice: TalkClient, shared: str, rest: str
    ) -> None:
        first = as_alice.say(shared, "one")
        second = as_alice.say(shared, "two")
        answer = as_alice.get(
            f"/chat/{shared}", lookIntoFuture=1, lastKnownMessageId=f"{first}{rest}"
        )
        assert ids(answer) == [second]

    def test_an_offset_beyond_all_ids_gives_the_newest_page_in_history(
        self, as_alice: TalkClient, shared: str
    ) -> None:
        answer = as_alice.history(shared, lastKnownMessageId="9" * 40)
        assert ids(answer) == ids_of(shared)[::-1]

    def test_an_offset_beyond_all_ids_gives_no_newer_messages(
        self, as_alice: TalkClient, shared: str
    ) -> None:
        answer = as_alice.get(
            f"/chat/{shared}",
            lookIntoFuture=1,
            timeout=0,
            lastKnownMessageId="9" * 40,
        )
        assert answer.status == 304


class TestOthers:
    """Other parameters, and other places for parameters."""

    def test_unknown_parameters_are_ignored(
        self, as_alice: TalkClient, shared: str
    ) -> None:
        answer = as_alice.history(
            shared, setReadMarker=0, includeLastKnown=1, noStatusUpdate=1, foo="bar"
        )
        assert answer.status == 200

    def test_parameters_may_be_in_a_json_body(
        self, as_alice: TalkClient, shared: str
    ) -> None:
        as_alice.say(shared, "hello")
        body = '{"lookIntoFuture": 1, "timeout": 0, "limit": 1}'
        answer = as_alice.request("GET", f"/chat/{shared}", body=body)
        assert ids(answer) == ids_of(shared)[:1]
