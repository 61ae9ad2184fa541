"""Pings and read marks of many polls, written together.

A poll goes on only after the batch with its own pings and read mark has committed, so
that whatever it reads afterwards includes them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

from django.utils import timezone

from talk.domain.presence import ReadMark
from talk.realtime.database import Database
from talk.realtime.database_threads import DatabaseThreads
from talk.realtime.metrics import metrics


class PresenceBatches:
    """Writes one batch after the other, each with all that has come meanwhile."""

    def __init__(self, threads: DatabaseThreads, database: Database) -> None:
        self._threads = threads
        self._database = database
        self._loop = asyncio.get_running_loop()
        self._pings: set[int] = set()
        self._marks: dict[int, int] = {}
        self._callers: list[asyncio.Future[None]] = []
        self._writer: asyncio.Task[None] | None = None

    @property
    def size(self) -> int:
        """The number of pings and read marks that wait to be written."""
        return len(self._pings) + len(self._marks)

    async def write(self, *, pings: Sequence[int], mark: ReadMark | None) -> None:
        """Write pings of sessions, and a read mark; return when they are committed."""
        if not pings and mark is None:
            return
        self._pings.update(pings)
        if mark is not None:
            known = self._marks.get(mark.participant_pk, 0)
            self._marks[mark.participant_pk] = max(known, mark.comments)
        written = self._loop.create_future()
        self._callers.append(written)
        if self._writer is None:
            self._writer = self._loop.create_task(self._write_all())
        await written

    async def _write_all(self) -> None:
        try:
            while self._callers:
                pings, self._pings = self._pings, set()
                marks, self._marks = self._marks, {}
                callers, self._callers = self._callers, []
                metrics.note_batch(len(pings) + len(marks))
                error = None
                try:
                    write = partial(_write, self._database, sorted(pings), marks)
                    await self._threads.run(write)
                except Exception as failure:  # noqa: BLE001 - the callers handle it
                    error = failure
                for written in callers:
                    if written.done():  # The caller was cancelled.
                        continue
                    if error is None:
                        written.set_result(None)
                    else:
                        written.set_exception(error)
        finally:
            self._writer = None


def _write(database: Database, pings: Sequence[int], marks: dict[int, int]) -> None:
    database.ping_sessions(pks=pings, now=timezone.now())
    for pk in database.raise_read_markers(marks):
        # Another transaction holds this row. A statement of its own may wait for it,
        # because it holds no other row meanwhile.
        database.raise_read_markers({pk: marks[pk]})
