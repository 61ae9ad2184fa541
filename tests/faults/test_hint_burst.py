"""More hints at once than the capacity of the channel layer."""

from __future__ import annotations

import asyncio
import json
import signal

import pytest

from tests.client import TalkClient
from tests.factories import UserFactory
from tests.faults.clients import Clients, Site
from tests.faults.conftest import Start
from tests.faults.servers import OwnRedis
from tests.faults.verify import diagnose, verify_at_rest, verify_messages
from tests.servers import (
    PATIENCE,
    open_client,
    poll,
    say,
    session_cookie,
    until_waiting,
)

pytestmark = [
    pytest.mark.faults,
    pytest.mark.postgres,
    pytest.mark.redis,
    pytest.mark.server,
    pytest.mark.django_db(transaction=True),
    pytest.mark.asyncio,
]

CAPACITY = 10
SMALL_CAPACITY = json.dumps({"capacity": CAPACITY})
ROOMS = 3 * CAPACITY


@pytest.fixture
def rooms(transactional_db: None) -> tuple[dict[str, str], list[tuple[str, int]]]:
    """The cookie of a user, and the token and last message of each of their rooms."""
    owner = UserFactory()
    client = TalkClient(owner)
    tokens = [client.create_room() for _ in range(ROOMS)]
    return session_cookie(owner), [(each, client.say(each, "first")) for each in tokens]


async def test_rooms_whose_hints_were_dropped_are_reconciled(
    site: Site, rooms, start: Start, own_redis: OwnRedis, database_port: int
) -> None:
    cookie, participants = rooms
    servers = await asyncio.gather(
        *(start(CHANNEL_LAYER=SMALL_CAPACITY) for _ in range(2))
    )
    here, there = servers
    fresh = [await diagnose(server) for server in servers]
    async with (
        Clients(site, [here.url, there.url]) as clients,
        open_client(here, cookie) as writer,
        open_client(there, cookie) as reader,
    ):
        waiting = [
            asyncio.create_task(poll(reader, token, last))
            for token, last in participants
        ]
        await until_waiting(there, ROOMS)
        await clients.start()
        await clients.write_more(5)

        there.process.send_signal(signal.SIGSTOP)
        said = [await say(writer, token, "news") for token, _ in participants]
        assert max(await asyncio.to_thread(own_redis.queued)) == CAPACITY
        there.process.send_signal(signal.SIGCONT)

        answers = await asyncio.wait_for(asyncio.gather(*waiting), PATIENCE)
        news = [answer.json()["ocs"]["data"] for answer in answers]
        assert [[each["id"] for each in one] for one in news] == [[n] for n in said]
        await clients.write_more(5)
        await clients.finish()

        assert clients.failures == []
        await verify_messages(clients)
    for server, before in zip(servers, fresh, strict=True):
        await verify_at_rest(server, before, database_port=database_port)
