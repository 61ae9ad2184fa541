"""Work that several callers want at once, done by one of them.

`SingleFlight` is for the coroutines of one event loop, which share one task and its
result. `ThreadSingleFlight` is for threads, which take turns and share nothing: each
finds out by itself whether the first one did its work too.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Hashable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class SingleFlight(Generic[K, T]):
    """Runs at most one task for each key at a time."""

    def __init__(self) -> None:
        self._tasks: dict[K, asyncio.Task[T]] = {}

    def task(self, key: K) -> asyncio.Task[T] | None:
        """Return the task that runs for a key, None if there is none."""
        return self._tasks.get(key)

    def start(
        self, key: K, work: Callable[[], Coroutine[Any, Any, T]]
    ) -> asyncio.Task[T]:
        """Return the task that runs for a key; start `work` as one if there is none.

        Callers who may be cancelled have to shield it, because others share it.
        """
        task = self._tasks.get(key)
        if task is None or task.done():
            task = asyncio.get_running_loop().create_task(self._run(key, work))
            self._tasks[key] = task
        return task

    async def run(self, key: K, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Return the result of the task of `start`, which outlives its callers."""
        return await asyncio.shield(self.start(key, work))

    async def _run(self, key: K, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        try:
            return await work()
        finally:
            # Not in a callback, which runs later: a caller after the last step of `work`
            # needs a new task, not the result of this one.
            del self._tasks[key]


class ThreadSingleFlight(Generic[K]):
    """Lets one thread for each key work while others wait for it."""

    def __init__(self) -> None:
        self._finished: dict[K, threading.Event] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._finished)

    @contextmanager
    def lead(self, key: K, *, timeout: float) -> Iterator[bool]:
        """Yield True to the first thread with a key, at once.

        Yield False to others when the first has left the block, or after `timeout`
        seconds. They then work side by side.
        """
        with self._lock:
            leader = self._finished.get(key)
            own = self._finished.setdefault(key, threading.Event())
        if leader is not None:
            leader.wait(timeout)
            yield False
            return
        try:
            yield True
        finally:
            with self._lock:
                del self._finished[key]
            own.set()
