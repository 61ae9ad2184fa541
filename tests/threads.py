"""Calls at the same time in threads, each with its own database connection."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connections

from talk.exceptions import TalkError

TIMEOUT = 60
"""Only tests that hang wait for so long."""


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Start all calls at the same time; return their results or `TalkError`s."""
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        try:
            barrier.wait(TIMEOUT)
            return call()
        except TalkError as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))
