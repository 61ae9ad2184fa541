"""Seats: who is remembered, by what, and for how long."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import pytest

from talk.realtime import remembered_callers as seats_module
from talk.realtime.remembered_callers import RememberedCaller, RememberedCallers
from tests.realtime.conftest import make_poll, make_seat

COOKIE = (b"cookie", b"sessionid=abc")
ACCEPT = (b"accept", b"application/json")


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


class Watched(OrderedDict):
    """Notes which seats are taken out, and fails who walks all of them."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.touched: list[bytes] = []

    def pop(self, key: bytes, *default: Any) -> Any:
        self.touched.append(key)
        return super().pop(key, *default)

    def __iter__(self) -> Any:
        pytest.fail("All seats were walked.")

    items = keys = values = __iter__


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def remembered_callers(clock: Clock) -> RememberedCallers:
    return RememberedCallers(60, clock=clock)


def scope(**changes: Any) -> dict[str, Any]:
    """Return the scope of a poll."""
    return {
        "method": "GET",
        "path": "/ocs/v2.php/apps/spreed/api/v1/chat/abc",
        "root_path": "",
        "scheme": "http",
        "client": ("192.0.2.1", 50_000),
        "query_string": b"lookIntoFuture=1&lastKnownMessageId=7&timeout=30",
        "headers": [COOKIE, ACCEPT],
        **changes,
    }


def key(remembered_callers: RememberedCallers, **changes: Any) -> bytes:
    asked = remembered_callers.key_of(scope(**changes))
    assert asked is not None
    return asked[0]


def sit(
    remembered_callers: RememberedCallers, name: bytes = b"key", **poll: Any
) -> RememberedCaller:
    """Have somebody admitted just now."""
    remembered = make_seat(make_poll(**poll))
    remembered_callers.keep(name, remembered, since=remembered_callers.moment)
    return remembered


class TestKey:
    """What makes two requests the same caller's."""

    def test_the_numbers_of_the_poll_are_told_apart_from_it(
        self, remembered_callers
    ) -> None:
        _, numbers = remembered_callers.key_of(scope())
        assert numbers == {"lastKnownMessageId": 7, "timeout": 30}

    def test_other_numbers_are_the_same_caller(self, remembered_callers) -> None:
        query = b"lookIntoFuture=1&timeout=20&lastKnownMessageId=8&limit=5"
        assert key(remembered_callers, query_string=query) == key(remembered_callers)

    def test_the_last_of_two_values_counts(self, remembered_callers) -> None:
        query = b"lookIntoFuture=1&timeout=20&timeout=40"
        _, numbers = remembered_callers.key_of(scope(query_string=query))
        assert numbers == {"timeout": 40}

    @pytest.mark.parametrize(
        "changes",
        [
            {"path": "/ocs/v2.php/apps/spreed/api/v1/chat/abd"},
            {"path": "/ocs/v1.php/apps/spreed/api/v1/chat/abc"},
            {"root_path": "/site"},
            {"scheme": "https"},
            {"client": ("192.0.2.2", 50_000)},
            {"query_string": b"lookIntoFuture=1&format=xml"},
            {"headers": [(b"cookie", b"sessionid=abd"), ACCEPT]},
            {"headers": [COOKIE, ACCEPT, (b"accept-language", b"de")]},
            {"headers": [COOKIE, (b"accept", b"application/xml")]},
            {"headers": [COOKIE, ACCEPT, (b"x-tenant", b"other")]},
            {"headers": [COOKIE, ACCEPT, (b"authorization", b"Basic eA==")]},
        ],
    )
    def test_whatever_the_site_may_look_at_makes_another_caller(
        self, remembered_callers, changes
    ) -> None:
        assert key(remembered_callers, **changes) != key(remembered_callers)

    def test_headers_cannot_be_mistaken_for_others(self, remembered_callers) -> None:
        one = [COOKIE, (b"a", b"1b"), (b"c", b"2")]
        other = [COOKIE, (b"a", b"1"), (b"bc", b"2")]
        assert key(remembered_callers, headers=one) != key(
            remembered_callers, headers=other
        )

    @pytest.mark.parametrize("name", [b"x-request-id", b"traceparent"])
    def test_what_is_made_up_for_each_request_does_not(
        self, remembered_callers, name
    ) -> None:
        headers = [COOKIE, ACCEPT, (name, b"4711")]
        assert key(remembered_callers, headers=headers) == key(remembered_callers)

    def test_another_port_of_the_client_does_not(self, remembered_callers) -> None:
        assert key(remembered_callers, client=("192.0.2.1", 50_001)) == key(
            remembered_callers
        )

    @pytest.mark.parametrize(
        "changes",
        [
            {"headers": [ACCEPT]},
            {"headers": [COOKIE, (b"content-length", b"5")]},
            {"headers": [COOKIE, (b"transfer-encoding", b"chunked")]},
            {"query_string": b"lookIntoFuture=1&timeout=0"},
            {"query_string": b"lookIntoFuture=1&timeout=abc"},
            {"query_string": b"lookIntoFuture=1&timeout=+5"},
            {"query_string": b"lookIntoFuture=1&time%6Fut=5"},
            {"query_string": b"lookIntoFuture=1&lastKnownMessageId[]=5"},
            {"query_string": b"lookIntoFuture=1&limit=" + b"9" * 19},
        ],
        ids=str,
    )
    def test_some_requests_are_always_admitted_anew(
        self, remembered_callers, changes
    ) -> None:
        assert remembered_callers.key_of(scope(**changes)) is None

    def test_a_site_may_remember_nobody(self) -> None:
        assert RememberedCallers(0).key_of(scope()) is None

    def test_no_key_tells_what_it_was_made_of(self, remembered_callers) -> None:
        headers = [(b"authorization", b"Basic c2VjcmV0")]
        assert key(remembered_callers, headers=headers) != key(
            RememberedCallers(60), headers=headers
        )


