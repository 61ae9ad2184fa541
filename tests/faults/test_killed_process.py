"""One of two processes dies without a word."""

from __future__ import annotations

import asyncio

import pytest

from tests.faults.conftest import Start
from tests.faults.crowd import Crowd, Site
from tests.faults.verify import diagnose, verify_at_rest, verify_conversation

pytestmark = [
    pytest.mark.faults,
    pytest.mark.postgres,
    pytest.mark.redis,
    pytest.mark.server,
    pytest.mark.django_db(transaction=True),
    pytest.mark.asyncio,
]


async def test_the_other_process_goes_on_with_all_its_clients(
    site: Site, start: Start, database_port: int
) -> None:
    doomed, other = await asyncio.gather(start(), start())
    fresh = await diagnose(other)
    async with Crowd(site, [doomed.url, other.url]) as crowd:
        await crowd.start()
        await crowd.go_on(30)

        await asyncio.to_thread(doomed.kill)
        await crowd.go_on(30)
        await crowd.finish()

        await verify_conversation(crowd)
        cut = [trouble for trouble in crowd.troubles if trouble.is_cut]
        # Each was cut off from the process that died, and from nothing else.
        assert crowd.troubles == cut
        assert len(cut) <= len(crowd.people)
    await verify_at_rest(other, fresh, database_port=database_port)
