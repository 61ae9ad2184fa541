"""Redis is down for ten seconds and starts again empty."""

from __future__ import annotations

import asyncio

import pytest

from tests.faults.clients import Clients, Site
from tests.faults.conftest import HINTS_ONLY, Start
from tests.faults.servers import OwnRedis
from tests.faults.verify import diagnose, verify_at_rest, verify_messages
from tests.servers import until

pytestmark = [
    pytest.mark.faults,
    pytest.mark.postgres,
    pytest.mark.redis,
    pytest.mark.server,
    pytest.mark.django_db(transaction=True),
    pytest.mark.asyncio,
]

DOWN_SECONDS = 10


async def test_clients_continue_and_hints_arrive_again(
    site: Site, start: Start, own_redis: OwnRedis, database_port: int
) -> None:
    servers = await asyncio.gather(start(), start(), start(TALK=HINTS_ONLY))
    fresh = [await diagnose(server) for server in servers]
    async with Clients(site, [server.url for server in servers]) as clients:
        await clients.start()
        await clients.write_more(10)

        await asyncio.to_thread(own_redis.stop)
        back = asyncio.create_task(asyncio.sleep(DOWN_SECONDS))
        await clients.write_more(10)
        for server in servers[:2]:
            await clients.catch_up(server.url)
        await back
        await asyncio.to_thread(own_redis.start)

        await until(lambda found: found == len(servers), lambda: members(own_redis))
        await clients.write_more(10)
        # Without a hint, readers at the third process would never get the last message.
        await clients.finish()

        assert clients.failures == []
        await verify_messages(clients)
    for server, before in zip(servers, fresh, strict=True):
        await verify_at_rest(server, before, database_port=database_port)


async def members(redis: OwnRedis) -> int:
    return len(await asyncio.to_thread(redis.members))
