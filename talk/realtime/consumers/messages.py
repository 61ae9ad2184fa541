"""The consumer of requests that send a message."""

from __future__ import annotations

from functools import partial

from talk.api.polls.sending import MessageRequest
from talk.realtime.consumers.base import TalkConsumer
from talk.realtime.hub import Hub
from talk.realtime.metrics import metrics


class MessageConsumer(TalkConsumer):
    """Serves a request that sends a message.

    A remembered caller's message is written without another admission.
    """

    async def _serve(self, hub: Hub) -> None:
        body = await self._read_body()
        if body is None:
            return
        key = hub.request_keys.of_message(self.scope)
        remembered = hub.remembered_callers.find(key) if key is not None else None
        if remembered is not None and isinstance(remembered.request, MessageRequest):
            send = partial(remembered.request.send, self.scope, body)
            response = await hub.admission_threads.run(send)
            if response is not None:
                metrics.posts += 1
                await self._send(response, remembered.headers)
                return
        remembered, response, cookies = await self._admit(hub, key, body)
        headers = remembered.headers + cookies if remembered is not None else ()
        await self._send(response, headers)
