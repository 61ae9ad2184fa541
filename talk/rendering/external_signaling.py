"""What clients and external signaling servers are told about calls."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from talk.adapters import get_adapter
from talk.domain.ice_servers import choose_stun_server, choose_turn_server
from talk.domain.signaling_tickets import make_ticket
from talk.exceptions import TalkError
from talk.models import Room
from talk.outgoing.signaling_server import choose_server

if TYPE_CHECKING:
    from django.contrib.auth.models import User

VERSION = "1.0"
"""Of what we and a signaling server say to each other."""


def render_settings(*, user: User | None, now: datetime) -> dict[str, Any]:
    """Return how a user, or a guest, finds the others of a call.

    API: Get signaling settings.
    """
    server = choose_server()
    user_id = get_adapter().user_id(user) if user is not None else ""
    return {
        "server": server.url if server is not None else "",
        "ticket": make_ticket(user_id=user_id, now=now),
        "stunservers": _render_stun(),
        "turnservers": _render_turn(now),
    }


def render_identity(user: User | None) -> dict[str, Any]:
    """Return who has shown a ticket; nobody in particular when it is a guest's.

    API: External signaling, `auth`.
    """
    auth: dict[str, Any] = {"version": VERSION}
    if user is not None:
        adapter = get_adapter()
        auth["userid"] = adapter.user_id(user)
        auth["user"] = {"displayname": adapter.display_name(user)}
    return {"type": "auth", "auth": auth}


def render_entered_room(room: Room) -> dict[str, Any]:
    """Return the room that somebody has entered or left.

    Without `permissions`, everybody in it may do everything.

    API: External signaling, `room`.
    """
    properties = {"name": room.name, "type": room.type}
    answer = {"version": VERSION, "roomid": room.token, "properties": properties}
    return {"type": "room", "room": answer}


def render_pinged_room(room: Room) -> dict[str, Any]:
    """Return the room whose sessions are there; the type is `room` here as well.

    API: External signaling, `ping`.
    """
    return {"type": "room", "room": {"version": VERSION, "roomid": room.token}}


def render_refusal(error: TalkError) -> dict[str, Any]:
    """Return why a server's request is refused; clients look at the code.

    API: External signaling, `error`.
    """
    reason = {"code": error.code, "message": error.message}
    return {"type": "error", "error": reason}


def _render_stun() -> list[dict[str, Any]]:
    server = choose_stun_server()
    if server is None:
        return []
    # Old clients know `url`, browsers `urls`.
    return [{"url": f"stun:{server}", "urls": [f"stun:{server}"]}]


def _render_turn(now: datetime) -> list[dict[str, Any]]:
    turn = choose_turn_server(now=now)
    if turn is None:
        return []
    urls = [f"turn:{turn.server}?transport={name}" for name in turn.protocols]
    secret = {"username": turn.username, "credential": turn.credential}
    return [{"url": [url], "urls": [url], **secret} for url in urls]
