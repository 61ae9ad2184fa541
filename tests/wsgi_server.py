"""Serves the example project under plain WSGI, one thread a request. Prints its URL."""

from __future__ import annotations

import os
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"

from example_project.wsgi import application


class ThreadingServer(ThreadingMixIn, WSGIServer):
    """The standard library's WSGI server, for several requests at once."""

    daemon_threads = True


class QuietHandler(WSGIRequestHandler):
    """Does not log requests."""

    def log_message(self, *args: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    server = make_server(
        "127.0.0.1",
        0,
        application,
        server_class=ThreadingServer,
        handler_class=QuietHandler,
    )
    print(f"running on http://127.0.0.1:{server.server_port}", flush=True)  # noqa: T201 - how the tests learn it
    server.serve_forever()
