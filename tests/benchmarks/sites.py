"""Who is where before a load begins: rows in a database, or only names."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Protocol

from tests.benchmarks.workers import Worker


class Site(Protocol):
    """What a subject serves. People and rooms are new each time."""

    environment: dict[str, str]

    def crowd(
        self, *, rooms: int, people: int, are_in: bool = True
    ) -> list[dict[str, Any]]:
        """Return rooms with a writer each, and people, spread over the rooms.

        Whoever is in has joined: has a session that is live now.
        """

    def history(self, *, messages: int) -> dict[str, Any] | None:
        """Return a room with so many messages and the cookie of a reader."""

    def lists(self, *, rooms: int, members: int) -> dict[str, Any] | None:
        """Return the cookie of somebody who is in so many rooms."""

    def commits(self) -> int | None:
        """Return how many transactions the database has done; None: unknown."""

    def clear(self) -> None:
        """End all sessions, so that no server has to find out."""

    def close(self) -> None:
        """Remove everything."""


class NamedSite:
    """The site of a program that believes everybody."""

    def __init__(self) -> None:
        self.environment: dict[str, str] = {}
        self._count = 0

    def crowd(
        self, *, rooms: int, people: int, are_in: bool = True
    ) -> list[dict[str, Any]]:
        """Invent names."""
        made: list[dict[str, Any]] = [
            {"token": f"room{number}", "writer": self._person(), "people": []}
            for number in range(rooms)
        ]
        for number in range(people):
            made[number % rooms]["people"].append(self._person())
        return made

    def _person(self) -> dict[str, str]:
        self._count += 1
        name = f"person{self._count}"
        return {"cookie": f"sessionid={name}", "session": name}

    def history(self, *, messages: int) -> None:
        """Have no history."""

    def lists(self, *, rooms: int, members: int) -> None:
        """Have no lists."""

    def commits(self) -> None:
        """Have no database."""

    def clear(self) -> None:
        """Leave it to the server, which forgets."""

    def close(self) -> None:
        """Have nothing to remove."""


class DatabaseSite:
    """A database of its own, which another process fills."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._worker = Worker("tests.benchmarks.rows", environment)
        self.environment = {**environment, **self._worker.ask("create")}

    def crowd(self, **wanted: Any) -> list[dict[str, Any]]:
        """Insert people and rooms."""
        made: list[dict[str, Any]] = self._worker.ask("crowd", **wanted)
        return made

    def history(self, *, messages: int) -> dict[str, Any]:
        """Insert a timeline, unless one of that length is there."""
        made: dict[str, Any] = self._worker.ask("history", messages=messages)
        return made

    def lists(self, *, rooms: int, members: int) -> dict[str, Any]:
        """Insert rooms, unless somebody is in that many."""
        made: dict[str, Any] = self._worker.ask("lists", rooms=rooms, members=members)
        return made

    def commits(self) -> int | None:
        """Ask the database, if it counts."""
        count: int | None = self._worker.ask("commits")
        return count

    def clear(self) -> None:
        """Delete all sessions."""
        self._worker.ask("clear")

    def close(self) -> None:
        """Drop the database."""
        self._worker.ask("drop")
        self._worker.close()


class SQLiteSite(DatabaseSite):
    """In a new file."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        path = Path(self._folder.name) / "benchmark.sqlite3"
        super().__init__({"DATABASE_URL": f"sqlite:///{path}"})

    def close(self) -> None:
        """Remove the file."""
        super().close()
        self._folder.cleanup()


class PostgresSite(DatabaseSite):
    """In a new database on the server that `database` names, with a Redis."""

    def __init__(self, database: str, redis: str) -> None:
        super().__init__({"DATABASE_URL": database, "REDIS_URL": redis})
