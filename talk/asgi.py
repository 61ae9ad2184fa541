"""The door for ASGI servers: long polls wait cheaply, messages are taken quickly, other
requests of the API share few threads, and all else goes to Django.

Django's handler opens a thread and a database connection for each request under way.
What Talk serves below ``/ocs/`` runs in the hub's ``POLL_THREADS`` instead, so that a
thousand people may come at once. `HEAD`, pages and pictures are left to Django.

In a site's ``asgi.py``::

    application = talk.asgi.application(get_asgi_application())
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from enum import Enum, auto
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.handlers.asgi import get_script_prefix
from django.urls import Resolver404, resolve

PATHS_MAX = 4096
"""Paths whose views are remembered; there is one a room and kind of request."""

METHODS = frozenset({"GET", "POST", "PUT", "DELETE"})
"""What is served here; a HEAD could wait, and no client sends one."""

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
ASGIApplication = Callable[[Scope, Receive, Send], Awaitable[None]]


class RequestKind(Enum):
    """What requests of the API are, by how they are served."""

    POLL = auto()
    """May wait: a GET of signaling or of a chat. The view decides which of them do."""

    MESSAGE = auto()
    """Sends a message to a chat."""

    OTHER = auto()


def application(django_application: ASGIApplication) -> ASGIApplication:
    """Return an ASGI application that serves the API and passes on the rest.

    `django_application` is what `get_asgi_application` returns, or anything built
    around it. The API goes through the site's own middleware, whose answer to polls and
    messages counts for ``TALK["POLL_MEMORY_SECONDS"]``, but not through what
    `django_application` puts around Django. The `lifespan` protocol is answered here.
    """
    # Models may be imported only now that Django is set up, and sites import this
    # module before they do so.
    from talk.realtime.admission import RequestHandler
    from talk.realtime.consumers.messages import MessageConsumer
    from talk.realtime.consumers.polls import PollConsumer
    from talk.realtime.consumers.requests import RequestConsumer

    handler = RequestHandler()
    consumers: dict[RequestKind, ASGIApplication] = {
        RequestKind.POLL: PollConsumer.as_asgi(handler=handler),
        RequestKind.MESSAGE: MessageConsumer.as_asgi(handler=handler),
        RequestKind.OTHER: RequestConsumer.as_asgi(handler=handler),
    }

    async def talk_application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        kind = _kind_of(scope)
        serve = django_application if kind is None else consumers[kind]
        await serve(scope, receive, send)

    return talk_application


async def _live(receive: Receive, send: Send) -> None:
    """Start the hub with the server and stop it with the server."""
    from talk.realtime.hub import current_hub, stop_hub

    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            try:
                current_hub()
            except Exception as error:
                failed = "lifespan.startup.failed"
                await send({"type": failed, "message": str(error)})
                raise
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await stop_hub()
            await send({"type": "lifespan.shutdown.complete"})
            return


def _kind_of(scope: Scope) -> RequestKind | None:
    """Return what is served here, None for what Django serves.

    The path is looked up once, and only for methods that count.
    """
    if scope["type"] != "http" or scope["method"] not in METHODS:
        return None
    match scope["method"], _view_of(scope):
        case _, "":
            return None
        case "GET", "ChatViewSet" | "SignalingViewSet":
            return RequestKind.POLL
        case "POST", "ChatViewSet":
            return RequestKind.MESSAGE
        case _:
            return RequestKind.OTHER


def _view_of(scope: Scope) -> str:
    """Return the name of our view class that a path leads to, empty for all others."""
    prefix = get_script_prefix(scope)
    path: str = scope["path"]
    path = path.removeprefix(prefix) if prefix else path
    return _find_view(settings.ROOT_URLCONF, path) if "ocs/" in path else ""


@lru_cache(maxsize=PATHS_MAX)
def _find_view(urlconf: str, path: str) -> str:
    from talk.api.base import OCSViewSet

    try:
        view_class = getattr(resolve(path or "/", urlconf).func, "cls", None)
    except Resolver404:
        return ""
    is_ours = isinstance(view_class, type) and issubclass(view_class, OCSViewSet)
    return view_class.__name__ if is_ours and view_class is not None else ""
