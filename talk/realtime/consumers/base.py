"""What consumers share: callers who are remembered, and answers as bytes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from channels.generic.http import AsyncHttpConsumer
from django.conf import settings

from talk.api.polls.base import SERVED_BY, SERVED_BY_HEADER, Poll
from talk.api.responses import Headers, RenderedResponse
from talk.realtime.admission import Admission, RequestHandler
from talk.realtime.hub import Hub, current_hub
from talk.realtime.metrics import metrics
from talk.realtime.remembered_callers import RememberedCaller
from talk.realtime.waiters import Receive

ADMISSIONS_MAX = 5000
"""Requests that may wait to be admitted; later ones are told to come again."""

SIGNATURE = (SERVED_BY_HEADER.encode(), SERVED_BY.encode())

UNAVAILABLE = RenderedResponse(503, ((b"Retry-After", b"5"),), b"")
"""What a process says that has stopped, or has too much to do."""


class TalkConsumer(AsyncHttpConsumer):  # type: ignore[misc]  # Channels has no types
    """Serves requests whose caller may be remembered.

    All work on the database runs in the hub's threads, whose connections last.
    Channels would hand each message to the thread that all consumers share and see
    none while a request is served; so this one reads `receive` itself.
    """

    channel_layer_alias = None

    def __init__(self, handler: RequestHandler) -> None:
        super().__init__()
        self._handler = handler

    async def __call__(
        self,
        scope: dict[str, Any],
        receive: Receive,
        send: Callable[[Mapping[str, Any]], Awaitable[None]],
    ) -> None:
        """Answer the request."""
        self.scope = scope
        self.base_send = send
        self._receive = receive
        hub = current_hub()
        if hub.is_stopped:
            await self._send(UNAVAILABLE)
            return
        with hub.requests_in_flight:
            await self._serve(hub)

    async def _serve(self, hub: Hub) -> None:
        raise NotImplementedError

    async def _admit(
        self, hub: Hub, key: bytes | None, body: bytes
    ) -> tuple[RememberedCaller | None, RenderedResponse, Headers]:
        """Have the site answer, and remember the caller if it says who that is.

        Returns the seat, and the answer with the cookies for this client alone. The
        answer is the whole one where there is no seat, and for a seat what it says.
        """
        if hub.admissions.queue_length >= ADMISSIONS_MAX:
            metrics.refused += 1
            return None, UNAVAILABLE, ()
        metrics.admitted += 1
        moment, admission = await self._ask_site(hub, body)
        caller = admission.caller
        if isinstance(caller, Poll) and hub.remembered_callers.have_logins_ended(
            caller.account, since=moment
        ):
            # The site may not have seen that yet. Asking about a poll again does nothing.
            moment, admission = await self._ask_site(hub, body)
            caller = admission.caller
        if caller is None:
            return None, admission.answer, ()
        answer, headers, cookies = admission.answer.taken_apart()
        remembered = hub.remembered_callers.seat_for(
            caller,
            answer,
            headers,
            marked=caller.read_comments if isinstance(caller, Poll) else 0,
            guest_address=admission.guest_address,
        )
        if key is not None:
            hub.remembered_callers.keep(key, remembered, since=moment)
        return remembered, answer, cookies

    async def _ask_site(self, hub: Hub, body: bytes) -> tuple[int, Admission]:
        """Return what the site says, and how many changes it has seen at least."""
        moment = hub.remembered_callers.moment
        admit = partial(self._handler.admit, self.scope, body)
        return moment, await hub.admissions.run(admit)

    async def _read_body(self) -> bytes | None:
        """Return the body, None when the client has gone.

        Of one that is longer than the site allows, one byte too many is enough: it is
        refused by the view, as everywhere.
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

    async def _send(self, answer: RenderedResponse, common: Headers = ()) -> None:
        """Send an answer, with what else stands in the header."""
        headers = [*common, *answer.headers, SIGNATURE]
        start = {"type": "http.response.start", "status": answer.status}
        await self.base_send({**start, "headers": headers})
        await self.base_send({"type": "http.response.body", "body": answer.body})
