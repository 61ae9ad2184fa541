"""Signs of life and read marks of many polls, written together.

Whoever asks for messages goes on only after what that says about them has been
committed, so that whatever they read afterwards knows of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

from django.utils import timezone

from talk.domain.presence import ReadMark, ping_sessions, raise_read_marks
from talk.realtime.metrics import metrics
from talk.realtime.threads import DatabaseThreads


class PresenceBatches:
    """Writes one batch after the other; what comes meanwhile is the next one."""

    def __init__(self, threads: DatabaseThreads) -> None:
        self._threads = threads
        self._loop = asyncio.get_running_loop()
        self._pings: set[int] = set()
        self._marks: dict[int, int] = {}
        self._written: asyncio.Future[None] | None = None
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
        if self._written is None:
            self._written = self._loop.create_future()
        written = self._written
        if self._work is None:
            self._work = self._loop.create_task(self._write_all())
        # Who gives up must not take the others' future away.
        await asyncio.shield(written)

    async def _write_all(self) -> None:
        try:
            while self._written is not None:
                pings, self._pings = self._pings, set()
                marks, self._marks = self._marks, {}
                written, self._written = self._written, None
                metrics.note_batch(len(pings) + len(marks))
                try:
                    await self._threads.run(partial(_write, sorted(pings), marks))
                except Exception as error:  # noqa: BLE001 - it is the polls' to answer
                    written.set_exception(error)
                    # Nobody may be there any more who would hear of it.
                    written.exception()
                else:
                    written.set_result(None)
        finally:
            self._work = None


def _write(pings: Sequence[int], marks: dict[int, int]) -> None:
    ping_sessions(pks=pings, now=timezone.now())
    for pk in raise_read_marks(marks):
        # Alone it may wait for whoever is changing it: it holds nothing else.
        raise_read_marks({pk: marks[pk]})
