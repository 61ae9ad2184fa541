"""The ASGI application of a site that serves the API of Talk on its event loop.

Django's handler uses a thread and a database connection for each request. Requests of
the API below ``/ocs/`` run in the ``POLL_THREADS`` of the hub instead, and long polls
wait without a thread, so that a thousand clients may be connected at once. All other
requests (`HEAD`, pages, pictures) go to Django.

In a site's ``asgi.py``::

    application = talk.asgi.application(get_asgi_application())
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.handlers.asgi import get_script_prefix
from django.urls import Resolver404, resolve

from talk.api.request_kinds import RequestKind

PATHS_MAX = 4096
"""Paths whose request kinds are cached; each room has several."""

METHODS = frozenset({"GET", "POST", "PUT", "DELETE"})
"""Methods that are served here. A HEAD could wait, but no client sends one."""

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
ASGIApplication = Callable[[Scope, Receive, Send], Awaitable[None]]


def application(django_application: ASGIApplication) -> ASGIApplication:
    """Return an ASGI application that serves the API and passes on all other requests.

    `django_application` is the result of `get_asgi_application`, or an application
    around it. Requests of the API go through the site's own middleware, whose response
    to polls and messages counts for ``TALK["POLL_MEMORY_SECONDS"]``, but not through
    applications around Django. The `lifespan` protocol is handled here.
    """
    # Models can be imported only now that Django is set up; sites import this module
    # before that.
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
            await _run_lifespan(receive, send)
            return
        kind = _kind_of(scope)
        serve = django_application if kind is None else consumers[kind]
        await serve(scope, receive, send)

    return talk_application


async def _run_lifespan(receive: Receive, send: Send) -> None:
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
    """Return the kind of a request that is served here, None for Django's requests."""
    if scope["type"] != "http" or scope["method"] not in METHODS:
        return None
    prefix = get_script_prefix(scope)
    path: str = scope["path"]
    path = path.removeprefix(prefix) if prefix else path
    if "ocs/" not in path:
        return None
    kinds = _find_request_kinds(settings.ROOT_URLCONF, path)
    return kinds.get(scope["method"], RequestKind.OTHER) if kinds is not None else None


@lru_cache(maxsize=PATHS_MAX)
def _find_request_kinds(urlconf: str, path: str) -> Mapping[str, RequestKind] | None:
    """Return the request kinds of a path by method, None for paths outside the API."""
    from talk.api.base import OCSViewSet

    try:
        view_class = getattr(resolve(path or "/", urlconf).func, "cls", None)
    except Resolver404:
        return None
    if isinstance(view_class, type) and issubclass(view_class, OCSViewSet):
        return view_class.request_kinds
    return None
