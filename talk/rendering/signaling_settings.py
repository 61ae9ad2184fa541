"""Settings that clients need for calls: signaling, STUN and TURN servers."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from talk.adapters import get_adapter
from talk.domain.ice_servers import choose_stun_server, choose_turn_server
from talk.domain.signaling_tickets import make_ticket
from talk.outgoing.signaling_server import choose_server

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def render_settings(*, user: User | None, now: datetime) -> dict[str, Any]:
    """Return the servers for calls, with the credentials of a user or a guest.

    API: Get signaling settings.
    """
    server = choose_server()
    user_id = get_adapter().user_id(user) if user is not None else ""
    return {
        "server": server.url if server is not None else "",
        "ticket": make_ticket(user_id=user_id, now=now),
        "stunservers": _render_stun_servers(),
        "turnservers": _render_turn_servers(now),
    }


def _render_stun_servers() -> list[dict[str, Any]]:
    server = choose_stun_server()
    if server is None:
        return []
    # Old clients read `url`, browsers `urls`.
    return [{"url": f"stun:{server}", "urls": [f"stun:{server}"]}]


def _render_turn_servers(now: datetime) -> list[dict[str, Any]]:
    turn = choose_turn_server(now=now)
    if turn is None:
        return []
    urls = [f"turn:{turn.server}?transport={name}" for name in turn.protocols]
    secret = {"username": turn.username, "credential": turn.credential}
    return [{"url": [url], "urls": [url], **secret} for url in urls]
