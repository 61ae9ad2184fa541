"""The app beside a real signaling server, and people who use both."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from django.contrib.auth import get_user_model

from tests.external_signaling import SECRET
from tests.programs import SIGNALING, Program, free_port, need, start_signaling
from tests.servers import BASE, Server, session_cookie, until, uvicorn_server
from tests.signaling_client import SignalingClient


@dataclass
class Site:
    """The app and the signaling server that it has configured."""

    folder: Path
    port: int
    app: Server
    signaling: Program | None = None

    @property
    def backend(self) -> str:
        """The address that clients name to the signaling server."""
        return f"{self.app.url}{BASE}/signaling/backend"

    def start_signaling(self, secret: str = SECRET) -> None:
        """Start the signaling server, or start it again."""
        self.signaling = start_signaling(
            self.folder / "signaling",
            port=self.port,
            backend=self.app.url,
            secret=secret,
        )

    def stop_signaling(self) -> None:
        """End the signaling server."""
        if self.signaling is not None:
            self.signaling.stop()
            self.signaling = None

    async def until_logged(self, text: str) -> None:
        """Return when the app's log has this text."""

        async def log() -> str:
            return "".join(self.app.log)

        await until(lambda found: text in found, log)


@dataclass
class Person:
    """Somebody with a browser: requests to the app, and a web socket."""

    site: Site
    user_id: str
    http: httpx.AsyncClient
    socket: SignalingClient
    session_id: str = ""

    async def ask(self, method: str, path: str, **data: Any) -> Any:
        """Send a request to the app, which must succeed; return the data."""
        is_form = method in ("POST", "PUT")
        participant = {"data": data} if is_form else {"params": data}
        response = await self.http.request(method, f"{BASE}{path}", **participant)
        assert response.is_success, response.text
        return response.json()["ocs"]["data"]

    async def settings(self) -> Any:
        """Return what the app says about servers."""
        return await self.ask("GET", "/signaling/settings")

    async def hello(self) -> dict[str, Any]:
        """Show our ticket to the signaling server; return its answer."""
        ticket = (await self.settings())["ticket"]
        return await self.socket.hello(self.site.backend, self.user_id, ticket)

    async def join(self, token: str) -> dict[str, Any]:
        """Join a room of the app, then enter it; return the signaling server's answer."""
        joined = await self.ask("POST", f"/room/{token}/participants/active")
        self.session_id = joined["sessionId"]
        return await self.socket.enter(token, self.session_id)

    async def arrive(self, token: str) -> None:
        """Do all that it takes to be in a room."""
        assert (await self.hello())["type"] == "hello"
        assert (await self.join(token))["type"] == "room"
        await self.socket.joined(self.session_id)


def start_site(folder: Path, **talk: Any) -> Site:
    """Start the app, which has a signaling server configured that is not started."""
    need(SIGNALING, "nextcloud-spreed-signaling")
    port = free_port()
    entry = {"server": f"http://127.0.0.1:{port}", "secret": SECRET}
    talk = {"SIGNALING_SERVERS": [entry], **talk}
    return Site(folder, port, uvicorn_server(TALK=json.dumps(talk)))


def cookie_of(name: str) -> dict[str, str]:
    """Return the cookie of a user's browser."""
    return session_cookie(get_user_model().objects.get(username=name))
