"""Batches of pings and read marks."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from talk.domain.presence import ReadMark
from talk.realtime.database_threads import DatabaseThreads
from talk.realtime.presence_batches import PresenceBatches
from tests.realtime.conftest import FakeDatabase

pytestmark = pytest.mark.asyncio

NEVER = 30.0


@pytest_asyncio.fixture
async def threads() -> AsyncIterator[DatabaseThreads]:
    threads = DatabaseThreads(1, 600)
    yield threads
    await asyncio.to_thread(threads.close)


@pytest_asyncio.fixture
async def batches(threads: DatabaseThreads, database: FakeDatabase) -> PresenceBatches:
    return PresenceBatches(threads, database)


def mark(participant: int, comments: int) -> ReadMark:
    return ReadMark(participant_pk=participant, comments=comments)


async def test_a_caller_continues_after_the_commit(batches, database) -> None:
    await batches.write(pings=[7], mark=mark(1, 5))
    assert database.pinged == [[7]]
    assert database.marks == [{1: 5}]


async def test_an_empty_write_makes_no_batch(batches, database) -> None:
    await batches.write(pings=(), mark=None)
    assert (database.pinged, database.marks) == ([], [])


async def test_writes_during_a_batch_make_up_the_next_one(
    batches, database, threads, monkeypatch
) -> None:
    busy, go_on = threading.Event(), threading.Event()

    def work() -> None:
        busy.set()
        go_on.wait(NEVER)

    other = asyncio.create_task(threads.run(work))
    await asyncio.to_thread(busy.wait, NEVER)
    first = asyncio.create_task(batches.write(pings=[1], mark=None))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    later = [
        asyncio.create_task(batches.write(pings=[pk], mark=mark(pk, 5)))
        for pk in range(2, 6)
    ]
    await asyncio.sleep(0)
    assert batches.size == 8
    go_on.set()
    await asyncio.gather(other, first, *later)
    assert database.pinged == [[1], [2, 3, 4, 5]]
    assert database.marks == [dict.fromkeys(range(2, 6), 5)]


async def test_the_highest_mark_of_a_participant_counts(batches, database) -> None:
    await asyncio.gather(
        batches.write(pings=(), mark=mark(1, 5)),
        batches.write(pings=(), mark=mark(1, 9)),
        batches.write(pings=(), mark=mark(1, 7)),
    )
    assert database.marks[-1] == {1: 9}


async def test_a_mark_with_a_locked_row_is_written_again_alone(
    batches, database
) -> None:
    database.busy = {2}
    await asyncio.gather(
        batches.write(pings=(), mark=mark(1, 5)),
        batches.write(pings=(), mark=mark(2, 5)),
    )
    assert database.marks == [{1: 5, 2: 5}, {2: 5}]


async def test_an_error_reaches_all_callers_of_the_batch_and_no_later_ones(
    batches, database
) -> None:
    database.fails = True
    results = await asyncio.gather(
        batches.write(pings=[1], mark=None),
        batches.write(pings=[2], mark=None),
        return_exceptions=True,
    )
    assert [type(result) for result in results] == [RuntimeError, RuntimeError]
    database.fails = False
    await batches.write(pings=[3], mark=None)
    assert database.pinged == [[3]]


async def test_a_cancelled_caller_does_not_affect_the_others(
    batches, database, monkeypatch
) -> None:
    gate = threading.Event()

    def ping(*, pks: list[int], now: object) -> None:
        gate.wait(NEVER)
        database.pinged.append(list(pks))

    monkeypatch.setattr(database, "ping_sessions", ping)
    one = asyncio.create_task(batches.write(pings=[1], mark=None))
    other = asyncio.create_task(batches.write(pings=[2], mark=None))
    await asyncio.sleep(0)
    one.cancel()
    gate.set()
    await other
    assert [1, 2] in database.pinged
