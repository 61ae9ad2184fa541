"""Log lines about a trouble that lasts."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from talk.utils.rate_limited_log import RateLimitedLog

logger = logging.getLogger("talk.tests")


class Clock:
    """A clock that tests set."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def log(clock: Clock) -> RateLimitedLog:
    return RateLimitedLog(logger, clock=clock)


def test_it_logs_once_a_minute(log: RateLimitedLog, clock: Clock, caplog: Any) -> None:
    counts = []
    for clock.now in (0, 0, 59.9, 60, 61, 119.9, 120):
        log.log(logging.ERROR, "no answer")
        counts.append(len(caplog.records))
    assert counts == [1, 1, 1, 2, 2, 2, 3]


def test_the_interval_is_a_parameter(clock: Clock, caplog: Any) -> None:
    log = RateLimitedLog(logger, seconds=5, clock=clock)
    for clock.now in (0, 4.9, 5):
        log.log(logging.ERROR, "no answer")
    assert len(caplog.records) == 2


def test_it_logs_level_message_arguments_and_error(
    log: RateLimitedLog, caplog: Any
) -> None:
    error = ConnectionError("refused")
    log.log(logging.ERROR, "no answer from %r", "cache", error=error)
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.getMessage() == "no answer from 'cache'"
    assert record.exc_info[1] is error


def test_a_record_names_the_caller(log: RateLimitedLog, caplog: Any) -> None:
    log.log(logging.WARNING, "no answer")
    assert caplog.records[0].funcName == "test_a_record_names_the_caller"


def test_after_a_reset_it_logs_at_once(log: RateLimitedLog, caplog: Any) -> None:
    log.log(logging.WARNING, "first")
    log.reset()
    log.log(logging.WARNING, "second")
    assert caplog.messages == ["first", "second"]


def test_two_logs_do_not_share_their_interval(clock: Clock, caplog: Any) -> None:
    for _ in range(2):
        RateLimitedLog(logger, clock=clock).log(logging.WARNING, "no answer")
    assert len(caplog.records) == 2
