"""Listening to the signals that sites may connect to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.dispatch import Signal

from talk.models import Room

News = dict[str, Any]


@contextmanager
def hearing(signal: Signal) -> Iterator[list[News]]:
    """Collect the arguments of a signal."""
    heard: list[News] = []

    def receive(**arguments: Any) -> None:
        assert arguments.pop("signal") is signal
        assert arguments.pop("sender") is Room
        heard.append(arguments)

    signal.connect(receive)
    try:
        yield heard
    finally:
        signal.disconnect(receive)


Told = Callable[[Signal, Callable[[], Any]], list[News]]


def teller(capture: Any) -> Told:
    """Return a function that runs an action and returns the arguments of a signal.

    It checks that the signal is not sent before the commit. `capture` is the fixture
    that collects the callbacks of the commit.
    """

    def run(signal: Signal, action: Callable[[], Any]) -> list[News]:
        with hearing(signal) as heard:
            with capture() as callbacks:
                action()
                assert heard == []
            for callback in callbacks:
                callback()
        return heard

    return run
