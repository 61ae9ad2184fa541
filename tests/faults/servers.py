"""A Redis and a PostgreSQL of their own for tests that stop them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.programs import Program, free_port, need
from tests.servers import PATIENCE, database_url

HOST = "127.0.0.1"


class OwnRedis:
    """A Redis that keeps nothing on disk."""

    def __init__(self, folder: Path) -> None:
        import redis  # the suite is also run without it

        self.port = free_port()
        self.url = f"redis://{HOST}:{self.port}/0"
        self._down = redis.ConnectionError
        self.client = redis.Redis(host=HOST, port=self.port)
        self._folder = folder
        self._program: Program | None = None

    def start(self) -> None:
        """Start it, empty, at its port."""
        self._program = Program(
            self._folder,
            *(need("redis-server", "redis-server"), "--bind", HOST),
            *("--port", str(self.port), "--save", "", "--appendonly", "no"),
        )
        self._program.wait_until(self._is_up)

    def stop(self) -> None:
        """Stop it and cut all connections."""
        self.client.close()
        if self._program is not None:
            self._program.stop()

    def members(self) -> set[str]:
        """Return the channels in the group of all hints."""
        groups = self.client.scan_iter("*:group:talk.hints.0")
        names = [self.client.zrange(group, 0, -1) for group in groups]
        return {name.decode() for group in names for name in group}

    def queued(self) -> list[int]:
        """Return the number of messages that wait for each process."""
        channels = self.client.scan_iter("*talk.hub.*!")
        return sorted(self.client.zcard(channel) for channel in channels)

    def _is_up(self) -> bool:
        try:
            return bool(self.client.ping())
        except self._down:
            return False


class OwnPostgres:
    """A cluster in its own folder, with a copy of the test database."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"postgres://postgres@{HOST}:{self.port}/postgres"
        self._folder = Path(tempfile.mkdtemp(prefix="talk-postgres-"))
        self._folder.chmod(0o755)
        self._data = self._folder / "data"
        self._data.mkdir(mode=0o700)
        if os.geteuid() == 0:
            # PostgreSQL refuses to run as root.
            shutil.chown(self._data, "postgres", "postgres")

    def start(self) -> None:
        """Create the cluster, start it and copy the test database into it."""
        text = ("--encoding", "UTF8", "--locale", "C.UTF-8")
        trust = ("--auth", "trust", "--username", "postgres")
        self._run("initdb", "--no-sync", *text, *trust)
        options = {
            "port": self.port,
            "listen_addresses": HOST,
            "unix_socket_directories": "",
            "fsync": "off",  # the machine itself does not crash
        }
        words = [f"-c {name}='{value}'" for name, value in options.items()]
        self._run("pg_ctl", "start", "-w", "-l", self._log, "-o", " ".join(words))
        copy = [_program("pg_dump"), "--no-owner", _as_libpq(database_url())]
        dump = subprocess.run(copy, stdout=subprocess.PIPE, check=True)
        paste = [_program("psql"), "-q", "-v", "ON_ERROR_STOP=1", _as_libpq(self.url)]
        quiet = subprocess.DEVNULL
        subprocess.run(paste, input=dump.stdout, stdout=quiet, check=True)

    def restart(self) -> None:
        """Stop it without waiting for connections, and start it; return when it is up."""
        self._run("pg_ctl", "restart", "-w", "-m", "fast", "-l", self._log)

    def stop(self) -> None:
        """Stop it for good and remove its folder."""
        if (self._data / "postmaster.pid").exists():
            self._run("pg_ctl", "stop", "-w", "-m", "immediate")
        shutil.rmtree(self._folder)

    @property
    def _log(self) -> str:
        return str(self._data / "log")

    def _run(self, program: str, *arguments: str) -> None:
        command = [_program(program), "-D", str(self._data), *arguments]
        if os.geteuid() == 0:
            command = ["runuser", "-u", "postgres", "--", *command]
        done = subprocess.run(
            command,
            cwd=self._folder,
            # The server inherits both, so reading them to the end would block.
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, f"{program} failed; see {self._log}"


def _program(name: str) -> str:
    """Return the path of a program of PostgreSQL; Debian does not put most in `PATH`."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(found[-1]) if found else need(name, "postgresql")


def _as_libpq(url: str) -> str:
    """Return a database URL in the form that PostgreSQL's programs accept."""
    return re.sub("^postgres:", "postgresql:", url)
