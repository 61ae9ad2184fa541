"""The ASGI application: consumers serve polls, Django serves the rest."""

from __future__ import annotations

from urllib.parse import parse_qs

from django.core.asgi import get_asgi_application

django_application = get_asgi_application()

from tests.benchmarks.plain import consumers  # noqa: E402 - models need Django

chat = consumers.ChatConsumer.as_asgi()
signaling = consumers.SignalingConsumer.as_asgi()


async def application(scope, receive, send):
    """Serve one request."""
    if scope["type"] == "lifespan":
        await _live(receive, send)
        return
    path = scope["path"]
    if path == "/waiters":
        body = str(len(consumers.waiting)).encode()
        headers = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})
    elif scope["method"] == "GET" and "/signaling/" in path:
        await signaling(scope, receive, send)
    elif scope["method"] == "GET" and "/chat/" in path and _waits(scope):
        await chat(scope, receive, send)
    else:
        await django_application(scope, receive, send)


def _waits(scope):
    given = parse_qs(scope["query_string"].decode())
    return given.get("lookIntoFuture") == ["1"]


async def _live(receive, send):
    while (message := await receive())["type"] != "lifespan.shutdown":
        await send({"type": f"{message['type']}.complete"})
    await send({"type": "lifespan.shutdown.complete"})
