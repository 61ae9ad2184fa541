"""Transactions, locks and batches on the database that Talk writes to."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial, wraps
from typing import Any, ParamSpec, TypeVar

from django.apps import apps
from django.db import connections, router, transaction
from django.db.models import QuerySet

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")
Rows = TypeVar("Rows", bound="QuerySet[Any]")

BATCH = 500
"""Ids in one statement; SQLite and Oracle limit the number of parameters."""

_sqlite_lock = threading.RLock()
"""Held by the thread of this process that has a transaction on SQLite."""


def _renew_sqlite_lock() -> None:
    """Replace the lock in a forked child, where its owner does not exist."""
    global _sqlite_lock
    _sqlite_lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_sqlite_lock)


def talk_database() -> str:
    """Return the alias of the database that Talk writes to."""
    return router.db_for_write(apps.get_model("talk", "Room"))


def talk_vendor() -> str:
    """Return the kind of the database that Talk writes to, in Django's words."""
    return connections[talk_database()].vendor


def sqlite_journal_mode() -> str | None:
    """Return how SQLite keeps its journal; None when Talk's database is no SQLite."""
    if talk_vendor() != "sqlite":
        return None
    with connections[talk_database()].cursor() as cursor:
        cursor.execute("PRAGMA journal_mode")
        (mode,) = cursor.fetchone()
    return str(mode)


class _Collection(threading.local):
    """The items that the outermost transaction block of a thread has collected."""

    items_by_handler: dict[Callable[[list[Any]], object], list[Any]] | None = None
    """None outside transaction blocks."""


_collection = _Collection()


def atomic(function: Callable[P, R]) -> Callable[P, R]:
    """Run `function` in a `transaction_block`."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with transaction_block():
            return function(*args, **kwargs)

    return run


@contextmanager
def transaction_block() -> Iterator[None]:
    """Run the block in a transaction on Talk's database, or in a savepoint of one.

    The outermost block collects the items of `after_commit` for their handlers.
    """
    alias = talk_database()
    with _transaction(alias):
        if _collection.items_by_handler is not None:
            yield
            return
        items_by_handler = _collection.items_by_handler = {}
        try:
            yield
        finally:
            _collection.items_by_handler = None
        for handle, items in items_by_handler.items():
            _handle_after_commit(alias, handle, items)


def _transaction(alias: str) -> AbstractContextManager[None]:
    connection = connections[alias]
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        return transaction.atomic(using=alias)
    if not connection.get_autocommit():
        # The site manages transactions by hand, and may be in one.
        return transaction.atomic(alias)
    return _sqlite_transaction(alias)


@contextmanager
def _sqlite_transaction(alias: str) -> Iterator[None]:
    """Run a transaction while no other one of this process runs.

    SQLite allows one writer at a time anyway. But a connection that finds the database
    locked sleeps and tries again, for longer each time; a thread that waits for our
    lock continues as soon as it is free.
    """
    with ExitStack() as stack:
        stack.enter_context(_sqlite_lock)
        with transaction.atomic(using=alias):
            # The first callback after the commit: later ones may take a while.
            transaction.on_commit(stack.close, using=alias)
            yield


def on_write_database(rows: Rows) -> Rows:
    """Read `rows` from the database that Talk writes to.

    Use it for everything that decides about a write, because a replica may lag behind.
    """
    return rows.using(talk_database())


def can_skip_locked(rows: QuerySet[Any]) -> bool:
    """Return whether the database of `rows` has `SELECT … FOR UPDATE SKIP LOCKED`."""
    return connections[rows.db].features.has_select_for_update_skip_locked


def after_commit(handle: Callable[[list[T]], object], item: T) -> None:
    """Call `handle` with a list that holds `item` when the transaction has committed.

    Items for the same handler that are added in one outermost transaction block come
    in one list, in order. Items of a savepoint that is rolled back are left out.
    Outside such blocks each item comes alone, at once if there is no transaction.
    An error of a handler is logged and harms nothing else.
    """
    alias = talk_database()
    if _collection.items_by_handler is None:
        _handle_after_commit(alias, handle, [item])
        return
    items = _collection.items_by_handler.setdefault(handle, [])
    # Django drops this callback when the savepoint it belongs to is rolled back.
    transaction.on_commit(partial(items.append, item), using=alias)


def _handle_after_commit(
    alias: str, handle: Callable[[list[T]], object], items: list[T]
) -> None:
    # Django logs the error of a callback with its name, which a partial does not have.
    def run() -> None:
        if items:
            handle(items)

    transaction.on_commit(run, using=alias, robust=True)


def savepoint() -> transaction.Atomic:
    """Return a context manager for a statement that a constraint may refuse."""
    return transaction.atomic(using=talk_database())


def delete_unlocked(rows: QuerySet[Any]) -> int:
    """Delete `rows` except those that another transaction has locked.

    Returns how many were deleted. `rows` must be at most `BATCH`. Where locked rows can
    be skipped, two transactions that delete the same rows do not wait for each other;
    and no row is counted twice.
    """
    rows = on_write_database(rows)
    if not can_skip_locked(rows):
        return _delete(rows)
    with savepoint():
        unlocked = rows.order_by("pk").select_for_update(skip_locked=True)
        pks = list(unlocked.values_list("pk", flat=True))
        return _delete(on_write_database(rows.model.objects.filter(pk__in=pks)))


def _delete(rows: QuerySet[Any]) -> int:
    _, counts = rows.delete()
    return counts.get(rows.model._meta.label, 0)  # noqa: SLF001 - Django's documented name


def requires_transaction(function: Callable[P, R]) -> Callable[P, R]:
    """Refuse to run `function` outside a transaction on Talk's database.

    For parts of a larger change: a savepoint of their own would cost two queries and
    protect nothing, because an error undoes the whole change.
    """

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        if not transaction.get_connection(talk_database()).in_atomic_block:
            message = f"{function.__qualname__} must run inside a transaction."
            raise transaction.TransactionManagementError(message)
        return function(*args, **kwargs)

    return run


def in_batches(ids: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yield `ids` in batches that fit into one statement."""
    for start in range(0, len(ids), BATCH):
        yield ids[start : start + BATCH]
