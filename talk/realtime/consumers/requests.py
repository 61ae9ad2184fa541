"""The consumer of requests that are answered at once."""

from __future__ import annotations

from talk.realtime.consumers.base import TalkConsumer
from talk.realtime.hub import Hub


class RequestConsumer(TalkConsumer):
    """Serves a request whose caller is not remembered.

    Django's handler would use a thread, and with it a database connection, for each
    request; the hub's threads are few.
    """

    async def _serve(self, hub: Hub) -> None:
        body = await self._read_body()
        if body is not None:
            _, response, _ = await self._admit(hub, None, body)
            await self._send(response)
