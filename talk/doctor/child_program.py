"""The program of a child process: ``python -m talk.doctor.child_program TASK …``."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from typing import Any

import django


def write(value: Any) -> None:
    """Write a value for the parent process, as a line of JSON."""
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def read_cache(key: str) -> None:
    """Write the value that the cache has for a key."""
    from django.core.cache import caches

    from talk.conf import talk_settings

    write({"found": caches[talk_settings().CACHE].get(key)})


def listen() -> None:
    """Join the groups of hints as a hub does; write the channel, then each message."""
    asyncio.run(_listen())


async def _listen() -> None:
    from channels.layers import get_channel_layer

    from talk import hints
    from talk.conf import talk_settings

    layer = get_channel_layer(talk_settings().CHANNEL_LAYER)
    if layer is None:
        return
    channel = await layer.new_channel()
    for group in hints.group_names():
        await layer.group_add(group, channel)
    write(channel)
    while True:
        write(await layer.receive(channel))


TASKS: dict[str, Callable[..., None]] = {"cache": read_cache, "layer": listen}

if __name__ == "__main__":
    django.setup()
    TASKS[sys.argv[1]](*sys.argv[2:])