class TestMemory:
    """Who is remembered."""

    def test_who_was_admitted_is_remembered(self, remembered_callers) -> None:
        remembered = sit(remembered_callers)
        assert remembered_callers.recall(b"key") is remembered

    def test_others_are_not(self, remembered_callers) -> None:
        sit(remembered_callers)
        assert remembered_callers.recall(b"other") is None

    def test_only_for_a_while(self, remembered_callers, clock) -> None:
        sit(remembered_callers)
        clock.now += 60
        assert remembered_callers.recall(b"key") is None
        assert len(remembered_callers) == 0

    def test_coming_back_makes_it_no_longer(self, remembered_callers, clock) -> None:
        sit(remembered_callers)
        clock.now += 59
        assert remembered_callers.recall(b"key") is not None
        clock.now += 1
        assert remembered_callers.recall(b"key") is None

    def test_only_so_many(self, remembered_callers, monkeypatch) -> None:
        monkeypatch.setattr(seats_module, "SEATS_MAX", 2)
        sit(remembered_callers, b"1")
        sit(remembered_callers, b"2")
        remembered_callers.recall(b"1")
        sit(remembered_callers, b"3")
        assert [
            remembered_callers.recall(name) is None for name in (b"1", b"2", b"3")
        ] == [
            False,
            True,
            False,
        ]

    def test_those_who_stay_away_are_forgotten(self, remembered_callers, clock) -> None:
        sit(remembered_callers)
        clock.now += 60
        remembered_callers.drop_expired()
        assert len(remembered_callers) == 0

    def test_a_room_that_changes_is_forgotten(self, remembered_callers) -> None:
        sit(remembered_callers, b"1", room_id=1)
        sit(remembered_callers, b"2", room_id=2)
        remembered_callers.drop_room(1)
        assert remembered_callers.recall(b"1") is None
        assert remembered_callers.recall(b"2") is not None

    def test_an_account_that_changes_is_forgotten_in_all_rooms(
        self, remembered_callers
    ) -> None:
        sit(remembered_callers, b"1", room_id=1, account="5")
        sit(remembered_callers, b"2", room_id=2, account="5")
        sit(remembered_callers, b"3", room_id=2, account="6")
        remembered_callers.drop_account("5")
        assert [
            remembered_callers.recall(name) is None for name in (b"1", b"2", b"3")
        ] == [
            True,
            True,
            False,
        ]

    def test_participants_that_are_gone_are_forgotten_on_all_devices(
        self, remembered_callers
    ) -> None:
        sit(remembered_callers, b"1", participant_pk=1, session_pks=(7,))
        sit(remembered_callers, b"2", participant_pk=1, session_pks=(8,))
        sit(remembered_callers, b"3", participant_pk=2)
        sit(remembered_callers, b"4", participant_pk=3)
        remembered_callers.drop_participants({1, 2, 9})
        names = (b"1", b"2", b"3", b"4")
        assert [remembered_callers.recall(name) is None for name in names] == [
            True,
            True,
            True,
            False,
        ]

    @pytest.mark.parametrize(
        "drop",
        [
            lambda remembered_callers: remembered_callers.drop_participants({1}),
            lambda remembered_callers: remembered_callers.drop_room(1),
            lambda remembered_callers: remembered_callers.drop_account("1"),
        ],
    )
    def test_what_is_dropped_is_all_that_is_looked_at(
        self, remembered_callers, drop
    ) -> None:
        for number in range(50):
            changes = {"room_id": number, "account": str(number)}
            sit(remembered_callers, b"%d" % number, participant_pk=number, **changes)
        remembered_callers._seats = Watched(remembered_callers._seats)
        drop(remembered_callers)
        assert remembered_callers._seats.touched == [b"1"]
        assert len(remembered_callers) == 49

    def test_the_callers_of_rooms_and_their_sessions(self, remembered_callers) -> None:
        sit(remembered_callers, b"1", participant_pk=1, session_pks=(7,))
        sit(remembered_callers, b"2", participant_pk=1, session_pks=(8,))
        sit(remembered_callers, b"3", room_id=2, participant_pk=3)
        assert remembered_callers.callers([1]) == {1: {7, 8}}
        assert remembered_callers.callers([2, 1, 5]) == {1: {7, 8}, 3: set()}

    def test_the_rooms_that_callers_are_remembered_of(self, remembered_callers) -> None:
        sit(remembered_callers, b"1", participant_pk=1)
        sit(remembered_callers, b"2", room_id=2, participant_pk=3)
        sit(remembered_callers, b"3", room_id=3, participant_pk=4)
        remembered_callers.drop_room(3)
        assert set(remembered_callers.room_ids) == {1, 2}

    def test_nothing_is_left_of_those_who_are_forgotten(
        self, remembered_callers
    ) -> None:
        for number in range(10):
            changes = {"room_id": number, "account": str(number)}
            sit(remembered_callers, b"%d" % number, participant_pk=number, **changes)
        remembered_callers.drop_all()
        kept = (
            remembered_callers._seats,
            remembered_callers._by_room,
            remembered_callers._by_participant,
            remembered_callers._by_account,
        )
        assert [len(index) for index in kept] == [0, 0, 0, 0]


