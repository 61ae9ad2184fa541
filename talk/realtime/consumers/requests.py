"""A consumer for all other requests of the API, which are answered at once."""

from __future__ import annotations

from talk.realtime.consumers.base import TalkConsumer
from talk.realtime.hub import Hub


class RequestConsumer(TalkConsumer):
    """Serves requests whose callers need not be remembered.

    Django's handler has a thread, and with it a database connection, for each
    request under way. Here they wait for one of the hub's.
    """

    async def _serve(self, hub: Hub) -> None:
        body = await self._read_body()
        if body is not None:
            _, answer, _ = await self._admit(hub, None, body)
            await self._send(answer)
