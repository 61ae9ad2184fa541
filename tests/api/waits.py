"""Polls that wait as in a worker, by a clock that only their own pauses move."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.http import HttpResponseBase
from django.test import override_settings

from talk.api.polls.base import Poll
from talk.api.urls import routes
from talk.realtime.fallback import wait_in_worker


class Pauses:
    """The clock, and what happens in the first pause."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.action: Callable[[], Any] | None = None

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        action, self.action = self.action, None
        if action is not None:
            action()


pauses = Pauses()


def wait(poll: Poll) -> HttpResponseBase:
    """Wait without the passing of time."""
    return wait_in_worker(poll, clock=pauses.clock, sleep=pauses.sleep)


urlpatterns = routes(wait=wait)
"""The API with such waits; see `while_waiting`."""


@contextmanager
def while_waiting(action: Callable[[], Any]) -> Iterator[None]:
    """Let something happen during the wait of the next poll that waits."""
    pauses.action = action
    with override_settings(ROOT_URLCONF=__name__):
        yield
    assert pauses.action is None, "Nobody has waited."