class TestDoubt:
    """Between a hint that somebody has gone and the answer who."""

    def test_all_of_the_room_are_admitted_anew(self, remembered_callers) -> None:
        sit(remembered_callers, b"1", room_id=1)
        sit(remembered_callers, b"2", room_id=2)
        remembered_callers.doubt(1)
        assert remembered_callers.recall(b"1") is None
        assert remembered_callers.recall(b"2") is not None

    def test_until_it_is_known(self, remembered_callers) -> None:
        remembered = sit(remembered_callers)
        moment = remembered_callers.doubt(1)
        remembered_callers.trust(1, moment)
        assert remembered_callers.recall(b"key") is remembered

    def test_or_until_they_were_admitted_anew(self, remembered_callers) -> None:
        sit(remembered_callers)
        remembered_callers.doubt(1)
        assert remembered_callers.recall(b"key") is None
        remembered = sit(remembered_callers)
        assert remembered_callers.recall(b"key") is remembered

    def test_a_second_doubt_outlasts_the_first(self, remembered_callers) -> None:
        sit(remembered_callers)
        first = remembered_callers.doubt(1)
        remembered_callers.doubt(1)
        remembered_callers.trust(1, first)
        assert remembered_callers.recall(b"key") is None

    def test_rooms_without_callers_are_not_doubted(self, remembered_callers) -> None:
        assert remembered_callers.doubt(1) is None
        assert remembered_callers._doubted == {}

    def test_a_doubt_that_nobody_ends_goes_with_the_last_caller(
        self, remembered_callers, clock
    ) -> None:
        sit(remembered_callers)
        remembered_callers.doubt(1)
        clock.now += 60
        remembered_callers.drop_expired()
        assert remembered_callers._doubted == {}


class TestChangesMeanwhile:
    """Something changes while somebody is being admitted, who may not have seen it."""

    @pytest.mark.parametrize(
        "change",
        [
            lambda remembered_callers: remembered_callers.drop_room(1),
            lambda remembered_callers: remembered_callers.drop_account("5"),
            lambda remembered_callers: remembered_callers.doubt(1),
            lambda remembered_callers: remembered_callers.drop_all(),
        ],
    )
    def test_they_are_not_remembered(self, remembered_callers, change) -> None:
        since = remembered_callers.moment
        change(remembered_callers)
        remembered_callers.keep(
            b"key", make_seat(make_poll(room_id=1, account="5")), since=since
        )
        assert remembered_callers.recall(b"key") is None

    def test_what_concerns_others_does_not_matter(self, remembered_callers) -> None:
        since = remembered_callers.moment
        remembered_callers.drop_room(2)
        remembered_callers.drop_account("6")
        remembered_callers.keep(
            b"key", make_seat(make_poll(room_id=1, account="5")), since=since
        )
        assert remembered_callers.recall(b"key") is not None

    def test_when_there_are_too_many_changes_nobody_is(
        self, remembered_callers, monkeypatch
    ) -> None:
        monkeypatch.setattr(seats_module, "CHANGES_MAX", 2)
        since = remembered_callers.moment
        for room_id in range(2, 6):
            remembered_callers.drop_room(room_id)
        remembered_callers.keep(b"key", make_seat(make_poll(room_id=1)), since=since)
        assert remembered_callers.recall(b"key") is None
