"""Fixtures that all tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection

from talk.api.password_memory import memory
from talk.api.site_cache import outage
from talk.api.throttling import local_counters
from talk.outgoing.queue import outgoing
from talk.outgoing.signaling_server import signaling_queue
from tests.client import TalkClient
from tests.factories import UserFactory
from tests.mails import SECONDS_MAX

VENDOR_PATHS = [
    # All of these: rows, locks, statements and hints.
    "models/*",
    "domain/*",
    "realtime/*",
    "outgoing/*",
    "faults/*",
    "management/test_talk_cleanup.py",
    "management/test_talk_expire.py",
    "admin/test_room_list.py",
    "test_custom_user.py",
    "test_hints.py",
    "test_notification_mail.py",
    "test_signals.py",
    # Concurrency.
    "api/test_*_races.py",
    "api/test_any_sequence.py",
    # Query counts and plans.
    "api/test_*_queries.py",
    "api/test_many_rooms.py",
    # Search, order, case and characters.
    "api/test_any_text.py",
    "api/test_autocomplete.py",
    "api/test_basic.py",
    "api/test_list_rooms.py",
    "api/test_mention_suggestions.py",
    "api/test_room_object.py",
    "api/test_send_text.py",
    # Statements of their own on PostgreSQL, and what they count.
    "api/test_deleted_accounts.py",
    "api/test_last_message.py",
    "api/test_messages.py",
    "api/test_pings.py",
    "api/test_polls_of_removed.py",
    "api/test_receive.py",
    "api/test_send.py",
    "api/test_unread*.py",
    "api/test_waiting.py",
]
"""Tests whose result may depend on the database or on Redis, besides those that use
threads, processes or query counts."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests, skip those whose server is not named, and run the longest first."""
    engine = settings.DATABASES["default"]["ENGINE"]
    present = {
        "postgres": engine == "django.db.backends.postgresql",
        "redis": "REDIS_URL" in os.environ,
    }
    for item in items:
        for mark, is_present in present.items():
            if item.get_closest_marker(mark) and not is_present:
                reason = f"needs {mark}; name it in the environment"
                item.add_marker(pytest.mark.skip(reason=reason))
        if _depends_on_vendor(item):
            item.add_marker(pytest.mark.vendor)
    # No worker waits at the end for another one. The sort keeps the shuffled order.
    items.sort(key=lambda item: not _is_long(item))


def _depends_on_vendor(item: pytest.Item) -> bool:
    """Whether a test belongs to the selection for PostgreSQL and Redis."""
    marks = {mark.name: mark for mark in item.iter_markers()}
    if "browser" in marks:
        return False
    if marks.keys() & {"postgres", "redis"}:
        return True
    if "django_db" in marks and marks["django_db"].kwargs.get("transaction"):
        return True
    fixtures = set(getattr(item, "fixturenames", ()))
    if fixtures & {"django_assert_num_queries", "transactional_db"}:
        return True
    path = item.path.relative_to(Path(__file__).parent).as_posix()
    return any(fnmatch(path, pattern) for pattern in VENDOR_PATHS)


def _is_long(item: pytest.Item) -> bool:
    """Whether a test starts servers, or tries a hundred inputs."""
    function = getattr(item, "function", None)
    is_tried_often = getattr(function, "is_hypothesis_test", False)
    return is_tried_often or item.get_closest_marker("server") is not None


BIG = 2**20
"""Bytes of a table that is emptied at once rather than row by row."""


@pytest.fixture(scope="session", autouse=True)
def emptied_quickly() -> Iterator[None]:
    """Let PostgreSQL delete the few rows of a test: to truncate takes 50 times as long."""
    truncate = connection.ops.sql_flush

    def delete(style: Any, tables: list[str], **options: Any) -> list[str]:
        with connection.cursor() as cursor:
            names = list(map(connection.ops.quote_name, tables))
            sizes = ", ".join(f"pg_relation_size('{name}')" for name in names)
            cursor.execute(f"SELECT greatest({sizes}, 0)")
            if cursor.fetchone()[0] > BIG:
                return truncate(style, tables, **options)
        # Foreign keys are checked at the end of the transaction.
        return [f"DELETE FROM {name}" for name in names]

    with pytest.MonkeyPatch.context() as patch:
        if connection.vendor == "postgresql":
            patch.setattr(connection.ops, "sql_flush", delete)
        yield


@pytest.fixture(autouse=True)
def nothing_counted() -> None:
    """Forget attempts of earlier tests, and outages of the cache."""
    cache.clear()
    local_counters.clear()
    outage.forget()


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    """Forget passwords of earlier tests."""
    memory.forget()


@pytest.fixture(autouse=True)
def nothing_left_to_send() -> Iterator[None]:
    """Requests and mails that a test has queued are sent before the next one."""
    yield
    assert outgoing.flush(SECONDS_MAX)
    assert signaling_queue.flush(SECONDS_MAX)


@pytest.fixture
def alice(db: None) -> Any:
    """A user; owns the rooms in most tests."""
    return UserFactory(username="alice", first_name="Alice", last_name="Adams")


@pytest.fixture
def bob(db: None) -> Any:
    """Another user."""
    return UserFactory(username="bob", first_name="Bob", last_name="Brown")


@pytest.fixture
def carol(db: None) -> Any:
    """A third user; a non-participant in most tests."""
    return UserFactory(username="carol", first_name="Carol", last_name="Clark")


@pytest.fixture
def as_alice(alice: Any) -> TalkClient:
    """Alice's browser."""
    return TalkClient(alice)


@pytest.fixture
def as_bob(bob: Any) -> TalkClient:
    """Bob's browser."""
    return TalkClient(bob)


@pytest.fixture
def as_carol(carol: Any) -> TalkClient:
    """Carol's browser."""
    return TalkClient(carol)


@pytest.fixture
def as_guest(db: None) -> TalkClient:
    """A browser without an account."""
    return TalkClient()
