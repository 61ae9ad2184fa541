"""A consumer that takes messages from callers who are remembered."""

from __future__ import annotations

from functools import partial

from talk.api.views.chat import Sender
from talk.realtime.consumers.base import TalkConsumer
from talk.realtime.hub import Hub
from talk.realtime.metrics import metrics


class MessageConsumer(TalkConsumer):
    """Serves the requests that send a message.

    Whoever sends one after the other is known by the first: only what a message
    changes is left to do.
    """

    async def _serve(self, hub: Hub) -> None:
        body = await self._read_body()
        if body is None:
            return
        key = hub.seats.sender_key_of(self.scope)
        seat = hub.seats.recall(key) if key is not None else None
        if seat is not None and isinstance(seat.caller, Sender):
            send = partial(seat.caller.send, self.scope, body)
            answer = await hub.admissions.run(send)
            if answer is not None:
                metrics.posts += 1
                await self._send(answer, seat.headers)
                return
        seat, answer, cookies = await self._admit(hub, key, body)
        headers = seat.headers + cookies if seat is not None else ()
        await self._send(answer, headers)
