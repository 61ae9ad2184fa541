"""Database work of waiting requests: few threads, with connections that last.

Django closes connections at the end of a request and keeps one thread a request;
Channels' own helper has one thread for the whole process. Here whole functions run in
a small pool whose threads keep their connections, replaced by age and when broken.
"""

from __future__ import annotations

import asyncio
import selectors
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

from django.db import Error, connections, reset_queries
from django.db.backends.base.base import BaseDatabaseWrapper

R = TypeVar("R")

IDLE_CHECK_SECONDS = 5.0
"""A connection unused for longer is tried before it is used again."""


class _Ages(threading.local):
    """When this thread opened its connections and used them last, by the clock."""

    opened = 0.0
    used = 0.0


class DatabaseThreads:
    """The pool of one process. Threads start when they are first needed."""

    def __init__(self, threads: int, max_age: float) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="talk-polls")
        self._max_age = max_age
        self._ages = _Ages()
        self._connections: set[BaseDatabaseWrapper] = set()
        self.queue_length = 0
        """Pieces of work under way or waiting for a thread."""

    async def run(self, work: Callable[[], R]) -> R:
        """Run `work` to its end, even when whoever asked for it has gone."""
        loop = asyncio.get_running_loop()
        context = copy_context()
        future = loop.run_in_executor(self._pool, context.run, self._run, work)
        self.queue_length += 1
        future.add_done_callback(self._finish)
        return await asyncio.shield(future)

    def close(self) -> None:
        """Wait for work under way, end the threads and close their connections."""
        self._pool.shutdown(wait=True)
        for connection in self._connections:
            # Each belonged to a thread that is no more.
            connection.inc_thread_sharing()
            connection.close()
        self._connections.clear()

    def _finish(self, _: asyncio.Future[R]) -> None:
        self.queue_length -= 1

    def _run(self, work: Callable[[], R]) -> R:
        self._prepare()
        try:
            return work()
        finally:
            self._ages.used = time.monotonic()
            self._put_away()

    def _put_away(self) -> None:
        """Keep connections for the next piece of work, but not those of a pool.

        Django's own pool (``"OPTIONS": {"pool": …}``) lends few to the whole process.
        """
        for connection in connections.all(initialized_only=True):
            if connection.settings_dict["OPTIONS"].get("pool"):
                connection.close()
            else:
                self._connections.add(connection)

    def _prepare(self) -> None:
        """Drop connections that are old or broken; Django opens new ones itself."""
        reset_queries()
        now = time.monotonic()
        is_old = now - self._ages.opened > self._max_age
        is_idle = now - self._ages.used > IDLE_CHECK_SECONDS
        if is_old:
            self._ages.opened = now
        for connection in connections.all(initialized_only=True):
            if connection.in_atomic_block:
                continue
            doubtful = is_idle or connection.errors_occurred or _has_spoken(connection)
            if is_old or (doubtful and not _is_usable(connection)):
                connection.close()


def _has_spoken(connection: BaseDatabaseWrapper) -> bool:
    """Whether the server has said something unasked, as it does when it stops.

    Every thread would otherwise fail once after a restart of the database. Looking at
    the socket costs no query; drivers that do not show it are not asked.
    """
    show = getattr(connection.connection, "fileno", None)
    if show is None:
        return False
    try:
        with connection.wrap_database_errors:
            socket = show()
    except Error:
        return True  # It is closed.
    with selectors.DefaultSelector() as selector:
        selector.register(socket, selectors.EVENT_READ)
        return bool(selector.select(timeout=0))


def _is_usable(connection: BaseDatabaseWrapper) -> bool:
    if connection.connection is None:
        return True
    if not connection.is_usable():
        return False
    connection.errors_occurred = False
    return True
