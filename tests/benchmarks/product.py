"""The product: the example project, with a path that returns the number of waiting polls."""

from __future__ import annotations

from django.core.asgi import get_asgi_application

import talk.asgi

talk_application = talk.asgi.application(get_asgi_application())


async def application(scope, receive, send):
    """Serve the example project."""
    if scope["type"] != "http" or scope["path"] != "/waiters":
        await talk_application(scope, receive, send)
        return
    from talk.realtime.hub import current_hub

    # Without polls that still read from the database or write their presence.
    asleep = [
        waiter
        for room in current_hub().rooms
        for waiter in room.waiters
        if waiter.is_asleep
    ]
    count = str(len(asleep)).encode()
    headers = [(b"content-length", str(len(count)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": count})
