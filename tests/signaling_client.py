"""A client of an external signaling server: as much of one as the tests need."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from types import TracebackType
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.servers import PATIENCE

Message = dict[str, Any]


class SignalingClient:
    """One web socket. Messages that nobody asked for yet are kept in their order."""

    def __init__(self, server: str) -> None:
        scheme, _, rest = server.partition("://")
        scheme = {"http": "ws", "https": "wss"}.get(scheme, scheme)
        self.url = f"{scheme}://{rest.removesuffix('/')}/spreed"
        self.unread: list[Message] = []
        self.public_id = ""
        self._number = 0
        self._socket: ClientConnection | None = None

    async def __aenter__(self) -> SignalingClient:
        """Connect."""
        self._socket = await connect(self.url, proxy=None)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Disconnect, if the server has not done so."""
        await self.socket.close()

    @property
    def socket(self) -> ClientConnection:
        """The open web socket."""
        assert self._socket is not None
        return self._socket

    async def ask(self, type: str, content: Message) -> Message:
        """Send a message and return the answer to it, which may be an error."""
        self._number += 1
        number = str(self._number)
        await self.socket.send(json.dumps({"id": number, "type": type, type: content}))
        return await self.until(lambda message: message.get("id") == number)

    async def hello(self, backend: str, user_id: str, ticket: str) -> Message:
        """Tell who we are; return the answer."""
        params = {"userid": user_id, "ticket": ticket}
        auth = {"url": backend, "params": params}
        answer = await self.ask("hello", {"version": "1.0", "auth": auth})
        if answer["type"] == "hello":
            self.public_id = answer["hello"]["sessionid"]
        return answer

    async def enter(self, token: str, session_id: str) -> Message:
        """Enter a room with the session id that the app has given; return the answer."""
        return await self.ask("room", {"roomid": token, "sessionid": session_id})

    async def leave(self) -> Message:
        """Leave the room; return the answer."""
        return await self.ask("room", {"roomid": ""})

    async def bye(self) -> Message:
        """Say goodbye; return the answer."""
        return await self.ask("bye", {})

    async def until(self, is_right: Callable[[Message], bool]) -> Message:
        """Return the first message that is right, and keep those before it."""
        for message in self.unread:
            if is_right(message):
                self.unread.remove(message)
                return message
        async with asyncio.timeout(PATIENCE):
            while not is_right(message := json.loads(await self.socket.recv())):
                self.unread.append(message)
        return message

    async def event(self, target: str, type: str) -> Any:
        """Return what the next event of this kind says."""

        def is_right(message: Message) -> bool:
            event = message.get("event", {})
            return (event.get("target"), event.get("type")) == (target, type)

        return (await self.until(is_right))["event"][type]

    async def joined(self, *roomsession_ids: str) -> dict[str, Message]:
        """Return, by their ids of the app, these sessions, once all are in the room."""
        found: dict[str, Message] = {}
        while not found.keys() >= set(roomsession_ids):
            for session in await self.event("room", "join"):
                found[session["roomsessionid"]] = session
        return found

    async def until_closed(self) -> None:
        """Return when the server has closed the connection; keep what came before."""
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    self.unread.append(json.loads(await self.socket.recv()))
                except ConnectionClosed:
                    return
