"""A process's membership of the channel layer, kept alive whatever happens to it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from channels.layers import BaseChannelLayer

from talk import hints
from talk.hints import Hint
from talk.realtime.jitter import jittered_sleep
from talk.utils.rate_limited_log import RateLimitedLog

logger = logging.getLogger("talk.hub")

RETRY_SECONDS = 1.0
"""Pause before listening again after the channel layer has failed."""

RENEW_SECONDS_MAX = 60.0
"""Layers drop members after `group_expiry`, a day by default, and at once when their
Redis is flushed; this is long before the one and soon after the other."""

LEAVE_SECONDS = 1.0
"""How long a shutdown waits for a layer that does not respond."""


class Subscription:
    """Joins all groups of `talk.hints` and passes their hints to `dispatch`.

    Calls `catch_up` whenever hints may have been lost: at the start, and after each
    failure of the layer.
    """

    def __init__(
        self,
        layer: BaseChannelLayer,
        *,
        dispatch: Callable[[list[Hint]], None],
        catch_up: Callable[[], Awaitable[None]],
    ) -> None:
        self._layer = layer
        self._dispatch = dispatch
        self._catch_up = catch_up
        self._channel = ""
        self._failures = RateLimitedLog(logger)

    async def run(self) -> None:
        """Listen until cancelled; then leave the groups."""
        try:
            while True:
                try:
                    await self._listen()
                except Exception as error:  # noqa: BLE001 - whatever a layer raises
                    message = "No hints from the channel layer; only reconciling with the database"
                    self._failures.log(logging.ERROR, message, error=error)
                await jittered_sleep(RETRY_SECONDS)
        finally:
            await self._leave()

    async def _listen(self) -> None:
        if not self._channel:
            self._channel = await self._layer.new_channel("talk.hub")
        await self._join()
        await self._catch_up()
        async with asyncio.TaskGroup() as both:
            both.create_task(self._receive())
            both.create_task(self._renew())

    async def _receive(self) -> None:
        while True:
            message = await self._layer.receive(self._channel)
            self._dispatch(hints.parse(message))

    async def _renew(self) -> None:
        expiry = getattr(self._layer, "group_expiry", 4 * RENEW_SECONDS_MAX)
        while True:
            await jittered_sleep(min(expiry / 4, RENEW_SECONDS_MAX))
            await self._join()

    async def _join(self) -> None:
        async with asyncio.timeout(hints.LAYER_SECONDS):
            for group in hints.group_names():
                await self._layer.group_add(group, self._channel)

    async def _leave(self) -> None:
        """Leave the groups, so that the layer keeps no messages for this process."""
        if not self._channel:
            return
        try:
            async with asyncio.timeout(LEAVE_SECONDS):
                for group in hints.group_names():
                    await self._layer.group_discard(group, self._channel)
        except Exception:
            logger.debug("The channel layer could not be left", exc_info=True)
