"""A consumer that waits for news without holding a thread or a connection."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from channels.generic.http import AsyncHttpConsumer
from django.conf import settings
from rest_framework.response import Response

from talk.api.answers import Answer, Headers
from talk.api.polls import Look, Poll
from talk.hints import Kind
from talk.realtime.handler import PollHandler
from talk.realtime.hub import Hub, current_hub
from talk.realtime.metrics import metrics
from talk.realtime.seats import Seat
from talk.realtime.waiters import Waiter

logger = logging.getLogger("talk.poll")

ADMISSIONS_MAX = 5000
"""Polls that may wait to be admitted; later ones are told to come again."""

UNAVAILABLE = Answer(503, ((b"Retry-After", b"5"),), b"")
"""What a process says that has stopped, or has too much to do."""


class PollConsumer(AsyncHttpConsumer):  # type: ignore[misc]  # Channels has no types
    """Serves the requests that may wait.

    Admission, looks and rendering run in the hub's database threads; between them
    there is only this coroutine. Channels would hand each message to the thread that
    all consumers share and see none while `handle` runs; so this one reads `receive`
    itself, which is also how it notices a client that hangs up.
    """

    channel_layer_alias = None

    def __init__(self, handler: PollHandler) -> None:
        super().__init__()
        self._handler = handler

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer the request, now or when there is news."""
        self.scope = scope
        self.base_send = send
        self._receive = receive
        self._cookies: Headers = ()
        hub = current_hub()
        if hub.is_stopped:
            await self._send(UNAVAILABLE)
            return
        with hub.serving():
            seat, poll = self._recall(hub)
            if seat is None:
                seat = await self._admit(hub)
                poll = seat.poll if seat is not None else None
            if seat is not None and poll is not None:
                await self._wait(hub, seat, poll)

    def _recall(self, hub: Hub) -> tuple[Seat | None, Poll | None]:
        """Return the seat of a caller who is remembered, and what they ask for now."""
        self._key = None
        asked = hub.seats.key_of(self.scope)
        if asked is None:
            return None, None
        self._key, numbers = asked
        seat = hub.seats.recall(self._key)
        if seat is None:
            return None, None
        metrics.recalled += 1
        return seat, seat.poll.again(numbers)

    async def _admit(self, hub: Hub) -> Seat | None:
        """Have the site identify the caller; send the answer if there is no waiting."""
        body = await self._read_body()
        if body is None:
            return None
        if hub.admissions.queue_length >= ADMISSIONS_MAX:
            await self._send(UNAVAILABLE)
            return None
        metrics.admitted += 1
        moment = hub.seats.moment
        admit = partial(self._handler.admit, self.scope, body)
        admission = await hub.admissions.run(admit)
        poll = admission.poll
        if poll is None:
            await self._send(admission.answer)
            return None
        expired, headers, self._cookies = admission.answer.taken_apart()
        seat = hub.seats.seat_for(poll, expired, headers, admission.guest_address)
        if self._key is not None:
            hub.seats.keep(self._key, seat, since=moment)
        return seat

    async def _read_body(self) -> bytes | None:
        """Return the body, None when the client has gone.

        Of one that is longer than the site allows, one byte too many is enough: it is
        refused by the view, as everywhere.
        """
        longest = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body = b""
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                return None
            more: bytes = message.get("body", b"")
            body += more
            is_too_long = longest is not None and len(body) > longest
            if is_too_long or not message.get("more_body", False):
                return body

    async def _wait(self, hub: Hub, seat: Seat, poll: Poll) -> None:
        """Answer when there is news, or there will be none; not if nobody is there."""
        began = asyncio.get_running_loop().time()
        gone = asyncio.create_task(self._hang_up())
        found: Look | Answer | None = None
        is_sent = False
        try:
            outcome, found, answer = await self._answer(hub, seat, poll, gone)
            # It may have hung up meanwhile, and would never learn of this.
            if not gone.done():
                await self._send(answer.with_headers(seat.headers + self._cookies))
                is_sent = True
        finally:
            gone.cancel()
            if isinstance(found, Look) and poll.is_confirmed:
                confirm = partial(poll.confirm, found.news, is_sent=is_sent)
                await hub.threads.run(confirm)
        outcome = outcome if is_sent else "gone"
        metrics.polls[outcome] += 1
        waited = asyncio.get_running_loop().time() - began
        logger.debug("%s after %.3f s: %s %s", outcome, waited, poll.kind, poll.token)

    async def _answer(
        self, hub: Hub, seat: Seat, poll: Poll, gone: asyncio.Future[Any]
    ) -> tuple[str, Look | Answer | None, Answer]:
        """Return how the poll ends, what was found for it, and its answer."""
        make: Callable[[], Response]
        outcome, found = "failed", None
        try:
            if hub.has_place_for(seat):
                with hub.subscribe(seat, poll) as waiter:
                    await hub.arrive(waiter)
                    outcome, found = await _find_news(hub, waiter, gone)
            else:
                outcome = "refused"
        except Exception as error:  # noqa: BLE001 - the view knows what it means
            make = partial(poll.fail, error)
        else:
            if isinstance(found, Answer):
                return outcome, found, found
            if found is None and poll.kind is Kind.TIMELINE:
                return outcome, None, seat.expired
            make = poll.expire if found is None else partial(poll.respond, found.news)
        if gone.done():
            return outcome, found, seat.expired
        return outcome, found, await hub.threads.run(partial(poll.form.make, make))

    async def _hang_up(self) -> None:
        """Return when the client has gone."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _send(self, answer: Answer) -> None:
        await self.send_response(
            answer.status, answer.body, headers=list(answer.headers)
        )


async def _find_news(
    hub: Hub, waiter: Waiter, gone: asyncio.Future[Any]
) -> tuple[str, Look | Answer | None]:
    """Look and wait in turn until there is news; return how it ended.

    Raises:
        NotFound: the room, or the session that the poll depends on, is gone.
    """
    loop = asyncio.get_running_loop()
    while True:
        found = await hub.look(waiter)
        if found is not None:
            return "answered", found
        if hub.is_draining:
            return "drained", None
        if waiter.is_superseded:
            return "superseded", None
        if loop.time() >= waiter.deadline:
            return "expired", None
        was_rung = await waiter.wait(gone)
        if waiter.answer is not None:
            return "answered", waiter.answer
        if gone.done():
            return "gone", None
        if not was_rung:
            return "expired", None
