"""The channel layer: does it carry hints from one process to another?"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator
from typing import Any

from channels.layers import InMemoryChannelLayer, channel_layers, get_channel_layer

from talk import hints
from talk.conf import talk_settings
from talk.doctor.child_process import NoSettingsModule, start_child
from talk.doctor.findings import Finding, ProbeOptions, failed, ok, skipped, warning
from talk.hints import Hint

LAYER, HINTS = "channel layer", "hints"

ARRIVE_SECONDS = 10.0
"""A message that has not arrived by then is lost."""

CAPACITY_MIN = 100
"""Hints that may wait for a process; the default of all layers."""

GROUP_EXPIRY_MIN = 300
"""Seconds after which a layer forgets a member; hubs renew theirs every 60."""

PROBE_TYPE = "talk.doctor"
"""Type of a message that no consumer handles."""


def probe_channel_layer(options: ProbeOptions) -> Iterator[Finding]:
    """Send a message to a child process, and a hint as requests publish it."""
    alias = talk_settings().CHANNEL_LAYER
    layer = get_channel_layer(alias)
    if layer is None or isinstance(layer, InMemoryChannelLayer):
        yield warning(
            LAYER,
            f"{alias!r} does not reach other processes: with several processes, messages "
            "of the others arrive seconds late.",
            "With more than one process, configure channels_redis in CHANNEL_LAYERS.",
        )
        yield skipped(HINTS, "Hints stay in this process.")
        return
    yield from _configuration_findings(layer)
    try:
        yield from asyncio.run(_send_elsewhere(alias))
    except NoSettingsModule as error:
        yield skipped(LAYER, str(error))


def _configuration_findings(layer: Any) -> Iterator[Finding]:
    """Check the options of the layer, as far as it has them as attributes."""
    capacity = getattr(layer, "capacity", CAPACITY_MIN)
    if capacity < CAPACITY_MIN:
        yield warning(
            LAYER,
            f"Its capacity is {capacity}: under load it drops hints, and "
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
    # A new one: the connections of the site's own belong to another event loop.
    layer = channel_layers.make_backend(alias)
    nonce = secrets.token_hex(8)
    channel = ""
    try:
        async with asyncio.timeout(ARRIVE_SECONDS):
            # If the layer is down, fail here and not in the child.
            own = await layer.new_channel()
            await layer.send(own, {"type": PROBE_TYPE})
            await layer.receive(own)
        async with start_child("layer") as child:
            channel = await child.read()
            message = {"type": PROBE_TYPE, "nonce": nonce}
            await layer.send(channel, message)
            is_shared = await _receives(child, lambda received: received == message)
            if not is_shared:
                return [_not_shared(alias)]
            # No room has a negative primary key.
            hint = Hint(room_id=-1 - secrets.randbelow(2**31), position=0)
            hints.publish([hint])
            has_arrived = await _receives(
                child, lambda received: _contains(received, hint)
            )
    finally:
        if channel:
            # The child was killed and could not leave the groups.
            for group in hints.group_names():
                await layer.group_discard(group, channel)
        if hasattr(layer, "close_pools"):
            await layer.close_pools()
    shared = ok(LAYER, f"{alias!r} carries messages to another process.")
    return [shared, _hint_finding(has_arrived=has_arrived)]


async def _receives(child: Any, matches: Any) -> bool:
    """Wait for a message; the site's own processes send others."""
    try:
        async with asyncio.timeout(ARRIVE_SECONDS):
            while not matches(await child.read(ARRIVE_SECONDS)):
                pass
    except TimeoutError:
        return False
    return True


def _contains(message: Any, hint: Hint) -> bool:
    is_ours = isinstance(message, dict) and message.get("type") == hints.MESSAGE_TYPE
    return is_ours and hint in hints.parse(message)


def _not_shared(alias: str) -> Finding:
    return failed(
        LAYER,
        f"Messages sent through {alias!r} do not arrive in another process.",
        "Configure channels_redis in CHANNEL_LAYERS, the same for all processes.",
    )


def _hint_finding(*, has_arrived: bool) -> Finding:
    if has_arrived:
        return ok(HINTS, "A hint of this process arrives in another.")
    return failed(
        HINTS,
        "A hint of this process does not arrive in another.",
        "Give all processes the same TALK['HUB_SHARDS'] and CHANNEL_LAYERS; the log "
        "of `talk.hub` may say more.",
    )
