"""Redis stops for ten seconds and comes back empty."""

from __future__ import annotations

import asyncio

import pytest

from tests.faults.conftest import DEAF, Start
from tests.faults.crowd import Crowd, Site
from tests.faults.servers import OwnRedis
from tests.faults.verify import diagnose, verify_at_rest, verify_conversation
from tests.servers import until

pytestmark = [
    pytest.mark.faults,
    pytest.mark.postgres,
    pytest.mark.redis,
    pytest.mark.server,
    pytest.mark.django_db(transaction=True),
    pytest.mark.asyncio,
]

AWAY_SECONDS = 10


async def test_people_go_on_talking_and_hints_come_back(
    site: Site, start: Start, own_redis: OwnRedis, database_port: int
) -> None:
    servers = await asyncio.gather(start(), start(), start(TALK=DEAF))
    fresh = [await diagnose(server) for server in servers]
    async with Crowd(site, [server.url for server in servers]) as crowd:
        await crowd.start()
        await crowd.go_on(10)

        await asyncio.to_thread(own_redis.stop)
        back = asyncio.create_task(asyncio.sleep(AWAY_SECONDS))
        await crowd.go_on(10)
        for server in servers[:2]:
            await crowd.catch_up(server.url)
        await back
        await asyncio.to_thread(own_redis.start)

        await until(lambda found: found == len(servers), lambda: members(own_redis))
        await crowd.go_on(10)
        # Those of the third process learn of the last word from a hint, or never.
        await crowd.finish()

        assert crowd.troubles == []
        await verify_conversation(crowd)
    for server, before in zip(servers, fresh, strict=True):
        await verify_at_rest(server, before, database_port=database_port)


async def members(redis: OwnRedis) -> int:
    return len(await asyncio.to_thread(redis.members))
