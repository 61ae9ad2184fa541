"""The servers to measure; each is started anew for each figure."""

from __future__ import annotations

import math
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, Any

import psutil

from tests.benchmarks.sites import Site
from tests.benchmarks.sizes import Sizes
from tests.benchmarks.workers import ROOT, Worker

PATIENCE = 30.0

OPTIONS = (
    *("--no-access-log", "--timeout-keep-alive", "90", "--backlog", "4096"),
    *("--timeout-graceful-shutdown", "1"),
)
"""Options of all servers: no access log, idle connections stay open, and the shutdown does
not wait for the polls of clients that have disconnected."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A program, its database, and its number of processes."""

    name: str
    program: str
    engine: str = ""
    processes: int = 1
    environment: dict[str, str] = field(default_factory=dict)


PLAIN, PRODUCT = "plain.asgi", "product"

PLAIN_URLS = {"BENCHMARK_URLS": "tests.benchmarks.plain.urls"}

SUBJECTS = (
    Subject(name="bare", program="bare"),
    Subject(
        name="bare-headers",
        program="bare",
        environment={"BENCHMARK_HEADERS": "1"},
    ),
    Subject(
        name="plain-sqlite",
        program=PLAIN,
        engine="sqlite",
        environment=PLAIN_URLS,
    ),
    Subject(name="sqlite", program=PRODUCT, engine="sqlite"),
    Subject(
        name="plain-postgres",
        program=PLAIN,
        engine="postgres",
        environment=PLAIN_URLS,
    ),
    Subject(name="postgres", program=PRODUCT, engine="postgres"),
    Subject(name="postgres-2", program=PRODUCT, engine="postgres", processes=2),
)


class Bench:
    """A running subject, its site, and the process that generates its load."""

    def __init__(
        self, subject: Subject, site: Site, sizes: Sizes, *, is_kept: bool = False
    ) -> None:
        self.subject = subject
        self.is_kept = is_kept
        """Whether the subject is kept for the next figure."""
        self.site = site
        self.sizes = sizes
        environment = {**os.environ, **site.environment, **subject.environment}
        environment["DJANGO_SETTINGS_MODULE"] = "tests.benchmarks.settings"
        self._servers: list[Server] = []
        self._generator = Worker("tests.benchmarks.generator")
        try:
            for _ in range(subject.processes):
                self._servers.append(Server(subject.program, environment))
            for server in self._servers:
                server.wait()
        except BaseException:
            self.close()
            raise

    @property
    def waiters_max(self) -> float:
        """The maximum number of waiters that does not take too long."""
        is_plain = self.subject.program == PLAIN
        return self.sizes.plain_waiters if is_plain else math.inf

    def generate(self, family: str, **job: Any) -> dict[str, float]:
        """Generate the load of a family in a separate process."""
        addresses = [server.address for server in self._servers]
        pids = [server.process.pid for server in self._servers]
        try:
            figures: dict[str, float] = self._generator.ask(
                family, addresses=addresses, pids=pids, **job
            )
        except RuntimeError as error:
            raise RuntimeError(f"{error}\n{self.said()}") from None
        return figures

    def said(self) -> str:
        """Return the end of the servers' output."""
        return "".join(server.said()[-3000:] for server in self._servers)

    def stop(self) -> None:
        """Stop the servers."""
        for server in self._servers:
            server.stop()
        self._servers = []

    def close(self) -> None:
        """Stop all processes."""
        self._generator.close()
        self.stop()


class Server:
    """A uvicorn process."""

    def __init__(self, program: str, environment: dict[str, str]) -> None:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.address: tuple[str, int] = listener.getsockname()
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by stop
        target = f"tests.benchmarks.{program}:application"
        participant = ("--host", self.address[0], "--port", str(self.address[1]))
        self.process = psutil.Popen(
            [sys.executable, "-m", "uvicorn", target, *participant, *OPTIONS],
            cwd=ROOT,
            env=environment,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )

    def wait(self) -> None:
        """Return when it accepts connections."""
        end = time.monotonic() + PATIENCE
        while True:
            with socket.socket() as client:
                if client.connect_ex(self.address) == 0:
                    return
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"a server does not start:\n{self.said()}")
            time.sleep(0.05)

    def said(self) -> str:
        """Return its output."""
        self._log.seek(0)
        return self._log.read().decode(errors="replace")

    def stop(self) -> None:
        """Stop it by SIGTERM, so that it closes its database connections."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE)
            except psutil.TimeoutExpired:
                self.process.kill()
                self.process.wait(PATIENCE)
        self._log.close()


class Benches:
    """Starts subjects: anew for each figure, or the product only once.

    The other subjects do not detect disconnected clients, and would count them as waiters
    of the next figure.
    """

    def __init__(self, sites: dict[str, Site], sizes: Sizes, *, are_kept: bool) -> None:
        self._sites = sites
        self._sizes = sizes
        self._are_kept = are_kept
        self._kept: dict[str, Bench] = {}

    @contextmanager
    def running(self, subject: Subject) -> Iterator[Bench]:
        """Run a subject."""
        site = self._sites[subject.engine]
        is_kept = self._are_kept and subject.program == PRODUCT
        bench = self._kept.get(subject.name) or Bench(
            subject, site, self._sizes, is_kept=is_kept
        )
        if is_kept:
            self._kept[subject.name] = bench
        try:
            yield bench
        finally:
            if not is_kept:
                bench.close()
            site.clear()

    def close(self) -> None:
        """Stop the subjects that were kept."""
        for bench in self._kept.values():
            bench.close()


def chosen(names: Sequence[str], engines: Sequence[str]) -> list[Subject]:
    """Return the subjects with these names; without names, all."""
    return [
        subject
        for subject in SUBJECTS
        if (subject.name in names or not names) and subject.engine in (*engines, "")
    ]
