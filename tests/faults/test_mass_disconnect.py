"""A thousand clients disconnect while they wait."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from urllib.parse import urlsplit

import pytest

from tests.faults.clients import Clients, Site
from tests.faults.conftest import Start
from tests.faults.verify import diagnose, verify_at_rest, verify_messages
from tests.servers import BASE, Server, until_waiting

pytestmark = [
    pytest.mark.faults,
    pytest.mark.postgres,
    pytest.mark.redis,
    pytest.mark.server,
    pytest.mark.django_db(transaction=True),
    pytest.mark.asyncio,
]

WAVES = 2
CLIENTS = 510
"""Clients of a wave: few enough that all wait before the first poll expires."""

BATCH = 30
"""Clients that connect at once; the next ones connect when these wait."""


async def test_disconnected_clients_leave_nothing_behind_and_new_ones_work(
    site: Site, start: Start, database_port: int
) -> None:
    server = await start()
    fresh = await diagnose(server)
    for _ in range(WAVES):
        for number, connection in enumerate(await open_polls(server, site)):
            # Half of the connections are closed, the others aborted.
            if number % 2:
                connection.close()
            else:
                connection.transport.abort()
        await verify_at_rest(server, fresh, database_port=database_port)

    async with Clients(site, [server.url]) as clients:
        await clients.start()
        await clients.write_more(20)
        await clients.finish()
        assert clients.failures == []
        await verify_messages(clients)
    await verify_at_rest(server, fresh, database_port=database_port)


async def open_polls(server: Server, site: Site) -> list[asyncio.StreamWriter]:
    """Return the connections of a wave of clients, all of which wait."""
    connections = []
    for number in range(0, CLIENTS, BATCH):
        cookies = (BATCH // len(site.writers)) * site.writers
        coming = [send_poll(server, cookie, site) for cookie in cookies]
        connections += await asyncio.gather(*coming)
        await until_waiting(server, number + BATCH)
    return connections


async def send_poll(
    server: Server, cookies: Mapping[str, str], site: Site
) -> asyncio.StreamWriter:
    """Send a poll without an HTTP client, because a thousand of those are slow."""
    address = urlsplit(server.url)
    _, connection = await asyncio.open_connection(address.hostname, address.port)
    query = f"lookIntoFuture=1&lastKnownMessageId={site.start}&timeout=60"
    cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
    lines = [
        f"GET {BASE}/chat/{site.token}?{query} HTTP/1.1",
        f"Host: {address.netloc}",
        f"Cookie: {cookie}",
        "OCS-APIRequest: true",
        "Accept: application/json",
    ]
    connection.write("\r\n".join([*lines, "", ""]).encode())
    await connection.drain()
    return connection
