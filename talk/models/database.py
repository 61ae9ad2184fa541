"""Transactions on the database that holds the rooms, whatever a site's router says."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.apps import apps
from django.db import connections, router, transaction
from django.db.models import Model, QuerySet

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")
Rows = TypeVar("Rows", bound="QuerySet[Any]")

BATCH = 500
"""Ids in one statement; SQLite and Oracle allow no thousands of parameters."""

_turn = threading.RLock()
"""Held by the one of this process whose transaction is on SQLite."""


def _renew_turn() -> None:
    """Forget who held it in the process that this one was forked from."""
    global _turn
    _turn = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_turn)


def talk_database() -> str:
    """Return the alias of the database that Talk writes to."""
    return router.db_for_write(apps.get_model("talk", "Room"))


def table_of(model: type[Model]) -> str:
    """Return the name of a model's table, quoted, for a statement of our own."""
    return f'"{model._meta.db_table}"'  # noqa: SLF001 - the documented way to it


def atomic(function: Callable[P, R]) -> Callable[P, R]:
    """Run `function` in a transaction on Talk's database, or in a savepoint of one."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with _transaction(talk_database()):
            return function(*args, **kwargs)

    return run


def _transaction(alias: str) -> AbstractContextManager[None]:
    connection = connections[alias]
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        return transaction.atomic(using=alias)
    # Whoever begins transactions by hand may be in one.
    return _in_turn(alias) if connection.get_autocommit() else transaction.atomic(alias)


@contextmanager
def _in_turn(alias: str) -> Iterator[None]:
    """Run a transaction when no other one of this process runs.

    SQLite lets one write at a time anyway. But who finds it taken sleeps and tries
    again, for longer each time; here the next one goes on as soon as it is free.
    """
    with ExitStack() as turn:
        turn.enter_context(_turn)
        with transaction.atomic(using=alias):
            # Before what others do after the commit, which may take a while.
            transaction.on_commit(turn.close, using=alias)
            yield


def on_write_database(rows: Rows) -> Rows:
    """Return `rows` as the database has them that Talk writes to.

    For all that is read to decide about a write: a replica may not know it yet.
    """
    return rows.using(talk_database())


def after_commit(work: Callable[[], object]) -> None:
    """Do `work` when the transaction has committed, whose errors harm nobody else's."""

    # A function with a name of its own, without which Django cannot log its error.
    def run() -> None:
        work()

    transaction.on_commit(run, using=talk_database(), robust=True)


def savepoint() -> transaction.Atomic:
    """Return a context for one statement that a constraint may refuse."""
    return transaction.atomic(using=talk_database())


def delete_free(rows: QuerySet[Any]) -> int:
    """Delete those of `rows` that nobody else is changing; return how many there were.

    `rows` are few enough for one statement. Two who delete the same rows never wait
    for each other where locked ones can be skipped, and none is counted twice.
    """
    rows = on_write_database(rows)
    if not connections[rows.db].features.has_select_for_update_skip_locked:
        return _delete(rows)
    with savepoint():
        free = rows.order_by("pk").select_for_update(skip_locked=True)
        pks = list(free.values_list("pk", flat=True))
        return _delete(on_write_database(rows.model.objects.filter(pk__in=pks)))


def _delete(rows: QuerySet[Any]) -> int:
    _, counts = rows.delete()
    return counts.get(rows.model._meta.label, 0)  # noqa: SLF001 - Django's own word


def requires_transaction(function: Callable[P, R]) -> Callable[P, R]:
    """Refuse to run `function` outside a transaction on Talk's database.

    For parts of a larger change: a savepoint of their own would cost two
    statements and protect nothing, because their errors undo all of it.
    """

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        if not transaction.get_connection(talk_database()).in_atomic_block:
            message = f"{function.__qualname__} must run inside a transaction."
            raise transaction.TransactionManagementError(message)
        return function(*args, **kwargs)

    return run


def in_batches(ids: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yield `ids` in parts that fit into one statement."""
    for start in range(0, len(ids), BATCH):
        yield ids[start : start + BATCH]
