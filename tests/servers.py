"""Real server processes on the test database, and HTTP clients for them."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import psutil
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection, connections

ROOT = Path(__file__).resolve().parent.parent
BASE = "/ocs/v2.php/apps/spreed/api/v1"

PATIENCE = 30.0
"""Seconds after which a test gives up on something that should have happened."""

ADDRESS = re.compile(r"running on (http://\S+)")


def _environment() -> dict[str, str]:
    """Return our own environment, without what would measure the server's coverage."""
    names = set(os.environ) - {"COVERAGE_PROCESS_CONFIG", "COVERAGE_PROCESS_START"}
    return {name: os.environ[name] for name in names}


class Server:
    """One process. `url` is known once it accepts connections."""

    def __init__(self, *command: str, **environment: str) -> None:
        self.url = ""
        self.log: list[str] = []
        self._ready = threading.Event()
        self.process = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env={**_environment(), "DATABASE_URL": database_url(), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if not self._ready.wait(PATIENCE) or not self.url:
            self.kill()
            raise AssertionError("".join(self.log))

    @property
    def port(self) -> int:
        """The port that it listens at."""
        return int(self.url.rpartition(":")[2])

    @property
    def threads(self) -> int:
        """How many threads the process has."""
        return psutil.Process(self.process.pid).num_threads()

    @property
    def database_connections(self) -> int:
        """How many connections to the test database the process has open."""
        if connection.vendor == "sqlite":
            name = str(connection.settings_dict["NAME"])
            process = psutil.Process(self.process.pid)
            return sum(file.path == name for file in process.open_files())
        return self.connections_to(int(connection.settings_dict["PORT"] or 5432))

    def connections_to(self, port: int) -> int:
        """How many connections to a port the process has open."""
        links = psutil.Process(self.process.pid).net_connections(kind="tcp")
        return sum(bool(link.raddr) and link.raddr.port == port for link in links)

    @property
    def client_connections(self) -> int:
        """How many clients are connected, or have gone without being noticed."""
        links = psutil.Process(self.process.pid).net_connections(kind="tcp")
        return sum(bool(link.raddr) and link.laddr.port == self.port for link in links)

    def terminate(self, number: int = signal.SIGTERM) -> int:
        """Ask the process to stop and return its exit code."""
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        """Wait for the end of the process and return its exit code."""
        code = self.process.wait(PATIENCE)
        self._close()
        return code

    def kill(self) -> None:
        """End the process, if it has not ended yet."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(PATIENCE)
        self._close()

    def _close(self) -> None:
        self._reader.join(PATIENCE)
        if self.process.stdout is not None:
            self.process.stdout.close()

    def _read(self) -> None:
        for line in self.process.stdout or ():
            self.log.append(line)
            if match := ADDRESS.search(line):
                self.url = match[1]
                self._ready.set()
        self._ready.set()


def uvicorn_server(port: int = 0, **environment: str) -> Server:
    """Start the example project under uvicorn, at any free port if none is named."""
    arguments = ["-m", "uvicorn", "tests.server:application", "--port", str(port)]
    return Server(*arguments, **environment)


def wsgi_server() -> Server:
    """Start the example project under plain WSGI."""
    return Server("-m", "tests.wsgi_server")


def database_url() -> str:
    """Return the URL of the test database, for other processes."""
    parameters = connection.settings_dict
    name = str(parameters["NAME"])
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    scheme = {"postgresql": "postgres"}.get(connection.vendor, connection.vendor)
    user = quote(parameters["USER"], safe="")
    secret = quote(parameters["PASSWORD"] or "", safe="")
    place = f"{parameters['HOST']}:{parameters['PORT'] or ''}".rstrip(":")
    return f"{scheme}://{user}:{secret}@{place}/{name}"


def session_cookie(user: Any) -> dict[str, str]:
    """Return the cookie of a browser in which `user` has logged in."""
    store = SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.save()
    return {settings.SESSION_COOKIE_NAME: str(store.session_key)}


async def in_database(work: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """Run work on the database for an asynchronous test, and leave no connection."""

    def run() -> Any:
        try:
            return work(*arguments, **options)
        finally:
            connections.close_all()

    return await asyncio.to_thread(run)


def open_client(
    server: Server, cookies: dict[str, str] | None = None
) -> httpx.AsyncClient:
    """Return a client with its own cookies that waits as long as the server does."""
    return httpx.AsyncClient(
        base_url=server.url,
        cookies=cookies,
        headers={"OCS-APIRequest": "true", "Accept": "application/json"},
        timeout=httpx.Timeout(90, pool=None),
        limits=httpx.Limits(max_connections=None),
        verify=False,  # no TLS here, and its set-up is most of what a client costs
    )


async def poll(
    client: httpx.AsyncClient, token: str, after: int, seconds: int = 60
) -> httpx.Response:
    """Wait for messages after an id."""
    parameters = {"lookIntoFuture": 1, "lastKnownMessageId": after, "timeout": seconds}
    return await client.get(f"{BASE}/chat/{token}", params=parameters)


async def say(client: httpx.AsyncClient, token: str, text: str) -> int:
    """Post a message and return its id."""
    response = await client.post(f"{BASE}/chat/{token}", data={"message": text})
    assert response.status_code == 201, response.text
    return response.json()["ocs"]["data"]["id"]


async def until_waiting(server: Server, count: int) -> None:
    """Return when exactly `count` polls wait in the process."""
    async with httpx.AsyncClient(base_url=server.url) as client:
        await until(lambda found: found == count, lambda: _waiters(client))


async def until(is_right: Callable[[Any], bool], look: Callable[[], Any]) -> None:
    """Look again and again until it is right; fail when patience has ended."""
    async with asyncio.timeout(PATIENCE):
        while not is_right(await look()):  # noqa: ASYNC110 - the other one is a process
            await asyncio.sleep(0.02)


async def _waiters(client: httpx.AsyncClient) -> int:
    return int((await client.get("/waiters")).text)
