"""The application that server processes of the tests run: the example project, and
two paths of its own.

`/waiters` tells how many polls are waiting; `/diagnostics` tells as JSON what the
process keeps. At its end the process prints how many requests it was given and how
many of them it has answered.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import re
import threading
from collections import Counter

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"

from django.core.asgi import get_asgi_application

import talk.asgi

talk_application = talk.asgi.application(get_asgi_application())

OF_REQUESTS = re.compile(r"(talk\..*(Waiter|Consumer)|django\..*Request)$")
"""Classes of which nothing may be left when nobody is connected."""

requests: Counter[str] = Counter(begun=0, answered=0)


async def application(scope, receive, send):
    """Serve the example project."""
    if scope["type"] == "lifespan":
        await talk_application(scope, receive, send)
        print("requests", json.dumps(requests), flush=True)  # noqa: T201
    elif scope["type"] == "http" and scope["path"] in PATHS:
        body = PATHS[scope["path"]]().encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})
    else:
        await _count(scope, receive, send)


async def _count(scope, receive, send):
    async def note(message):
        await send(message)
        if message["type"] == "http.response.body":
            requests["answered"] += not message.get("more_body", False)

    requests["begun"] += 1
    await talk_application(scope, receive, note)


def _waiters() -> str:
    from talk.realtime.hub import current_hub

    return str(current_hub().rooms.waiter_count)


def _diagnostics() -> str:
    gc.collect()
    kept = [type(thing) for thing in gc.get_objects()]
    kept = [f"{cls.__module__}.{cls.__qualname__}" for cls in kept]
    tasks = [task.get_coro().__qualname__ for task in asyncio.all_tasks()]
    # Threads of a pool are told apart by a number.
    threads = [thread.name.rstrip("0123456789_-") for thread in threading.enumerate()]
    found = {
        "waiters": int(_waiters()),
        "tasks": Counter(tasks),
        "threads": Counter(threads),
        "objects": Counter(name for name in kept if OF_REQUESTS.match(name)),
        "requests": requests,
    }
    return json.dumps(found)


PATHS = {"/waiters": _waiters, "/diagnostics": _diagnostics}
