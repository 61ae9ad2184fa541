"""Jitter of sleeps and of timeouts."""

from __future__ import annotations

import pytest

from talk.realtime import jitter


@pytest.mark.parametrize("timeout", [0, 1, 30, 60])
def test_a_poll_ends_a_little_before_its_timeout(timeout: int) -> None:
    for _ in range(200):
        waits = jitter.jittered_timeout(timeout)
        assert (
            timeout * (1 - jitter.EARLY_MAX)
            <= waits
            <= timeout * (1 - jitter.EARLY_MIN)
        )


def test_the_longest_poll_ends_a_second_before_the_timeout_of_proxies() -> None:
    assert max(jitter.jittered_timeout(60) for _ in range(200)) <= 59


def test_polls_that_begin_together_do_not_end_together() -> None:
    assert len({jitter.jittered_timeout(30) for _ in range(20)}) > 1


@pytest.mark.asyncio
async def test_a_sleep_is_never_longer_than_requested(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slept: list[float] = []

    async def note(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(jitter.asyncio, "sleep", note)
    for _ in range(100):
        await jitter.jittered_sleep(10)

    assert all(10 * (1 - jitter.JITTER) <= seconds <= 10 for seconds in slept)
