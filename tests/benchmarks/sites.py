"""The users and rooms of a load: rows in a database, or only names."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Protocol

from tests.benchmarks.workers import Worker


class Site(Protocol):
    """The data that a subject serves. Each call creates new rooms."""

    environment: dict[str, str]

    def crowd(
        self, *, rooms: int, people: int, are_in: bool = True
    ) -> list[dict[str, Any]]:
        """Return rooms with a writer each, and participants distributed over them.

        With `are_in`, the participants have live sessions.
        """

    def history(self, *, messages: int) -> dict[str, Any] | None:
        """Return a room with so many messages and the cookie of a reader."""

    def lists(self, *, rooms: int, members: int) -> dict[str, Any] | None:
        """Return the cookie of a user with so many rooms."""

    def commits(self) -> int | None:
        """Return the number of transactions of the database; None if it is unknown."""

    def clear(self) -> None:
        """End all sessions, so that no server has to detect dead ones."""

    def close(self) -> None:
        """Remove everything."""


class NamedSite:
    """The site of a program that believes the names in cookies."""

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
        """Return None, because there is no history."""

    def lists(self, *, rooms: int, members: int) -> None:
        """Return None, because there are no lists."""

    def commits(self) -> None:
        """Return None, because there is no database."""

    def clear(self) -> None:
        """Do nothing, because the server keeps everything in memory."""

    def close(self) -> None:
        """Do nothing, because there is nothing to remove."""


class DatabaseSite:
    """A separate database, filled by another process."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._worker = Worker("tests.benchmarks.rows", environment)
        self.environment = {**environment, **self._worker.ask("create")}

    def crowd(self, **wanted: Any) -> list[dict[str, Any]]:
        """Insert participants and rooms."""
        made: list[dict[str, Any]] = self._worker.ask("crowd", **wanted)
        return made

    def history(self, *, messages: int) -> dict[str, Any]:
        """Insert a timeline, unless one of this length exists."""
        made: dict[str, Any] = self._worker.ask("history", messages=messages)
        return made

    def lists(self, *, rooms: int, members: int) -> dict[str, Any]:
        """Insert rooms, unless a user with that many exists."""
        made: dict[str, Any] = self._worker.ask("lists", rooms=rooms, members=members)
        return made

    def commits(self) -> int | None:
        """Return the count of the database, if there is one."""
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
    """A site with a new SQLite file."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        path = Path(self._folder.name) / "benchmark.sqlite3"
        super().__init__({"DATABASE_URL": f"sqlite:///{path}"})

    def close(self) -> None:
        """Remove the file."""
        super().close()
        self._folder.cleanup()


class PostgresSite(DatabaseSite):
    """A site with a new database on the server that `database` names, and with Redis."""

    def __init__(self, database: str, redis: str) -> None:
        super().__init__({"DATABASE_URL": database, "REDIS_URL": redis})
