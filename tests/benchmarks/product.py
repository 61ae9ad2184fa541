"""The product: the example project, and one path more that tells how many polls wait."""

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

    count = str(current_hub().rooms.waiter_count).encode()
    headers = [(b"content-length", str(len(count)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": count})
