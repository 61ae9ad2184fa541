"""A real HTTP server that takes what signaling servers are told."""

from __future__ import annotations

import json
import ssl
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PATIENCE = 30.0


@dataclass(frozen=True)
class Received:
    """One request: its path, headers and body."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def content(self) -> dict[str, Any]:
        """The content of the body."""
        return json.loads(self.body)


@dataclass
class Receiver:
    """Notes all requests, in the order of their arrival.

    `statuses` are those of the first answers; later ones are 200. `hang` lets requests
    wait until it is set; None is no waiting.
    """

    context: ssl.SSLContext | None = None
    statuses: list[int] = field(default_factory=list)
    hang: threading.Event | None = None
    received: list[Received] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._arrival = threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                body = self.rfile.read(length)
                status = receiver._note(
                    Received(self.path, dict(self.headers.items()), body)
                )
                self.send_response(status)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        if self.context is not None:
            self._server.socket = self.context.wrap_socket(
                self._server.socket, server_side=True
            )
        serve = self._server.serve_forever
        self._thread = threading.Thread(target=serve, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def contents(self) -> list[dict[str, Any]]:
        """The contents of the bodies of all requests."""
        return [received.content for received in self.received]

    def wait_for(self, count: int) -> list[Received]:
        """Return all requests, once there are so many."""
        with self._arrival:
            assert self._arrival.wait_for(
                lambda: len(self.received) >= count, PATIENCE
            ), self.received
            return list(self.received)

    def close(self) -> None:
        """Stop listening."""
        if self.hang is not None:
            self.hang.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(PATIENCE)

    def _note(self, received: Received) -> int:
        with self._arrival:
            self.received.append(received)
            status = self.statuses.pop(0) if self.statuses else 200
            self._arrival.notify_all()
        if self.hang is not None:
            self.hang.wait(PATIENCE)
        return status
