"""A restart of PostgreSQL while clients write and read."""

from __future__ import annotations

import asyncio

import pytest

from tests.faults.clients import Clients, Site
from tests.faults.conftest import Start
from tests.faults.servers import OwnPostgres
from tests.faults.verify import diagnose, verify_at_rest, verify_messages

pytestmark = [
    pytest.mark.faults,
    pytest.mark.postgres,
    pytest.mark.redis,
    pytest.mark.server,
    pytest.mark.django_db(transaction=True),
    pytest.mark.asyncio,
]

SERVER_ERROR = (
    '500 {"ocs":{"meta":{"status":"failure","statuscode":500,'
    '"message":"Internal Server Error"},"data":[]}}'
)


async def test_acknowledged_messages_survive_and_all_clients_continue(
    site: Site, start: Start, own_postgres: OwnPostgres
) -> None:
    address = {"DATABASE_URL": own_postgres.url}
    servers = await asyncio.gather(start(**address), start(**address))
    fresh = [await diagnose(server) for server in servers]
    async with Clients(site, [server.url for server in servers]) as clients:
        await clients.start()
        await clients.write_more(20)

        await asyncio.to_thread(own_postgres.restart)
        restarted = asyncio.get_running_loop().time()
        await clients.write_more(20)
        await clients.finish()

        # Requests during the restart get an error in the envelope of the API. Later
        # requests succeed, regardless of the thread that serves them.
        assert {failure.reason for failure in clients.failures} <= {SERVER_ERROR}
        assert [one for one in clients.failures if one.began > restarted] == []
        await verify_messages(clients)
    for server, before in zip(servers, fresh, strict=True):
        await verify_at_rest(server, before, database_port=own_postgres.port)
