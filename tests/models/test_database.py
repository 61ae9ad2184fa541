"""Transactions: callbacks after commit, and concurrent writers on SQLite."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from django.db import connection, connections, transaction

import talk
from talk.models import Room, after_commit, atomic, sqlite_journal_mode
from tests.factories import RoomFactory
from tests.threads import TIMEOUT

pytestmark = pytest.mark.django_db(transaction=True)


def test_work_runs_after_the_commit() -> None:
    done: list[str] = []
    with transaction.atomic():
        after_commit(partial(done.append, "work"))
        assert done == []
    assert done == ["work"]


def test_an_error_is_logged_and_later_work_still_runs(caplog) -> None:
    done: list[str] = []
    with caplog.at_level(logging.ERROR), transaction.atomic():
        after_commit(partial(int, "no number"))
        after_commit(partial(done.append, "work"))
    assert done == ["work"]
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
            after_commit(partial(other.join, TIMEOUT))
            after_commit(lambda: names_then.extend(names()))
            other.start()

        write()
        assert names_then == ["other"]

    def test_a_callback_after_commit_may_write(self) -> None:
        @atomic
        def write() -> None:
            after_commit(partial(rename, "afterwards"))

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
