"""What a child process of the doctor does: ``python -m talk.doctor.child WORK …``."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from typing import Any

import django


def say(value: Any) -> None:
    """Tell the doctor something."""
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def read_cache(key: str) -> None:
    """Tell what the cache has under a key."""
    from django.core.cache import caches

    from talk.conf import talk_settings

    say({"found": caches[talk_settings().CACHE].get(key)})


def listen() -> None:
    """Join the groups of hints as a hub does; tell one's channel, then all that comes."""
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
    say(channel)
    while True:
        say(await layer.receive(channel))


WORK: dict[str, Callable[..., None]] = {"cache": read_cache, "layer": listen}

if __name__ == "__main__":
    django.setup()
    WORK[sys.argv[1]](*sys.argv[2:])
