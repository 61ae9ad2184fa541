"""A consumer that takes messages from callers who are remembered."""

from __future__ import annotations

from functools import partial

from talk.api.polls.sending import MessageRequest
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
        key = hub.remembered_callers.sender_key_of(self.scope)
        remembered = hub.remembered_callers.recall(key) if key is not None else None
        if remembered is not None and isinstance(remembered.caller, MessageRequest):
            send = partial(remembered.caller.send, self.scope, body)
            answer = await hub.admissions.run(send)
            if answer is not None:
                metrics.posts += 1
                await self._send(answer, remembered.headers)
                return
        remembered, answer, cookies = await self._admit(hub, key, body)
        headers = remembered.headers + cookies if remembered is not None else ()
        await self._send(answer, headers)
