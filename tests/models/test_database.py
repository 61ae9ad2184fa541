"""Transactions: what is done after commit, and who writes when on SQLite."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from functools import partial

import pytest
from django.db import connection, connections, transaction

from talk.models import Room, after_commit, atomic
from tests.factories import RoomFactory
from tests.threads import TIMEOUT

pytestmark = pytest.mark.django_db(transaction=True)


def test_work_is_done_when_the_transaction_has_committed() -> None:
    done: list[str] = []
    with transaction.atomic():
        after_commit(partial(done.append, "work"))
        assert done == []
    assert done == ["work"]


def test_an_error_is_logged_and_later_work_is_done_all_the_same(caplog) -> None:
    done: list[str] = []
    with caplog.at_level(logging.ERROR), transaction.atomic():
        after_commit(partial(int, "no number"))
        after_commit(partial(done.append, "work"))
    assert done == ["work"]
    assert "ValueError" in caplog.text


@pytest.mark.skipif(connection.vendor != "sqlite", reason="a matter of SQLite")
class TestTurns:
    """Writers of one process come one after the other; nobody finds SQLite locked."""

    @pytest.fixture
    def other(self) -> Iterator[threading.Thread]:
        """Somebody who writes, and would not wait for SQLite at all."""

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

    def test_the_next_one_writes_when_the_first_has_committed(self, other) -> None:
        self.write_meanwhile(other)
        other.join(TIMEOUT)
        assert names() == ["other"]

    def test_or_when_the_first_has_given_up(self, other) -> None:
        with pytest.raises(LookupError):
            self.write_meanwhile(other, error=LookupError())
        other.join(TIMEOUT)
        assert names() == ["other"]

    def test_nobody_waits_for_what_is_done_after_the_commit(self, other) -> None:
        names_then: list[str] = []

        @atomic
        def write() -> None:
            rename("first")
            after_commit(partial(other.join, TIMEOUT))
            after_commit(lambda: names_then.extend(names()))
            other.start()

        write()
        assert names_then == ["other"]

    def test_what_is_done_after_the_commit_may_write(self) -> None:
        @atomic
        def write() -> None:
            after_commit(partial(rename, "afterwards"))

        write()
        assert names() == ["afterwards"]

    @staticmethod
    def write_meanwhile(
        other: threading.Thread, *, error: Exception | None = None
    ) -> None:
        """Write while another one wants to, and is given time to try."""

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
