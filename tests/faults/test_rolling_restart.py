"""One process after the other is replaced, without a proxy."""

from __future__ import annotations

import asyncio
import json
import signal

import pytest

from tests.faults.clients import Clients, Site
from tests.faults.conftest import Start
from tests.faults.servers import OwnRedis
from tests.faults.verify import diagnose, verify_at_rest, verify_messages
from tests.servers import Server

pytestmark = [
    pytest.mark.faults,
    pytest.mark.postgres,
    pytest.mark.redis,
    pytest.mark.server,
    pytest.mark.django_db(transaction=True),
    pytest.mark.asyncio,
]


async def test_no_client_gets_an_error_or_a_partial_response(
    site: Site, start: Start, own_redis: OwnRedis, database_port: int
) -> None:
    first = await asyncio.gather(start(), start())
    second: list[Server] = []
    fresh = []
    async with Clients(site, [server.url for server in first]) as clients:
        await clients.start()
        await clients.write_more(10)
        for old in first:
            old.process.send_signal(signal.SIGTERM)
            await asyncio.to_thread(old.wait)
            second.append(await start(port=old.port))
            fresh.append(await diagnose(second[-1]))
            await clients.write_more(10)
        await clients.finish()

        await verify_messages(clients)
        # Only connections to a socket that was just being closed are cut off: every
        # request that reached a process got a complete response.
        assert [failure for failure in clients.failures if not failure.is_cut] == []
        counted = [final_counts(server) for server in first]
        counted += [(await diagnose(server))["requests"] for server in second]
        answers = sum(client.answers for client in clients.all_clients)
        assert sum(each["begun"] for each in counted) == answers
        assert sum(each["answered"] for each in counted) == answers
    # The stopped processes have left the group.
    assert len(await asyncio.to_thread(own_redis.members)) == len(second)
    for server, before in zip(second, fresh, strict=True):
        await verify_at_rest(server, before, database_port=database_port)


def final_counts(server: Server) -> dict[str, int]:
    """Return the counts of requests that a stopped process has logged."""
    (line,) = [line for line in server.log if line.startswith("requests ")]
    return json.loads(line.removeprefix("requests "))
