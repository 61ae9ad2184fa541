"""The example project as a server for browsers."""

from __future__ import annotations

import json
from typing import Any

from tests.programs import free_port
from tests.servers import Server


class Site:
    """A server that keeps its port when it is stopped and started again."""

    def __init__(self, **talk: Any) -> None:
        self.port = free_port()
        self.talk = talk
        self.server: Server | None = None

    @property
    def url(self) -> str:
        """The base URL. Browsers allow cameras on localhost without TLS."""
        return f"http://localhost:{self.port}"

    def start(self) -> None:
        """Start the server, unless it is running."""
        if self.server is not None:
            return
        arguments = ["-m", "uvicorn", "tests.browser.server:application"]
        self.server = Server(
            *arguments, "--port", str(self.port), TALK=json.dumps(self.talk)
        )

    def stop(self) -> None:
        """Kill the server, as a crash of its machine would."""
        if self.server is not None:
            self.server.kill()
            self.server = None

    def room(self, token: str) -> str:
        """Return the link to a room."""
        return f"{self.url}/call/{token}"
