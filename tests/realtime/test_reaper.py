"""The reaper: which process cleans up, and when."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.core.cache import caches

from talk.conf import TalkSettings
from talk.domain.cleanup import CleanupCounts
from talk.models import Session
from talk.realtime import reaper
from talk.realtime.reaper import SHARE, reap
from tests.api.helpers import START, put_guest_in
from tests.caches import AWAY, MUTE
from tests.factories import RoomFactory

LOCMEM = "django.core.cache.backends.locmem.LocMemCache"
DUMMY = "django.core.cache.backends.dummy.DummyCache"


@pytest.fixture
def clock() -> Iterator[Any]:
    """A clock that stands still until a test moves it."""
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The times with which the reaper has cleaned up."""
    moments: list[Any] = []

    def clean_up(*, now: Any) -> CleanupCounts:
        moments.append(now)
        return CleanupCounts()

    monkeypatch.setattr(reaper, "clean_up", clean_up)
    return moments


def test_it_cleans_up_with_the_current_time(clock, runs) -> None:
    reap()
    assert runs == [START]


def test_a_second_run_within_the_interval_does_nothing(clock, runs) -> None:
    reap()
    clock.shift(TalkSettings().REAPER_SECONDS * SHARE - 1)
    reap()
    assert len(runs) == 1


def test_a_run_after_the_interval_cleans_up_again(clock, runs) -> None:
    reap()
    clock.shift(TalkSettings().REAPER_SECONDS)
    reap()
    assert len(runs) == 2


def test_the_interval_is_a_setting(clock, runs, settings) -> None:
    settings.TALK = {"REAPER_SECONDS": 1000}
    reap()
    clock.shift(700)
    reap()
    clock.shift(300)
    reap()
    assert len(runs) == 2


def test_a_run_that_is_too_early_does_not_prolong_the_interval(clock, runs) -> None:
    reap()
    clock.shift(20)
    reap()
    clock.shift(10)
    reap()
    assert len(runs) == 2


@pytest.mark.parametrize(("alias", "count"), [("default", 2), ("shared", 1)])
def test_processes_take_turns_through_the_cache_of_the_setting(
    runs, settings, alias, count
) -> None:
    settings.CACHES = {
        "default": {"BACKEND": DUMMY},
        "shared": {"BACKEND": LOCMEM, "LOCATION": "shared by the reapers"},
    }
    settings.TALK = {"CACHE": alias}
    caches["shared"].clear()
    reap()
    reap()
    assert len(runs) == count


def test_it_cleans_up_with_a_dummy_cache(runs, settings) -> None:
    settings.CACHES = {"default": {"BACKEND": DUMMY}}
    reap()
    assert len(runs) == 1


@pytest.mark.parametrize("caches", [AWAY, MUTE], ids=["raises", "hides errors"])
def test_it_cleans_up_while_the_cache_is_down(runs, settings, caches) -> None:
    settings.CACHES = caches
    reap()
    reap()
    assert len(runs) == 2


def test_it_logs_what_it_cleaned_up_at_debug(runs, caplog) -> None:
    with caplog.at_level(logging.DEBUG, logger="talk.reaper"):
        reap()
    (record,) = caplog.records
    assert record.levelno == logging.DEBUG
    assert str(CleanupCounts()) in record.getMessage()


@pytest.mark.django_db
def test_a_guest_without_pings_is_removed(clock) -> None:
    room = RoomFactory(object_type="blog.article", object_id="7")
    put_guest_in(room.token)
    clock.shift(100)
    reap()
    assert not Session.objects.exists()
    assert not room.participants.exists()
