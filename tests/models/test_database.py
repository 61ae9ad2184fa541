"""Transactions: callbacks after commit, and concurrent writers on SQLite."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections, transaction

import talk
from talk.models import (
    Room,
    after_commit,
    atomic,
    sqlite_journal_mode,
    transaction_block,
)
from tests.factories import RoomFactory
from tests.threads import TIMEOUT

pytestmark = pytest.mark.django_db(transaction=True)


Items = list[list[str]]


@pytest.fixture
def handled() -> Items:
    """The lists that `note` was called with."""
    return []


@pytest.fixture
def note(handled: Items) -> Callable[[str], None]:
    """Have an item handled after the commit."""
    handle = handled.append
    return lambda item: after_commit(handle, item)


class Refused(Exception):
    """Another part of the transaction fails."""


@contextmanager
def undone(begin: Any = transaction.atomic) -> Iterator[None]:
    """Roll back what the block does."""
    with suppress(Refused), begin():
        yield
        raise Refused


class TestAfterCommit:
    """`after_commit`."""

    def test_an_item_is_handled_when_the_transaction_has_committed(
        self, note, handled: Items
    ) -> None:
        with transaction_block():
            note("item")
            assert handled == []
        assert handled == [["item"]]

    def test_without_a_transaction_it_is_handled_at_once(
        self, note, handled: Items
    ) -> None:
        note("item")
        assert handled == [["item"]]

    def test_items_of_nested_blocks_are_handled_together_and_in_order(
        self, note, handled: Items
    ) -> None:
        with transaction_block():
            note("a")
            with transaction_block():
                note("b")
            with transaction.atomic():
                note("c")
            assert handled == []
        assert handled == [["a", "b", "c"]]

    def test_every_handler_gets_its_own_items(self, note, handled: Items) -> None:
        others: Items = []
        handle = others.append
        with transaction_block():
            note("a")
            after_commit(handle, "b")
            note("c")
        assert (handled, others) == ([["a", "c"]], [["b"]])

    @pytest.mark.parametrize("begin", [transaction_block, transaction.atomic])
    def test_nothing_of_a_transaction_that_fails_is_handled(
        self, note, handled: Items, begin
    ) -> None:
        with undone(begin):
            note("item")
        assert handled == []

    def test_items_of_a_failed_transaction_are_not_found_by_the_next_one(
        self, note, handled: Items
    ) -> None:
        with undone(transaction_block):
            note("a")
        with transaction_block():
            note("b")
        assert handled == [["b"]]

    def test_items_of_a_savepoint_that_is_rolled_back_are_left_out(
        self, note, handled: Items
    ) -> None:
        with transaction_block():
            note("a")
            with undone():
                note("b")
                with transaction_block():
                    note("c")
            note("d")
        assert handled == [["a", "d"]]

    def test_nothing_is_handled_when_nothing_is_left(
        self, note, handled: Items
    ) -> None:
        with transaction_block(), undone():
            note("item")
        assert handled == []

    def test_a_transaction_of_the_site_is_waited_for(
        self, note, handled: Items
    ) -> None:
        with transaction.atomic():
            with transaction_block():
                note("a")
                note("b")
            note("c")
            assert handled == []
        assert handled == [["a", "b"], ["c"]]

    def test_a_savepoint_of_the_site_takes_its_items_with_it(
        self, note, handled: Items
    ) -> None:
        with transaction.atomic():
            with undone(), transaction_block():
                note("a")
            with transaction_block():
                note("b")
        assert handled == [["b"]]

    def test_an_item_added_by_a_handler_is_handled_as_well(
        self, note, handled: Items
    ) -> None:
        def add_another(items: list[str]) -> None:
            with transaction_block():
                note("another")

        with transaction_block():
            after_commit(add_another, "item")
        assert handled == [["another"]]

    def test_an_error_is_logged_and_other_handlers_are_called_all_the_same(
        self, note, handled: Items, caplog
    ) -> None:
        def fail(items: list[str]) -> None:
            raise ValueError

        with caplog.at_level(logging.ERROR), transaction_block():
            after_commit(fail, "item")
            note("item")
        assert handled == [["item"]]
        assert "ValueError" in caplog.text


def test_only_models_ask_for_the_vendor_of_a_database() -> None:
    package = Path(talk.__file__).parent
    asking = {
        path.relative_to(package).parts[0]
        for path in package.rglob("*.py")
        if "vendor" in path.read_text()
    }
    assert asking == {"models"}


def test_only_sqlite_has_a_journal_mode() -> None:
    assert (sqlite_journal_mode() is not None) == (connection.vendor == "sqlite")


@pytest.mark.skipif(connection.vendor != "sqlite", reason="a matter of SQLite")
class TestWritersOnSQLite:
    """Writers of one process wait for each other; none finds the database locked."""

    @pytest.fixture
    def other(self) -> Iterator[threading.Thread]:
        """A second writer, which would not wait for SQLite at all."""

        def write() -> None:
            try:
                with connection.cursor() as cursor:
                    cursor.execute("PRAGMA busy_timeout = 0")
                rename("other")
            finally:
                connections.close_all()

        thread = threading.Thread(target=write)
        yield thread
        if thread.ident is not None:
            thread.join(TIMEOUT)

    @pytest.fixture(autouse=True)
    def room(self) -> Room:
        return RoomFactory(name="nothing")

    def test_the_second_writes_after_the_commit_of_the_first(self, other) -> None:
        self.write_meanwhile(other)
        other.join(TIMEOUT)
        assert names() == ["other"]

    def test_the_second_writes_after_the_rollback_of_the_first(self, other) -> None:
        with pytest.raises(LookupError):
            self.write_meanwhile(other, error=LookupError())
        other.join(TIMEOUT)
        assert names() == ["other"]

    def test_writers_do_not_wait_for_callbacks_after_commit(self, other) -> None:
        names_then: list[str] = []

        @atomic
        def write() -> None:
            rename("first")
            after_commit(lambda _: other.join(TIMEOUT), None)
            after_commit(lambda _: names_then.extend(names()), None)
            other.start()

        write()
        assert names_then == ["other"]

    def test_a_callback_after_commit_may_write(self) -> None:
        @atomic
        def write() -> None:
            after_commit(lambda _: rename("afterwards"), None)

        write()
        assert names() == ["afterwards"]

    @staticmethod
    def write_meanwhile(
        other: threading.Thread, *, error: Exception | None = None
    ) -> None:
        """Write while the second writer has time to try."""

        @atomic
        def write() -> None:
            rename("first")
            other.start()
            other.join(0.2)
            assert other.is_alive()
            if error is not None:
                raise error

        write()


@atomic
def rename(name: str) -> None:
    Room.objects.update(name=name)


def names() -> list[str]:
    return list(Room.objects.values_list("name", flat=True))
