"""One process after the other is replaced, with nothing in front of them."""

from __future__ import annotations

import asyncio
import json
import signal

import pytest

from tests.faults.conftest import Start
from tests.faults.crowd import Crowd, Site
from tests.faults.servers import OwnRedis
from tests.faults.verify import diagnose, verify_at_rest, verify_conversation
from tests.servers import Server

pytestmark = [
    pytest.mark.faults,
    pytest.mark.postgres,
    pytest.mark.redis,
    pytest.mark.server,
    pytest.mark.django_db(transaction=True),
    pytest.mark.asyncio,
]


async def test_nobody_gets_an_error_or_half_an_answer(
    site: Site, start: Start, own_redis: OwnRedis, database_port: int
) -> None:
    first = await asyncio.gather(start(), start())
    second: list[Server] = []
    fresh = []
    async with Crowd(site, [server.url for server in first]) as crowd:
        await crowd.start()
        await crowd.go_on(10)
        for old in first:
            old.process.send_signal(signal.SIGTERM)
            await asyncio.to_thread(old.wait)
            second.append(await start(port=old.port))
            fresh.append(await diagnose(second[-1]))
            await crowd.go_on(10)
        await crowd.finish()

        await verify_conversation(crowd)
        # Who is cut off has knocked at a door that was just being closed: everything
        # that a process was given to do has been answered in full.
        assert [trouble for trouble in crowd.troubles if not trouble.is_cut] == []
        counted = [last_words(server) for server in first]
        counted += [(await diagnose(server))["requests"] for server in second]
        answers = sum(person.answers for person in crowd.people)
        assert sum(each["begun"] for each in counted) == answers
        assert sum(each["answered"] for each in counted) == answers
    # Those that stopped have left the group.
    assert len(await asyncio.to_thread(own_redis.members)) == len(second)
    for server, before in zip(second, fresh, strict=True):
        await verify_at_rest(server, before, database_port=database_port)


def last_words(server: Server) -> dict[str, int]:
    """Return what a process has counted, once it has ended."""
    (line,) = [line for line in server.log if line.startswith("requests ")]
    return json.loads(line.removeprefix("requests "))
