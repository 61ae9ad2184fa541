"""A channel layer that forgets its members after two seconds."""

from __future__ import annotations

import asyncio
import json
import signal

import pytest

from tests.client import TalkClient
from tests.factories import UserFactory
from tests.faults.conftest import DEAF, Start
from tests.faults.crowd import Crowd, Site
from tests.faults.servers import OwnRedis
from tests.faults.verify import diagnose, verify_at_rest, verify_conversation
from tests.servers import open_client, say, session_cookie, until

pytestmark = [
    pytest.mark.faults,
    pytest.mark.postgres,
    pytest.mark.redis,
    pytest.mark.server,
    pytest.mark.django_db(transaction=True),
    pytest.mark.asyncio,
]

FORGETFUL = json.dumps({"group_expiry": 2})


@pytest.fixture
def elsewhere(transactional_db: None) -> tuple[dict[str, str], str]:
    """Somebody's cookie and the token of another room."""
    owner = UserFactory()
    return session_cookie(owner), TalkClient(owner).create_room()


async def test_hints_go_on_beyond_the_expiry_and_after_a_long_sleep(
    site: Site, elsewhere, start: Start, own_redis: OwnRedis, database_port: int
) -> None:
    sleeper, awake = servers = await asyncio.gather(
        start(CHANNEL_LAYER=FORGETFUL), start(CHANNEL_LAYER=FORGETFUL, TALK=DEAF)
    )
    fresh = [await diagnose(server) for server in servers]

    async def members() -> set[str]:
        return await asyncio.to_thread(own_redis.members)

    cookie, other_room = elsewhere
    async with (
        Crowd(site, [sleeper.url, awake.url]) as crowd,
        open_client(awake, cookie) as writer,
    ):

        async def members_after_a_hint() -> set[str]:
            # The sleeper may hold the lock of the room that all the others are in.
            await say(writer, other_room, "news")
            return await members()

        await crowd.start()
        await crowd.go_on(10)
        both = await members()
        assert len(both) == 2

        sleeper.process.send_signal(signal.SIGSTOP)
        # The layer forgets who is late when the next hint is sent.
        await until(lambda found: len(found) == 1, members_after_a_hint)
        sleeper.process.send_signal(signal.SIGCONT)
        await until(lambda found: found == both, members)
        await crowd.go_on(10)
        # Said at the one that slept: those of the other learn of it by a hint, or never.
        await crowd.finish()

        assert crowd.troubles == []
        await verify_conversation(crowd)
    for server, before in zip(servers, fresh, strict=True):
        await verify_at_rest(server, before, database_port=database_port)
