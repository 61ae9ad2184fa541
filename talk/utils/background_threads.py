"""Threads that work off the requests' own, until the process ends."""

from __future__ import annotations

import os
import threading


class BackgroundThreads:
    """The common part of queues that daemon threads of their own empty.

    Threads start when there is work. A forked child has none of its parent's threads,
    so it starts afresh, with an empty queue. A subclass keeps the queue, under
    `self._lock`, and a flag, `self._is_idle`, that is set while nothing is queued and
    nothing is being worked on.
    """

    def __init__(self, *, name: str) -> None:
        self._name = name
        self._reset()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._reset)

    def _reset(self) -> None:
        """Start without threads and without work; a subclass resets its queue too."""
        self._lock = threading.Lock()
        self._thread_count = 0
        self._is_idle = threading.Event()
        self._is_idle.set()

    def flush(self, seconds: float) -> bool:
        """Wait until all work is done or given up; return False when time is up."""
        return self._is_idle.wait(seconds)

    def _start_thread(self) -> None:
        """Start one more thread; the caller holds the lock."""
        self._thread_count += 1
        name = f"{self._name}-{self._thread_count}"
        threading.Thread(target=self._work, name=name, daemon=True).start()

    def _work(self) -> None:
        """Do work for ever; the target of each thread."""
        raise NotImplementedError
