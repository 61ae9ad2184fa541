"""Remembered callers: which callers are remembered, and for how long."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import pytest

from talk.realtime import remembered_callers as module
from talk.realtime.remembered_callers import RememberedCaller, RememberedCallers
from tests.realtime.conftest import make_caller, make_poll


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


class Watched(OrderedDict):
    """Notes which callers are removed, and fails when all are visited."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.touched: list[bytes] = []

    def pop(self, key: bytes, *default: Any) -> Any:
        self.touched.append(key)
        return super().pop(key, *default)

    def __iter__(self) -> Any:
        pytest.fail("All callers were visited.")

    items = keys = values = __iter__


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def remembered_callers(clock: Clock) -> RememberedCallers:
    return RememberedCallers(60, clock=clock)


def keep(
    remembered_callers: RememberedCallers, name: bytes = b"key", **poll: Any
) -> RememberedCaller:
    """Remember a caller who is admitted just now."""
    remembered = make_caller(make_poll(**poll))
    remembered_callers.keep(name, remembered, since=remembered_callers.change_count)
    return remembered


class TestMemory:
    """Which callers are remembered."""

    def test_a_site_may_remember_no_callers(self) -> None:
        remembered_callers = RememberedCallers(0)
        keep(remembered_callers)
        assert remembered_callers.find(b"key") is None
        assert len(remembered_callers) == 0

    def test_an_admitted_caller_is_remembered(self, remembered_callers) -> None:
        remembered = keep(remembered_callers)
        assert remembered_callers.find(b"key") is remembered

    def test_a_caller_with_another_key_is_not_found(self, remembered_callers) -> None:
        keep(remembered_callers)
        assert remembered_callers.find(b"other") is None

    def test_a_caller_is_remembered_for_the_configured_time(
        self, remembered_callers, clock
    ) -> None:
        keep(remembered_callers)
        clock.now += 60
        assert remembered_callers.find(b"key") is None
        assert len(remembered_callers) == 0

    def test_another_request_does_not_prolong_that_time(
        self, remembered_callers, clock
    ) -> None:
        keep(remembered_callers)
        clock.now += 59
        assert remembered_callers.find(b"key") is not None
        clock.now += 1
        assert remembered_callers.find(b"key") is None

    def test_the_caller_who_was_found_longest_ago_is_dropped_beyond_the_maximum(
        self, remembered_callers, monkeypatch
    ) -> None:
        monkeypatch.setattr(module, "CALLERS_MAX", 2)
        keep(remembered_callers, b"1")
        keep(remembered_callers, b"2")
        remembered_callers.find(b"1")
        keep(remembered_callers, b"3")
        assert [
            remembered_callers.find(name) is None for name in (b"1", b"2", b"3")
        ] == [
            False,
            True,
            False,
        ]

    def test_expired_callers_are_dropped(self, remembered_callers, clock) -> None:
        keep(remembered_callers)
        clock.now += 60
        remembered_callers.drop_expired()
        assert len(remembered_callers) == 0

    def test_the_callers_of_a_changed_room_are_forgotten(
        self, remembered_callers
    ) -> None:
        keep(remembered_callers, b"1", room_id=1)
        keep(remembered_callers, b"2", room_id=2)
        remembered_callers.drop_room(1)
        assert remembered_callers.find(b"1") is None
        assert remembered_callers.find(b"2") is not None

    def test_the_callers_with_a_changed_account_are_forgotten_in_all_rooms(
        self, remembered_callers
    ) -> None:
        keep(remembered_callers, b"1", room_id=1, account="5")
        keep(remembered_callers, b"2", room_id=2, account="5")
        keep(remembered_callers, b"3", room_id=2, account="6")
        remembered_callers.drop_account("5")
        assert [
            remembered_callers.find(name) is None for name in (b"1", b"2", b"3")
        ] == [
            True,
            True,
            False,
        ]

    def test_removed_participants_are_forgotten_on_all_devices(
        self, remembered_callers
    ) -> None:
        keep(remembered_callers, b"1", participant_pk=1, session_pks=(7,))
        keep(remembered_callers, b"2", participant_pk=1, session_pks=(8,))
        keep(remembered_callers, b"3", participant_pk=2)
        keep(remembered_callers, b"4", participant_pk=3)
        remembered_callers.drop_participants({1, 2, 9})
        names = (b"1", b"2", b"3", b"4")
        assert [remembered_callers.find(name) is None for name in names] == [
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
    def test_dropping_callers_does_not_visit_the_others(
        self, remembered_callers, drop
    ) -> None:
        for number in range(50):
            changes = {"room_id": number, "account": str(number)}
            keep(remembered_callers, b"%d" % number, participant_pk=number, **changes)
        remembered_callers._callers = Watched(remembered_callers._callers)
        drop(remembered_callers)
        assert remembered_callers._callers.touched == [b"1"]
        assert len(remembered_callers) == 49

    def test_sessions_are_returned_by_participant(self, remembered_callers) -> None:
        keep(remembered_callers, b"1", participant_pk=1, session_pks=(7,))
        keep(remembered_callers, b"2", participant_pk=1, session_pks=(8,))
        keep(remembered_callers, b"3", room_id=2, participant_pk=3)
        assert remembered_callers.sessions_by_participant([1]) == {1: {7, 8}}
        assert remembered_callers.sessions_by_participant([2, 1, 5]) == {
            1: {7, 8},
            3: set(),
        }

    def test_the_rooms_of_all_callers_are_returned(self, remembered_callers) -> None:
        keep(remembered_callers, b"1", participant_pk=1)
        keep(remembered_callers, b"2", room_id=2, participant_pk=3)
        keep(remembered_callers, b"3", room_id=3, participant_pk=4)
        remembered_callers.drop_room(3)
        assert set(remembered_callers.room_ids) == {1, 2}

    def test_no_index_keeps_a_forgotten_caller(self, remembered_callers) -> None:
        for number in range(10):
            changes = {"room_id": number, "account": str(number)}
            keep(remembered_callers, b"%d" % number, participant_pk=number, **changes)
        remembered_callers.drop_all()
        kept = (
            remembered_callers._callers,
            remembered_callers._by_room,
            remembered_callers._by_participant,
            remembered_callers._by_account,
        )
        assert [len(index) for index in kept] == [0, 0, 0, 0]


class TestSuspension:
    """The time between a departure hint and the check of the room's callers."""

    def test_callers_of_a_suspended_room_are_admitted_again(
        self, remembered_callers
    ) -> None:
        keep(remembered_callers, b"1", room_id=1)
        keep(remembered_callers, b"2", room_id=2)
        remembered_callers.suspend_room(1)
        assert remembered_callers.find(b"1") is None
        assert remembered_callers.find(b"2") is not None

    def test_callers_are_remembered_again_after_the_suspension(
        self, remembered_callers
    ) -> None:
        remembered = keep(remembered_callers)
        suspended_at = remembered_callers.suspend_room(1)
        remembered_callers.resume_room(1, suspended_at)
        assert remembered_callers.find(b"key") is remembered

    def test_a_caller_admitted_during_the_suspension_is_remembered(
        self, remembered_callers
    ) -> None:
        keep(remembered_callers)
        remembered_callers.suspend_room(1)
        assert remembered_callers.find(b"key") is None
        remembered = keep(remembered_callers)
        assert remembered_callers.find(b"key") is remembered

    def test_a_second_suspension_outlasts_the_first(self, remembered_callers) -> None:
        keep(remembered_callers)
        first = remembered_callers.suspend_room(1)
        remembered_callers.suspend_room(1)
        remembered_callers.resume_room(1, first)
        assert remembered_callers.find(b"key") is None

    def test_rooms_without_callers_are_not_suspended(self, remembered_callers) -> None:
        assert remembered_callers.suspend_room(1) is None
        assert remembered_callers._suspended == {}

    def test_a_suspension_ends_with_the_last_caller(
        self, remembered_callers, clock
    ) -> None:
        keep(remembered_callers)
        remembered_callers.suspend_room(1)
        clock.now += 60
        remembered_callers.drop_expired()
        assert remembered_callers._suspended == {}


class TestChangesMeanwhile:
    """Changes during an admission, which may not have seen them."""

    @pytest.mark.parametrize(
        "change",
        [
            lambda remembered_callers: remembered_callers.drop_room(1),
            lambda remembered_callers: remembered_callers.drop_account("5"),
            lambda remembered_callers: remembered_callers.suspend_room(1),
            lambda remembered_callers: remembered_callers.drop_all(),
        ],
    )
    def test_a_caller_whose_room_or_account_changed_is_not_remembered(
        self, remembered_callers, change
    ) -> None:
        since = remembered_callers.change_count
        change(remembered_callers)
        remembered_callers.keep(
            b"key", make_caller(make_poll(room_id=1, account="5")), since=since
        )
        assert remembered_callers.find(b"key") is None

    def test_changes_of_other_rooms_and_accounts_do_not_matter(
        self, remembered_callers
    ) -> None:
        since = remembered_callers.change_count
        remembered_callers.drop_room(2)
        remembered_callers.drop_account("6")
        remembered_callers.keep(
            b"key", make_caller(make_poll(room_id=1, account="5")), since=since
        )
        assert remembered_callers.find(b"key") is not None

    def test_nobody_is_remembered_after_too_many_changes(
        self, remembered_callers, monkeypatch
    ) -> None:
        monkeypatch.setattr(module, "CHANGES_MAX", 2)
        since = remembered_callers.change_count
        for room_id in range(2, 6):
            remembered_callers.drop_room(room_id)
        remembered_callers.keep(b"key", make_caller(make_poll(room_id=1)), since=since)
        assert remembered_callers.find(b"key") is None
