"""Running things at the same moment in real threads, each with its own connection."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connections

from talk.exceptions import TalkError

TIMEOUT = 60
"""Only a test that hangs waits so long."""


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Start all calls at the same moment; return what each returned, or was refused with."""
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
