"""Seats: who is remembered, by what, and for how long."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import pytest

from talk.realtime import seats as seats_module
from talk.realtime.seats import Seat, Seats
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
def seats(clock: Clock) -> Seats:
    return Seats(60, clock=clock)


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


def key(seats: Seats, **changes: Any) -> bytes:
    asked = seats.key_of(scope(**changes))
    assert asked is not None
    return asked[0]


def sit(seats: Seats, name: bytes = b"key", **poll: Any) -> Seat:
    """Have somebody admitted just now."""
    seat = make_seat(make_poll(**poll))
    seats.keep(name, seat, since=seats.moment)
    return seat


class TestKey:
    """What makes two requests the same caller's."""

    def test_the_numbers_of_the_poll_are_told_apart_from_it(self, seats) -> None:
        _, numbers = seats.key_of(scope())
        assert numbers == {"lastKnownMessageId": 7, "timeout": 30}

    def test_other_numbers_are_the_same_caller(self, seats) -> None:
        query = b"lookIntoFuture=1&timeout=20&lastKnownMessageId=8&limit=5"
        assert key(seats, query_string=query) == key(seats)

    def test_the_last_of_two_values_counts(self, seats) -> None:
        query = b"lookIntoFuture=1&timeout=20&timeout=40"
        _, numbers = seats.key_of(scope(query_string=query))
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
        self, seats, changes
    ) -> None:
        assert key(seats, **changes) != key(seats)

    def test_headers_cannot_be_mistaken_for_others(self, seats) -> None:
        one = [COOKIE, (b"a", b"1b"), (b"c", b"2")]
        other = [COOKIE, (b"a", b"1"), (b"bc", b"2")]
        assert key(seats, headers=one) != key(seats, headers=other)

    @pytest.mark.parametrize("name", [b"x-request-id", b"traceparent"])
    def test_what_is_made_up_for_each_request_does_not(self, seats, name) -> None:
        headers = [COOKIE, ACCEPT, (name, b"4711")]
        assert key(seats, headers=headers) == key(seats)

    def test_another_port_of_the_client_does_not(self, seats) -> None:
        assert key(seats, client=("192.0.2.1", 50_001)) == key(seats)

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
    def test_some_requests_are_always_admitted_anew(self, seats, changes) -> None:
        assert seats.key_of(scope(**changes)) is None

    def test_a_site_may_remember_nobody(self) -> None:
        assert Seats(0).key_of(scope()) is None

    def test_no_key_tells_what_it_was_made_of(self, seats) -> None:
        headers = [(b"authorization", b"Basic c2VjcmV0")]
        assert key(seats, headers=headers) != key(Seats(60), headers=headers)


class TestMemory:
    """Who is remembered."""

    def test_who_was_admitted_is_remembered(self, seats) -> None:
        seat = sit(seats)
        assert seats.recall(b"key") is seat

    def test_others_are_not(self, seats) -> None:
        sit(seats)
        assert seats.recall(b"other") is None

    def test_only_for_a_while(self, seats, clock) -> None:
        sit(seats)
        clock.now += 60
        assert seats.recall(b"key") is None
        assert len(seats) == 0

    def test_coming_back_makes_it_no_longer(self, seats, clock) -> None:
        sit(seats)
        clock.now += 59
        assert seats.recall(b"key") is not None
        clock.now += 1
        assert seats.recall(b"key") is None

    def test_only_so_many(self, seats, monkeypatch) -> None:
        monkeypatch.setattr(seats_module, "SEATS_MAX", 2)
        sit(seats, b"1")
        sit(seats, b"2")
        seats.recall(b"1")
        sit(seats, b"3")
        assert [seats.recall(name) is None for name in (b"1", b"2", b"3")] == [
            False,
            True,
            False,
        ]

    def test_those_who_stay_away_are_forgotten(self, seats, clock) -> None:
        sit(seats)
        clock.now += 60
        seats.drop_expired()
        assert len(seats) == 0

    def test_a_room_that_changes_is_forgotten(self, seats) -> None:
        sit(seats, b"1", room_id=1)
        sit(seats, b"2", room_id=2)
        seats.drop_room(1)
        assert seats.recall(b"1") is None
        assert seats.recall(b"2") is not None

    def test_an_account_that_changes_is_forgotten_in_all_rooms(self, seats) -> None:
        sit(seats, b"1", room_id=1, account="5")
        sit(seats, b"2", room_id=2, account="5")
        sit(seats, b"3", room_id=2, account="6")
        seats.drop_account("5")
        assert [seats.recall(name) is None for name in (b"1", b"2", b"3")] == [
            True,
            True,
            False,
        ]

    def test_participants_that_are_gone_are_forgotten_on_all_devices(
        self, seats
    ) -> None:
        sit(seats, b"1", participant_pk=1, session_pks=(7,))
        sit(seats, b"2", participant_pk=1, session_pks=(8,))
        sit(seats, b"3", participant_pk=2)
        sit(seats, b"4", participant_pk=3)
        seats.drop_participants({1, 2, 9})
        names = (b"1", b"2", b"3", b"4")
        assert [seats.recall(name) is None for name in names] == [
            True,
            True,
            True,
            False,
        ]

    @pytest.mark.parametrize(
        "drop",
        [
            lambda seats: seats.drop_participants({1}),
            lambda seats: seats.drop_room(1),
            lambda seats: seats.drop_account("1"),
        ],
    )
    def test_what_is_dropped_is_all_that_is_looked_at(self, seats, drop) -> None:
        for number in range(50):
            changes = {"room_id": number, "account": str(number)}
            sit(seats, b"%d" % number, participant_pk=number, **changes)
        seats._seats = Watched(seats._seats)
        drop(seats)
        assert seats._seats.touched == [b"1"]
        assert len(seats) == 49

    def test_the_callers_of_rooms_and_their_sessions(self, seats) -> None:
        sit(seats, b"1", participant_pk=1, session_pks=(7,))
        sit(seats, b"2", participant_pk=1, session_pks=(8,))
        sit(seats, b"3", room_id=2, participant_pk=3)
        assert seats.callers([1]) == {1: {7, 8}}
        assert seats.callers([2, 1, 5]) == {1: {7, 8}, 3: set()}

    def test_the_rooms_that_callers_are_remembered_of(self, seats) -> None:
        sit(seats, b"1", participant_pk=1)
        sit(seats, b"2", room_id=2, participant_pk=3)
        sit(seats, b"3", room_id=3, participant_pk=4)
        seats.drop_room(3)
        assert set(seats.room_ids) == {1, 2}

    def test_nothing_is_left_of_those_who_are_forgotten(self, seats) -> None:
        for number in range(10):
            changes = {"room_id": number, "account": str(number)}
            sit(seats, b"%d" % number, participant_pk=number, **changes)
        seats.drop_all()
        kept = (seats._seats, seats._by_room, seats._by_participant, seats._by_account)
        assert [len(index) for index in kept] == [0, 0, 0, 0]


