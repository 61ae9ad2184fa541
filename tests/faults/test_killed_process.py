"""One of two processes is killed."""

from __future__ import annotations

import asyncio

import pytest

from tests.faults.clients import Clients, Site
from tests.faults.conftest import Start
from tests.faults.verify import diagnose, verify_at_rest, verify_messages

pytestmark = [
    pytest.mark.faults,
    pytest.mark.postgres,
    pytest.mark.redis,
    pytest.mark.server,
    pytest.mark.django_db(transaction=True),
    pytest.mark.asyncio,
]


async def test_the_other_process_serves_all_clients(
    site: Site, start: Start, database_port: int
) -> None:
    killed, other = await asyncio.gather(start(), start())
    fresh = await diagnose(other)
    async with Clients(site, [killed.url, other.url]) as clients:
        await clients.start()
        await clients.write_more(30)

        await asyncio.to_thread(killed.kill)
        await clients.write_more(30)
        await clients.finish()

        await verify_messages(clients)
        cut = [failure for failure in clients.failures if failure.is_cut]
        # Each client was cut off once at most, by the process that was killed.
        assert clients.failures == cut
        assert len(cut) <= len(clients.all_clients)
    await verify_at_rest(other, fresh, database_port=database_port)
