"""The threads in which long polls use the database."""

from __future__ import annotations

import asyncio
import threading
from contextvars import ContextVar
from types import SimpleNamespace
from typing import ClassVar

import pytest
from django.db import connection, connections

from talk.models import Room
from talk.realtime import database_threads as module
from talk.realtime.database_threads import DatabaseThreads
from tests.servers import in_database

pytestmark = [pytest.mark.asyncio, pytest.mark.django_db(transaction=True)]

NEVER = 30.0


@pytest.fixture
def threads():
    """A pool of one thread, which has one connection."""
    pool = DatabaseThreads(1, max_age=NEVER)
    yield pool
    pool.close()


def use_connection() -> object:
    Room.objects.exists()
    return connection.connection


async def test_a_connection_is_kept_between_two_functions(threads, settings) -> None:
    assert connection.settings_dict["CONN_MAX_AGE"] == 0
    first = await threads.run(use_connection)
    assert await threads.run(use_connection) is first


async def test_a_connection_is_replaced_at_its_maximum_age(
    threads, monkeypatch
) -> None:
    first = await threads.run(use_connection)
    monkeypatch.setattr(threads, "_max_age", -1.0)
    assert await threads.run(use_connection) is not first


async def test_a_broken_connection_is_replaced(threads, monkeypatch) -> None:
    first = await threads.run(use_connection)

    def break_connection() -> None:
        connection.errors_occurred = True
        monkeypatch.setattr(
            type(connections["default"]), "is_usable", lambda self: False
        )

    await threads.run(break_connection)
    assert await threads.run(use_connection) is not first


@pytest.mark.postgres
async def test_a_connection_that_the_server_has_closed_is_not_used_again(
    threads,
) -> None:
    first = await threads.run(use_connection)
    end = "SELECT pg_terminate_backend(%s, 30000)"
    await in_database(query, end, first.info.backend_pid)
    assert await threads.run(use_connection) is not first


def query(sql: str, *parameters: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)


class PooledConnection:
    """The part of a connection from a driver's pool that the threads use."""

    settings_dict: ClassVar = {"OPTIONS": {"pool": True}}
    in_atomic_block = False
    errors_occurred = False
    connection = None
    closed = 0

    def close(self) -> None:
        self.closed += 1


async def test_a_connection_of_a_pool_is_returned(threads, monkeypatch) -> None:
    await threads.run(use_connection)
    pooled = PooledConnection()
    borrowed = SimpleNamespace(all=lambda initialized_only: [pooled])
    monkeypatch.setattr(module, "connections", borrowed)
    await threads.run(lambda: None)
    assert pooled.closed == 1
    assert pooled not in threads._connections


async def test_an_idle_connection_is_checked_before_it_is_used(
    threads, monkeypatch
) -> None:
    tried: list[bool] = []
    monkeypatch.setattr(
        type(connections["default"]),
        "is_usable",
        lambda self: tried.append(True) or True,
    )
    first = await threads.run(use_connection)
    await threads.run(use_connection)
    assert not tried
    monkeypatch.setattr(module, "IDLE_CHECK_SECONDS", -1.0)
    assert await threads.run(use_connection) is first
    assert tried


async def test_work_runs_to_its_end_when_its_caller_is_cancelled(threads) -> None:
    entered, go_on, done = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        entered.set()
        go_on.wait(NEVER)
        done.set()

    task = asyncio.create_task(threads.run(work))
    await asyncio.to_thread(entered.wait, NEVER)
    task.cancel()
    go_on.set()
    assert await asyncio.to_thread(done.wait, NEVER)


async def test_a_language_that_one_function_activates_does_not_reach_the_next(
    threads,
) -> None:
    language: ContextVar[str] = ContextVar("language", default="none")
    await threads.run(lambda: language.set("de"))
    assert await threads.run(language.get) == "none"


async def test_closing_leaves_neither_threads_nor_connections() -> None:
    before = threading.active_count()
    pool = DatabaseThreads(2, max_age=NEVER)
    await asyncio.gather(*(pool.run(use_connection) for _ in range(10)))
    wrappers = set(pool._connections)
    assert wrappers
    await asyncio.to_thread(pool.close)

    assert all(wrapper.connection is None for wrapper in wrappers)
    assert threading.active_count() <= before + 1  # the thread that closed it
