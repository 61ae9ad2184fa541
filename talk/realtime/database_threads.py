"""A small thread pool for database work, whose threads keep their connections.

Django uses a thread for each request and closes its connections at the end; Channels'
helper uses one thread for the whole process. Here whole functions run in a few threads,
whose connections are replaced when they are old or broken.
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
"""A connection that is unused for longer is checked before it is used again."""


class _Ages(threading.local):
    """When this thread opened its connections and last used them, by the monotonic clock."""

    opened = 0.0
    used = 0.0


class DatabaseThreads:
    """A pool of threads, which start when they are first needed."""

    def __init__(self, threads: int, max_age: float) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="talk-polls")
        self._max_age = max_age
        self._ages = _Ages()
        self._connections: set[BaseDatabaseWrapper] = set()
        self.queue_length = 0
        """Functions that run or wait for a thread."""

    async def run(self, work: Callable[[], R]) -> R:
        """Run `work` and return its result; it runs to its end even if this is cancelled."""
        loop = asyncio.get_running_loop()
        context = copy_context()
        future = loop.run_in_executor(self._pool, context.run, self._run, work)
        self.queue_length += 1
        future.add_done_callback(self._finish)
        return await asyncio.shield(future)

    def close(self) -> None:
        """Wait for the work that runs, end the threads and close their connections."""
        self._pool.shutdown(wait=True)
        for connection in self._connections:
            # Its thread has ended, so this one may close it.
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
            self._keep_connections()

    def _keep_connections(self) -> None:
        """Keep connections for the next function, but return those of Django's pool.

        That pool (``"OPTIONS": {"pool": …}``) has few for the whole process.
        """
        for connection in connections.all(initialized_only=True):
            if connection.settings_dict["OPTIONS"].get("pool"):
                connection.close()
            else:
                self._connections.add(connection)

    def _prepare(self) -> None:
        """Close connections that are old or broken; Django opens new ones by itself."""
        reset_queries()
        now = time.monotonic()
        is_old = now - self._ages.opened > self._max_age
        is_idle = now - self._ages.used > IDLE_CHECK_SECONDS
        if is_old:
            self._ages.opened = now
        for connection in connections.all(initialized_only=True):
            if connection.in_atomic_block:
                continue
            needs_check = (
                is_idle or connection.errors_occurred or _has_unread_data(connection)
            )
            if is_old or (needs_check and not _is_usable(connection)):
                connection.close()


def _has_unread_data(connection: BaseDatabaseWrapper) -> bool:
    """Whether the server has sent something without a query, as it does when it stops.

    Without this check, each thread would fail once after a restart of the database. It
    costs no query. Drivers that do not expose their socket are not checked.
    """
    fileno = getattr(connection.connection, "fileno", None)
    if fileno is None:
        return False
    try:
        with connection.wrap_database_errors:
            socket = fileno()
    except Error:
        return True  # The connection is closed.
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
