"""The database: does it answer, is it migrated, and how does SQLite journal?"""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from talk.doctor.findings import Finding, ProbeOptions, failed, ok, warning
from talk.models import sqlite_journal_mode, talk_database

PROBE = "database"


def probe_database(options: ProbeOptions) -> Iterator[Finding]:
    """Connect, compare the migrations, and check SQLite's journal mode."""
    alias = talk_database()
    connection = connections[alias]
    connection.ensure_connection()
    yield ok(PROBE, f"{alias!r} answers ({connection.display_name}).")
    executor = MigrationExecutor(connection)
    leaves = [key for key in executor.loader.graph.leaf_nodes() if key[0] == "talk"]
    plan = executor.migration_plan(leaves)
    if plan:
        names = ", ".join(f"{step.app_label}.{step.name}" for step, _ in plan)
        yield failed(PROBE, f"Not migrated: {names}.", "Run `manage.py migrate`.")
    else:
        yield ok(PROBE, "All migrations are applied.")
    journal_mode = sqlite_journal_mode()
    if journal_mode is not None:
        yield _journal_finding(journal_mode)


def _journal_finding(mode: str) -> Finding:
    if mode == "wal":
        return ok(
            PROBE,
            "SQLite's journal mode is WAL: readers and writers do not block each other.",
        )
    return warning(
        PROBE,
        f"SQLite's journal mode is {mode!r}: readers block writers.",
        'Add "init_command": "PRAGMA journal_mode=WAL" to the database\'s OPTIONS.',
    )
