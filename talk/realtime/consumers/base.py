"""The common part of the consumers: admitting callers, reading bodies, responding."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from channels.consumer import AsyncConsumer
from django.conf import settings

from talk.api.admitted_requests import AdmittedRequest
from talk.api.polls.base import SERVED_BY, SERVED_BY_HEADER, Poll
from talk.api.responses import Headers, RenderedResponse
from talk.realtime.admission import RequestHandler
from talk.realtime.hub import Hub, current_hub
from talk.realtime.metrics import metrics
from talk.realtime.remembered_callers import RememberedCaller
from talk.realtime.waiters import Receive

Send = Callable[[Mapping[str, Any]], Awaitable[None]]

ADMISSIONS_MAX = 5000
"""Requests that may wait to be admitted; later ones get a 503."""

SERVED_BY_TALK = (SERVED_BY_HEADER.encode(), SERVED_BY.encode())

UNAVAILABLE = RenderedResponse(503, ((b"Retry-After", b"5"),), b"")
"""The response of a process that has stopped, or has too much to do."""


class TalkConsumer(AsyncConsumer):  # type: ignore[misc]  # Channels has no types
    """Serves one HTTP request of the API on the event loop.

    All work on the database runs in the hub's threads, whose connections last. It
    answers the call itself instead of letting Channels dispatch messages: then it
    would see no disconnect while it serves a request.
    """

    channel_layer_alias = None

    def __init__(self, handler: RequestHandler) -> None:
        self._handler = handler

    async def __call__(
        self, scope: dict[str, Any], receive: Receive, send: Send
    ) -> None:
        """Answer the request."""
        self.scope = scope
        self._receive = receive
        self._send_event = send
        hub = current_hub()
        if hub.is_stopped:
            await self._send(UNAVAILABLE)
            return
        with hub.requests_in_flight:
            await self._serve(hub)

    @abstractmethod
    async def _serve(self, hub: Hub) -> None:
        """Answer the request with a hub that has not stopped."""

    async def _admit(
        self, hub: Hub, key: bytes | None, body: bytes
    ) -> tuple[RememberedCaller | None, RenderedResponse, Headers]:
        """Let the site admit the request, and remember its caller if there is a key.

        Returns the caller, the response, and the cookies for this client alone. The
        response is complete if the caller is None; otherwise the headers of all of the
        caller's responses are missing.
        """
        if hub.admission_threads.queue_length >= ADMISSIONS_MAX:
            metrics.refused += 1
            return None, UNAVAILABLE, ()
        metrics.admitted += 1
        since, rendered, request = await self._admit_once(hub, body)
        if isinstance(request, Poll) and hub.remembered_callers.have_logins_ended(
            request.account, since=since
        ):
            # The site may not have seen the end of the login. Admitting a poll has no
            # side effects, so it may be repeated.
            since, rendered, request = await self._admit_once(hub, body)
        if request is None:
            return None, rendered, ()
        response, headers, cookies = rendered.split_headers()
        remembered = hub.remembered_callers.make(request, response, headers)
        if key is not None:
            hub.remembered_callers.keep(key, remembered, since=since)
        return remembered, response, cookies

    async def _admit_once(
        self, hub: Hub, body: bytes
    ) -> tuple[int, RenderedResponse, AdmittedRequest | None]:
        """Return the change count before the admission, and its result."""
        since = hub.remembered_callers.change_count
        admit = partial(self._handler.admit, self.scope, body)
        response, request = await hub.admission_threads.run(admit)
        return since, response, request

    async def _read_body(self) -> bytes | None:
        """Return the body, None if the client disconnects.

        Of a body that is longer than the site allows, one byte too many is enough: the
        view refuses it as in every other request.
        """
        longest = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        parts: list[bytes] = []
        size = 0
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                return None
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            is_too_long = longest is not None and size > longest
            if is_too_long or not message.get("more_body", False):
                return b"".join(parts)

    async def _send(self, response: RenderedResponse, headers: Headers = ()) -> None:
        """Send a response, with further headers."""
        all_headers = [*headers, *response.headers, SERVED_BY_TALK]
        start = {"type": "http.response.start", "status": response.status}
        await self._send_event({**start, "headers": all_headers})
        await self._send_event({"type": "http.response.body", "body": response.body})