class TestDoubt:
    """Between a hint that somebody has gone and the answer who."""

    def test_all_of_the_room_are_admitted_anew(self, seats) -> None:
        sit(seats, b"1", room_id=1)
        sit(seats, b"2", room_id=2)
        seats.doubt(1)
        assert seats.recall(b"1") is None
        assert seats.recall(b"2") is not None

    def test_until_it_is_known(self, seats) -> None:
        seat = sit(seats)
        moment = seats.doubt(1)
        seats.trust(1, moment)
        assert seats.recall(b"key") is seat

    def test_or_until_they_were_admitted_anew(self, seats) -> None:
        sit(seats)
        seats.doubt(1)
        assert seats.recall(b"key") is None
        seat = sit(seats)
        assert seats.recall(b"key") is seat

    def test_a_second_doubt_outlasts_the_first(self, seats) -> None:
        sit(seats)
        first = seats.doubt(1)
        seats.doubt(1)
        seats.trust(1, first)
        assert seats.recall(b"key") is None

    def test_rooms_without_callers_are_not_doubted(self, seats) -> None:
        assert seats.doubt(1) is None
        assert seats._doubted == {}

    def test_a_doubt_that_nobody_ends_goes_with_the_last_caller(
        self, seats, clock
    ) -> None:
        sit(seats)
        seats.doubt(1)
        clock.now += 60
        seats.drop_expired()
        assert seats._doubted == {}


class TestChangesMeanwhile:
    """Something changes while somebody is being admitted, who may not have seen it."""

    @pytest.mark.parametrize(
        "change",
        [
            lambda seats: seats.drop_room(1),
            lambda seats: seats.drop_account("5"),
            lambda seats: seats.doubt(1),
            lambda seats: seats.drop_all(),
        ],
    )
    def test_they_are_not_remembered(self, seats, change) -> None:
        since = seats.moment
        change(seats)
        seats.keep(b"key", make_seat(make_poll(room_id=1, account="5")), since=since)
        assert seats.recall(b"key") is None

    def test_what_concerns_others_does_not_matter(self, seats) -> None:
        since = seats.moment
        seats.drop_room(2)
        seats.drop_account("6")
        seats.keep(b"key", make_seat(make_poll(room_id=1, account="5")), since=since)
        assert seats.recall(b"key") is not None

    def test_when_there_are_too_many_changes_nobody_is(
        self, seats, monkeypatch
    ) -> None:
        monkeypatch.setattr(seats_module, "CHANGES_MAX", 2)
        since = seats.moment
        for room_id in range(2, 6):
            seats.drop_room(room_id)
        seats.keep(b"key", make_seat(make_poll(room_id=1)), since=since)
        assert seats.recall(b"key") is None
