"""Signs of life and read marks of many polls, written together.

Whoever asks for messages goes on only after what that says about them has been
committed, so that whatever they read afterwards knows of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

from django.utils import timezone

from talk.domain.presence import ReadMark, ping_sessions, raise_read_markers
from talk.realtime.database_threads import DatabaseThreads
from talk.realtime.metrics import metrics


class PresenceBatches:
    """Writes one batch after the other; what comes meanwhile is the next one."""

    def __init__(self, threads: DatabaseThreads) -> None:
        self._threads = threads
        self._loop = asyncio.get_running_loop()
        self._pings: set[int] = set()
        self._marks: dict[int, int] = {}
        self._waiting: list[asyncio.Future[None]] = []
        self._work: asyncio.Task[None] | None = None

    @property
    def size(self) -> int:
        """How much waits to be written."""
        return len(self._pings) + len(self._marks)

    async def write(self, *, pings: Sequence[int], mark: ReadMark | None) -> None:
        """Note that sessions are there, and a read mark; return when it is committed."""
        if not pings and mark is None:
            return
        self._pings.update(pings)
        if mark is not None:
            known = self._marks.get(mark.participant_pk, 0)
            self._marks[mark.participant_pk] = max(known, mark.comments)
        written = self._loop.create_future()
        self._waiting.append(written)
        if self._work is None:
            self._work = self._loop.create_task(self._write_all())
        await written

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                pings, self._pings = self._pings, set()
                marks, self._marks = self._marks, {}
                waiting, self._waiting = self._waiting, []
                metrics.note_batch(len(pings) + len(marks))
                error = None
                try:
                    await self._threads.run(partial(_write, sorted(pings), marks))
                except Exception as failure:  # noqa: BLE001 - it is the polls' to answer
                    error = failure
                for written in waiting:
                    if written.done():  # who has given up
                        continue
                    if error is None:
                        written.set_result(None)
                    else:
                        written.set_exception(error)
        finally:
            self._work = None


def _write(pings: Sequence[int], marks: dict[int, int]) -> None:
    ping_sessions(pks=pings, now=timezone.now())
    for pk in raise_read_markers(marks):
        # Alone it may wait for whoever is changing it: it holds nothing else.
        raise_read_markers({pk: marks[pk]})
