"""Tasks of an event loop that log their errors and can be cancelled together."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from talk.realtime.jitter import jittered_sleep

logger = logging.getLogger("talk.hub")

Work = Callable[[], Awaitable[None]]


class BackgroundTasks:
    """Holds the tasks that it starts until they end."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.tasks: set[asyncio.Task[None]] = set()
        """The tasks that have not ended."""

    def run(self, work: Work) -> None:
        """Run `work` once; an error is logged."""
        self._start(_log_errors(work))

    def run_forever(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine that handles its own errors."""
        self._start(coroutine)

    def repeat(self, seconds: float, work: Work) -> None:
        """Run `work` about every `seconds`; after an error, run it again next time."""
        self._start(_repeat(seconds, work))

    async def cancel(self) -> None:
        """Cancel all tasks and wait for their end."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    def _start(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(coroutine)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)


async def _repeat(seconds: float, work: Work) -> None:
    while True:
        await jittered_sleep(seconds)
        await _log_errors(work)


async def _log_errors(work: Work) -> None:
    try:
        await work()
    except Exception:
        logger.exception("The hub could not reach the database")
