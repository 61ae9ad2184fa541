"""A consumer that waits for news without holding a thread or a connection."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from rest_framework.response import Response

from talk.api.polls.base import Poll, PollResult
from talk.api.responses import Headers, RenderedResponse
from talk.exceptions import NotFound
from talk.hints import HintKind
from talk.realtime.consumers.base import TalkConsumer
from talk.realtime.hub import Hub
from talk.realtime.metrics import metrics
from talk.realtime.remembered_callers import RememberedCaller
from talk.realtime.waiters import Waiter

logger = logging.getLogger("talk.poll")

PROBE_SECONDS = 0.001
"""What a server is given to say that a client has hung up, which it knows already."""


class PollConsumer(TalkConsumer):
    """Serves the requests that may wait.

    Admission, looks and rendering run in threads; between them there is only this
    coroutine, which notices when a client hangs up that waits.
    """

    async def _serve(self, hub: Hub) -> None:
        """Answer now or when there is news; not if nobody is there any more."""
        admitted = await self._identify(hub)
        if admitted is None:
            return
        remembered, poll, cookies = admitted
        began = asyncio.get_running_loop().time()
        outcome, found, is_sent = "failed", None, False
        try:
            outcome, found, answer = await self._answer(hub, remembered, poll)
            # It may have hung up meanwhile, and would never learn of this.
            if poll.is_confirmed and await self._has_hung_up():
                outcome = "gone"
            if outcome != "gone":
                await self._send(answer, remembered.headers + cookies)
                is_sent = answer.status < 500
        finally:
            await self._confirm(hub, poll, found, is_sent=is_sent)
        metrics.polls[outcome] += 1
        waited = asyncio.get_running_loop().time() - began
        logger.debug("%s after %.3f s: %s %s", outcome, waited, poll.kind, poll.token)

    async def _identify(
        self, hub: Hub
    ) -> tuple[RememberedCaller, Poll, Headers] | None:
        """Return the caller, their poll and their cookies; None for one who may not wait.

        Who may not has been answered.
        """
        asked = hub.remembered_callers.key_of(self.scope)
        key, numbers = asked if asked is not None else (None, {})
        remembered = hub.remembered_callers.recall(key) if key is not None else None
        if remembered is not None and isinstance(remembered.caller, Poll):
            metrics.recalled += 1
            # Most ask next time as they did last time, and share what they asked.
            remembered.caller = poll = remembered.caller.again(numbers)
            return remembered, poll, ()
        body = await self._read_body()
        if body is None:
            return None
        remembered, answer, cookies = await self._admit(hub, key, body)
        if remembered is None or not isinstance(remembered.caller, Poll):
            await self._send(answer)
            return None
        return remembered, remembered.caller, cookies

    async def _answer(
        self, hub: Hub, remembered: RememberedCaller, poll: Poll
    ) -> tuple[str, PollResult | RenderedResponse | None, RenderedResponse]:
        """Return how the poll ends, what was found for it, and its answer."""
        make: Callable[[], Response]
        outcome, found = "failed", None
        try:
            if hub.rooms.has_place_for(remembered):
                waiter = hub.rooms.subscribe(remembered, poll)
                try:
                    await hub.arrive(waiter)
                    outcome, found = await self._find_news(hub, waiter)
                    if waiter.is_doubted and outcome != "gone":
                        # Whatever has been found may not be for them any more.
                        await self._confirm(hub, poll, found, is_sent=False)
                        outcome, found = "doubted", None
                finally:
                    hub.rooms.unsubscribe(waiter)
            else:
                outcome = "refused"
        except Exception as error:  # noqa: BLE001 - the view knows what it means
            make = partial(poll.fail, error)
            outcome = "over" if isinstance(error, NotFound) else "failed"
        else:
            if isinstance(found, RenderedResponse):
                return outcome, found, found
            if outcome == "gone" or (found is None and poll.kind is HintKind.TIMELINE):
                return outcome, None, remembered.answer
            make = poll.expire if found is None else partial(poll.respond, found.news)
        return outcome, found, await hub.threads.run(partial(poll.form.make, make))

    async def _find_news(
        self, hub: Hub, waiter: Waiter
    ) -> tuple[str, PollResult | RenderedResponse | None]:
        """Look and wait in turn until there is news; return how it ended.

        Raises:
            NotFound: the room, or what the poll depends on there, is gone.
        """
        loop = asyncio.get_running_loop()
        while True:
            found = await hub.look(waiter)
            if found is not None:
                return "answered", found
            if hub.is_draining:
                return "drained", None
            if waiter.is_superseded or waiter.is_doubted:
                return "superseded", None
            if loop.time() >= waiter.deadline:
                return "expired", None
            was_rung = await waiter.wait(self._receive)
            if waiter.answer is not None:
                return "answered", waiter.answer
            if waiter.is_gone:
                return "gone", None
            if not was_rung:
                return "expired", None

    async def _confirm(
        self,
        hub: Hub,
        poll: Poll,
        found: PollResult | RenderedResponse | None,
        *,
        is_sent: bool,
    ) -> None:
        """Say whether what was found has left, where that makes a difference."""
        if isinstance(found, PollResult) and poll.is_confirmed:
            confirm = partial(poll.confirm, found.news, is_sent=is_sent)
            await hub.threads.run(confirm)

    async def _has_hung_up(self) -> bool:
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                while (await self._receive())["type"] != "http.disconnect":
                    pass
        except TimeoutError:
            return False
        return True
