"""The example project as browsers see it, on a port that it keeps."""

from __future__ import annotations

import json
from typing import Any

from tests.programs import free_port
from tests.servers import Server


class Site:
    """A server that may be stopped and started again at the same address."""

    def __init__(self, **talk: Any) -> None:
        self.port = free_port()
        self.talk = talk
        self.server: Server | None = None

    @property
    def url(self) -> str:
        """The address. Browsers treat localhost as secure, as cameras need it."""
        return f"http://localhost:{self.port}"

    def start(self) -> None:
        """Serve, if it does not do so yet."""
        if self.server is not None:
            return
        arguments = ["-m", "uvicorn", "tests.browser.server:application"]
        self.server = Server(
            *arguments, "--port", str(self.port), TALK=json.dumps(self.talk)
        )

    def stop(self) -> None:
        """End the server, as if its machine had gone."""
        if self.server is not None:
            self.server.kill()
            self.server = None

    def room(self, token: str) -> str:
        """Return the link to a room."""
        return f"{self.url}/call/{token}"
