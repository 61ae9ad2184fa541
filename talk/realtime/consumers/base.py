"""A consumer that waits for news without holding a thread or a connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from channels.generic.http import AsyncHttpConsumer
from django.conf import settings
from django.http import HttpResponseBase
from rest_framework.response import Response

from talk.api.polls import SERVED_BY, SERVED_BY_HEADER, Poll
from talk.realtime.handler import PollHandler, adopt_headers
from talk.realtime.hub import Hub, Waiter, current_hub
from talk.realtime.pauses import patience


class PollConsumer(AsyncHttpConsumer):  # type: ignore[misc]  # Channels has no types
    """Serves the requests that may wait.

    Admission, looks and rendering run in the hub's database threads; between them
    there is only this coroutine. Channels dispatches nothing while `handle` runs, so
    it reads `receive` itself: that is how it notices a client that hangs up.
    """

    channel_layer_alias = None

    def __init__(self, handler: PollHandler) -> None:
        super().__init__()
        self._handler = handler

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Keep `receive`, which nobody else reads while `handle` runs."""
        self._receive = receive
        self._body_size = 0
        await super().__call__(scope, receive, send)

    async def http_request(self, message: dict[str, Any]) -> None:
        """Collect the body, which Channels would do without any limit.

        What is longer than the site allows is refused by the view, as everywhere;
        that needs one byte too many, and not the rest.
        """
        self._body_size += len(message.get("body", b""))
        longest = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if longest is not None and self._body_size > longest:
            message = {**message, "more_body": False}
        await super().http_request(message)

    async def handle(self, body: bytes) -> None:
        """Answer the request, now or when there is news."""
        hub = current_hub()
        if hub.is_stopped:
            await self.send_response(503, b"")
            return
        with hub.serving():
            admit = partial(self._handler.admit, self.scope, body)
            response, poll = await hub.admissions.run(admit)
            if poll is None:
                await self._send(response)
            else:
                await self._wait(hub, poll, response)

    async def _wait(self, hub: Hub, poll: Poll, stand_in: HttpResponseBase) -> None:
        """Answer when there is news, or there will be none; not if nobody is there."""
        gone = asyncio.create_task(self._hang_up())
        news: Any | None = None
        is_sent = False
        try:
            with hub.subscribe(poll) as waiter:
                news = await _find_news(hub, waiter, gone)
            answer = poll.expire if news is None else partial(poll.respond, news)
        except Exception as error:  # noqa: BLE001 - the view knows what it means
            answer = partial(poll.fail, error)
        try:
            if not gone.done():
                response = await self._finish(hub, poll, answer, stand_in)
                # It may have hung up meanwhile, and would never learn of this.
                if not gone.done():
                    await self._send(response)
                    is_sent = True
        finally:
            gone.cancel()
            if news is not None and poll.is_confirmed:
                confirm = partial(poll.confirm, news, is_sent=is_sent)
                await hub.threads.run(confirm)

    async def _finish(
        self,
        hub: Hub,
        poll: Poll,
        answer: Callable[[], Response],
        stand_in: HttpResponseBase,
    ) -> HttpResponseBase:
        if answer == poll.expire and poll.expires_as_stand_in:
            return stand_in
        response = await hub.threads.run(partial(poll.complete, answer))
        adopt_headers(response, stand_in)
        return response

    async def _hang_up(self) -> None:
        """Return when the client has gone."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _send(self, response: HttpResponseBase) -> None:
        """Send what Django would send for this response."""
        content: bytes = getattr(response, "content", b"")
        headers = [
            (name.encode("ascii"), value.encode("latin1"))
            for name, value in response.items()
        ]
        # Whoever sets up a site cannot see it otherwise: the fallback answers the same.
        headers.append((SERVED_BY_HEADER.encode(), SERVED_BY.encode()))
        headers += [
            (b"Set-Cookie", morsel.output(header="").strip().encode("ascii"))
            for morsel in response.cookies.values()
        ]
        await self.send_response(response.status_code, content, headers=headers)


async def _find_news(hub: Hub, waiter: Waiter, gone: asyncio.Future[Any]) -> Any | None:
    """Look and wait in turn until there is news.

    Returns None when the client is gone, the time is up, a newer poll has taken over
    or the hub drains.

    Raises:
        NotFound: the room, or the session that the poll depends on, is gone.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience(waiter.poll.timeout)
    while True:
        news = await hub.look(waiter)
        if news is not None:
            return news
        left = deadline - loop.time()
        if hub.is_draining or left <= 0:
            return None
        was_rung = await waiter.wait(gone, left)
        if gone.done() or waiter.is_superseded or not was_rung:
            return None
