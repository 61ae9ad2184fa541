"""A site of several processes with a Redis of its own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from django.db import connection

from tests.faults.clients import Site, make_site
from tests.faults.servers import OwnPostgres, OwnRedis
from tests.servers import Server, uvicorn_server

HINTS_ONLY = json.dumps({"POLL_RECONCILE_SECONDS": 3600})
"""`TALK` of a process that reconciles only after it may have missed hints."""

KEEP_ALIVE = {"UVICORN_TIMEOUT_KEEP_ALIVE": "600"}
"""A request on a connection that is just being closed as idle would count as a failure."""

Start = Callable[..., Awaitable[Server]]


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[OwnRedis]:
    """A Redis that the test may stop."""
    server = OwnRedis(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def site(transactional_db: None) -> Site:
    """A room with three users who write, and four users and two guests who read."""
    return make_site(writers=3, readers=4, guests=2)


@pytest.fixture
def own_postgres(site: Site) -> Iterator[OwnPostgres]:
    """A PostgreSQL cluster that the test may stop, with a copy of the site."""
    server = OwnPostgres()
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def start(transactional_db: None, own_redis: OwnRedis) -> Iterator[Start]:
    """Return a function that starts a server process with changes of its environment."""
    started: list[Server] = []

    async def start(port: int = 0, **environment: str) -> Server:
        environment = {"REDIS_URL": own_redis.url, **KEEP_ALIVE, **environment}
        server = await asyncio.to_thread(uvicorn_server, port, **environment)
        started.append(server)
        return server

    yield start
    for server in started:
        server.kill()


@pytest.fixture
def database_port() -> int:
    """The port of the server of the test database."""
    return int(connection.settings_dict["PORT"] or 5432)
