"""The channel layer: do hints get from one process to another?"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator
from typing import Any

from channels.layers import InMemoryChannelLayer, channel_layers, get_channel_layer

from talk import hints
from talk.conf import talk_settings
from talk.doctor.children import NoSettingsModule, start_child
from talk.doctor.findings import Finding, Request, failed, ok, skipped, warning
from talk.hints import Hint

LAYER, HINTS = "channel layer", "hints"

ARRIVE_SECONDS = 10.0
"""What is not there by then is lost."""

CAPACITY_MIN = 100
"""Hints that may wait for a process; the default of all layers."""

GROUP_EXPIRY_MIN = 300
"""Seconds after which a layer forgets a member; ours renew every 60."""

NONSENSE = "talk.doctor"
"""Type of a message that nobody waits for."""


def probe_layer(request: Request) -> Iterator[Finding]:
    """Have a child process receive a message, and a hint on its usual road."""
    alias = talk_settings().CHANNEL_LAYER
    layer = get_channel_layer(alias)
    if layer is None or isinstance(layer, InMemoryChannelLayer):
        yield warning(
            LAYER,
            f"{alias!r} does not reach other processes: with more than one, messages "
            "of the others arrive seconds late.",
            "With more than one process, configure channels_redis in CHANNEL_LAYERS.",
        )
        yield skipped(HINTS, "They stay in this process.")
        return
    yield from _look_at(layer)
    try:
        yield from asyncio.run(_send_elsewhere(alias))
    except NoSettingsModule as error:
        yield skipped(LAYER, str(error))


def _look_at(layer: Any) -> Iterator[Finding]:
    """Judge what the layer was configured with, as far as it tells."""
    capacity = getattr(layer, "capacity", CAPACITY_MIN)
    if capacity < CAPACITY_MIN:
        yield warning(
            LAYER,
            f"Its capacity is {capacity}: in busy moments hints are dropped, and "
            "messages arrive seconds late.",
            f"Leave out `capacity`, or set it to {CAPACITY_MIN} or more.",
        )
    expiry = getattr(layer, "group_expiry", GROUP_EXPIRY_MIN)
    if expiry < GROUP_EXPIRY_MIN:
        yield warning(
            LAYER,
            f"It forgets the members of groups after {expiry} seconds.",
            f"Leave out `group_expiry`, or set it to {GROUP_EXPIRY_MIN} or more.",
        )


async def _send_elsewhere(alias: str) -> list[Finding]:
    # One of its own: the site's keeps its connections for another event loop.
    layer = channel_layers.make_backend(alias)
    nonce = secrets.token_hex(8)
    channel = ""
    try:
        async with asyncio.timeout(ARRIVE_SECONDS):
            # A layer that is down says so here, and not in the child.
            own = await layer.new_channel()
            await layer.send(own, {"type": NONSENSE})
            await layer.receive(own)
        async with start_child("layer") as child:
            channel = await child.hear()
            message = {"type": NONSENSE, "nonce": nonce}
            await layer.send(channel, message)
            is_shared = await _hear(child, lambda heard: heard == message)
            if not is_shared:
                return [_not_shared(alias)]
            # No room has such a key.
            hint = Hint(room_id=-1 - secrets.randbelow(2**31), position=0)
            hints.publish([hint])
            has_come = await _hear(child, lambda heard: _has(heard, hint))
    finally:
        if channel:
            # The child is gone by now, and cannot take its leave.
            for group in hints.group_names():
                await layer.group_discard(group, channel)
        if hasattr(layer, "close_pools"):
            await layer.close_pools()
    shared = ok(LAYER, f"{alias!r} carries messages to another process.")
    return [shared, _hint_finding(has_come=has_come)]


async def _hear(child: Any, is_meant: Any) -> bool:
    """Wait for a message among those that the site's own processes send."""
    try:
        async with asyncio.timeout(ARRIVE_SECONDS):
            while not is_meant(await child.hear(ARRIVE_SECONDS)):
                pass
    except TimeoutError:
        return False
    return True


def _has(message: Any, hint: Hint) -> bool:
    is_ours = isinstance(message, dict) and message.get("type") == hints.MESSAGE_TYPE
    return is_ours and hint in hints.parse(message)


def _not_shared(alias: str) -> Finding:
    return failed(
        LAYER,
        f"What is sent through {alias!r} does not arrive in another process.",
        "Configure channels_redis in CHANNEL_LAYERS, for all processes the same.",
    )


def _hint_finding(*, has_come: bool) -> Finding:
    if has_come:
        return ok(HINTS, "A hint of this process arrives where polls wait in another.")
    return failed(
        HINTS,
        "A hint of this process does not arrive in another.",
        "Give all processes the same TALK['HUB_SHARDS'] and CHANNEL_LAYERS; the log "
        "of `talk.hub` may say more.",
    )
