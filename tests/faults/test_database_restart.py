"""PostgreSQL is restarted under everybody's hands."""

from __future__ import annotations

import asyncio

import pytest

from tests.faults.conftest import Start
from tests.faults.crowd import Crowd, Site
from tests.faults.servers import OwnPostgres
from tests.faults.verify import diagnose, verify_at_rest, verify_conversation

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


async def test_what_was_acknowledged_is_there_and_all_go_on_by_themselves(
    site: Site, start: Start, own_postgres: OwnPostgres
) -> None:
    address = {"DATABASE_URL": own_postgres.url}
    servers = await asyncio.gather(start(**address), start(**address))
    fresh = [await diagnose(server) for server in servers]
    async with Crowd(site, [server.url for server in servers]) as crowd:
        await crowd.start()
        await crowd.go_on(20)

        await asyncio.to_thread(own_postgres.restart)
        restarted = asyncio.get_running_loop().time()
        await crowd.go_on(20)
        await crowd.finish()

        # Who asks while it is away is told so, in the words of the API; who asks later
        # notices nothing, whichever thread serves it.
        assert {trouble.reason for trouble in crowd.troubles} <= {SERVER_ERROR}
        assert [one for one in crowd.troubles if one.began > restarted] == []
        await verify_conversation(crowd)
    for server, before in zip(servers, fresh, strict=True):
        await verify_at_rest(server, before, database_port=own_postgres.port)
