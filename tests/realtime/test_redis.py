"""Hints over a real Redis."""

from __future__ import annotations

import asyncio
import os
import sys

import pytest
from channels.layers import channel_layers

from talk import hints
from talk.hints import Hint

pytestmark = [pytest.mark.redis, pytest.mark.asyncio]

SAY_AND_END = """
import django
django.setup()
from talk import hints
hints.publish([hints.Hint(room_id=7, position=3)])
"""


async def test_a_command_publishes_its_last_hint_before_it_ends() -> None:
    layer = channel_layers.make_backend("default")  # of this loop alone
    channel = await layer.new_channel()
    for group in hints.group_names():
        await layer.group_add(group, channel)
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        # A host name needs a thread to resolve it, and an interpreter that exits has none.
        "REDIS_URL": os.environ["REDIS_URL"].replace("127.0.0.1", "localhost"),
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", SAY_AND_END),
        env=environment,
        stderr=asyncio.subprocess.PIPE,
    )
    _, errors = await process.communicate()

    assert errors == b""
    async with asyncio.timeout(30):
        message = await layer.receive(channel)
    assert hints.parse(message) == [Hint(room_id=7, position=3)]
    for group in hints.group_names():
        await layer.group_discard(group, channel)
    await layer.close_pools()
