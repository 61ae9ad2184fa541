"""A database of their own for benchmarks, named by DATABASE_URL or in a new SQLite file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def benchmark_site() -> Iterator[None]:
    """Set Django up on an empty test database, and take that away at the end."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault(
            "DATABASE_URL", f"sqlite:///{Path(folder) / 'benchmark.sqlite3'}"
        )
        os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
        import django

        django.setup()
        from django.db import connection, connections

        name = connection.creation.create_test_db(verbosity=0, autoclobber=True)
        try:
            yield
        finally:
            connections.close_all()
            connection.creation.destroy_test_db(name, verbosity=0)
