"""A channel layer that drops its members after two seconds."""

from __future__ import annotations

import asyncio
import json
import signal

import pytest

from tests.client import TalkClient
from tests.factories import UserFactory
from tests.faults.clients import Clients, Site
from tests.faults.conftest import HINTS_ONLY, Start
from tests.faults.servers import OwnRedis
from tests.faults.verify import diagnose, verify_at_rest, verify_messages
from tests.servers import open_client, say, session_cookie, until

pytestmark = [
    pytest.mark.faults,
    pytest.mark.postgres,
    pytest.mark.redis,
    pytest.mark.server,
    pytest.mark.django_db(transaction=True),
    pytest.mark.asyncio,
]

SHORT_EXPIRY = json.dumps({"group_expiry": 2})


@pytest.fixture
def elsewhere(transactional_db: None) -> tuple[dict[str, str], str]:
    """The cookie of a user and the token of another room."""
    owner = UserFactory()
    return session_cookie(owner), TalkClient(owner).create_room()


async def test_hints_arrive_after_the_expiry_and_after_a_long_pause_of_a_process(
    site: Site, elsewhere, start: Start, own_redis: OwnRedis, database_port: int
) -> None:
    stopped, running = servers = await asyncio.gather(
        start(CHANNEL_LAYER=SHORT_EXPIRY),
        start(CHANNEL_LAYER=SHORT_EXPIRY, TALK=HINTS_ONLY),
    )
    fresh = [await diagnose(server) for server in servers]

    async def members() -> set[str]:
        return await asyncio.to_thread(own_redis.members)

    cookie, other_room = elsewhere
    async with (
        Clients(site, [stopped.url, running.url]) as clients,
        open_client(running, cookie) as writer,
    ):

        async def members_after_a_hint() -> set[str]:
            # The stopped process may hold the lock of the room of the other clients.
            await say(writer, other_room, "news")
            return await members()

        await clients.start()
        await clients.write_more(10)
        both = await members()
        assert len(both) == 2

        stopped.process.send_signal(signal.SIGSTOP)
        # The layer drops expired members when the next hint is sent.
        await until(lambda found: len(found) == 1, members_after_a_hint)
        stopped.process.send_signal(signal.SIGCONT)
        await until(lambda found: found == both, members)
        await clients.write_more(10)
        # The last message is posted at the process that was stopped. Without a hint, the
        # readers at the other one would never get it.
        await clients.finish()

        assert clients.failures == []
        await verify_messages(clients)
    for server, before in zip(servers, fresh, strict=True):
        await verify_at_rest(server, before, database_port=database_port)
