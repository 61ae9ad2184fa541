"""The consumer of requests that may wait, without a thread or a connection each."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from types import MappingProxyType

from rest_framework.response import Response

from talk.api.polls.base import Poll, PollResult
from talk.api.responses import Headers, RenderedResponse
from talk.exceptions import NotFound
from talk.hints import HintKind
from talk.realtime.consumers.base import TalkConsumer
from talk.realtime.hub import Hub
from talk.realtime.metrics import metrics
from talk.realtime.outcomes import Outcome
from talk.realtime.remembered_callers import RememberedCaller
from talk.realtime.waiters import Waiter

logger = logging.getLogger("talk.poll")

PROBE_SECONDS = 0.001
"""How long a server may take to report a disconnect that it knows of already."""


class PollConsumer(TalkConsumer):
    """Serves a request that may wait.

    Admission, fetches and rendering run in threads. Between them there is only this
    coroutine, which notices when the client disconnects.
    """

    async def _serve(self, hub: Hub) -> None:
        admitted = await self._find_or_admit(hub)
        if admitted is None:
            return
        remembered, poll, cookies = admitted
        waiter = hub.rooms.make_waiter(remembered, poll)
        is_sent = False
        try:
            outcome, error = await self._wait(hub, waiter)
            response = await RENDERERS[outcome](hub, waiter, error)
            if poll.is_confirmed and await self._has_disconnected():
                outcome = Outcome.DISCONNECTED
            if outcome is not Outcome.DISCONNECTED:
                await self._send(response, remembered.headers + cookies)
                is_sent = outcome is Outcome.ANSWERED and response.status < 500
        finally:
            await self._confirm(hub, waiter, is_sent=is_sent)
        metrics.polls[outcome] += 1
        seconds = asyncio.get_running_loop().time() - waiter.began
        logger.debug("%s after %.3f s: %s %s", outcome, seconds, poll.kind, poll.token)

    async def _find_or_admit(
        self, hub: Hub
    ) -> tuple[RememberedCaller, Poll, Headers] | None:
        """Return the caller, the poll and the cookies for this client.

        None if the request is not an admitted poll; then its response has been sent.
        """
        found = hub.request_keys.of_poll(self.scope)
        key, numbers = found if found is not None else (None, {})
        remembered = hub.remembered_callers.find(key) if key is not None else None
        if remembered is not None and isinstance(remembered.request, Poll):
            metrics.recalled += 1
            # Most polls of a client are equal, and share one object.
            remembered.request = poll = remembered.request.repeat(numbers)
            return remembered, poll, ()
        body = await self._read_body()
        if body is None:
            return None
        remembered, response, cookies = await self._admit(hub, key, body)
        if remembered is None or not isinstance(remembered.request, Poll):
            await self._send(response)
            return None
        return remembered, remembered.request, cookies

    async def _wait(self, hub: Hub, waiter: Waiter) -> tuple[Outcome, Exception | None]:
        """Return the outcome of the poll once it is decided, and the error if any."""
        if not hub.rooms.has_capacity_for(waiter.poll):
            return waiter.set_outcome(Outcome.REFUSED), None
        hub.rooms.subscribe(waiter)
        try:
            await hub.presence.note_arrival(waiter)
            return await self._wait_for_news(hub, waiter), None
        except NotFound as error:
            return waiter.set_outcome(Outcome.NOT_FOUND), error
        except Exception as error:  # noqa: BLE001 - the poll has a response to it
            return waiter.set_outcome(Outcome.FAILED), error
        finally:
            hub.rooms.unsubscribe(waiter)

    async def _wait_for_news(self, hub: Hub, waiter: Waiter) -> Outcome:
        """Fetch and wait in turn until the outcome is decided.

        Raises:
            NotFound: the room, or the session that the poll depends on, is gone.
        """
        loop = asyncio.get_running_loop()
        while (outcome := waiter.outcome) is None:
            news = await hub.waker.fetch_news(waiter)
            if news is not None:
                waiter.set_news(news)
            elif hub.is_draining:
                waiter.set_outcome(Outcome.DRAINED)
            elif loop.time() >= waiter.deadline or (
                waiter.outcome is None and not await waiter.wait(self._receive)
            ):
                waiter.set_outcome(Outcome.EXPIRED)
        return outcome

    async def _confirm(self, hub: Hub, waiter: Waiter, *, is_sent: bool) -> None:
        """Tell the poll whether its news was sent, if that makes a difference."""
        result = waiter.news
        if isinstance(result, PollResult) and waiter.poll.is_confirmed:
            confirm = partial(waiter.poll.confirm, result.news, is_sent=is_sent)
            await hub.threads.run(confirm)

    async def _has_disconnected(self) -> bool:
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                while (await self._receive())["type"] != "http.disconnect":
                    pass
        except TimeoutError:
            return False
        return True


async def _render_news(
    hub: Hub, waiter: Waiter, error: Exception | None
) -> RenderedResponse:
    if isinstance(waiter.news, RenderedResponse):
        return waiter.news
    news = waiter.news.news if waiter.news is not None else None
    return await _render_in_thread(hub, waiter, partial(waiter.poll.respond, news))


async def _render_no_news(
    hub: Hub, waiter: Waiter, error: Exception | None
) -> RenderedResponse:
    if waiter.poll.kind is HintKind.TIMELINE:
        return waiter.remembered.response
    return await _render_in_thread(hub, waiter, waiter.poll.respond_without_news)


async def _render_error(
    hub: Hub, waiter: Waiter, error: Exception | None
) -> RenderedResponse:
    respond = partial(waiter.poll.respond_to_error, error or NotFound())
    return await _render_in_thread(hub, waiter, respond)


async def _render_nothing(
    hub: Hub, waiter: Waiter, error: Exception | None
) -> RenderedResponse:
    """Return a response that is not sent."""
    return waiter.remembered.response


async def _render_in_thread(
    hub: Hub, waiter: Waiter, respond: Callable[[], Response]
) -> RenderedResponse:
    render = partial(waiter.poll.response_format.render, respond)
    return await hub.threads.run(render)


Renderer = Callable[[Hub, Waiter, Exception | None], Awaitable[RenderedResponse]]

RENDERERS: Mapping[Outcome, Renderer] = MappingProxyType(
    {
        Outcome.ANSWERED: _render_news,
        Outcome.EXPIRED: _render_no_news,
        Outcome.SUPERSEDED: _render_no_news,
        Outcome.DRAINED: _render_no_news,
        Outcome.REFUSED: _render_no_news,
        Outcome.LOGIN_ENDED: _render_no_news,
        Outcome.NOT_FOUND: _render_error,
        Outcome.FAILED: _render_error,
        Outcome.DISCONNECTED: _render_nothing,
    }
)
"""The answer to each outcome."""
