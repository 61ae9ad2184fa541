"""Responses to requests of external signaling servers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talk.adapters import get_adapter
from talk.exceptions import TalkError
from talk.models import Room

if TYPE_CHECKING:
    from django.contrib.auth.models import User

VERSION = "1.0"
"""Version of the protocol between us and signaling servers."""


def render_identity(user: User | None) -> dict[str, Any]:
    """Return the user who owns a ticket; a guest's ticket has no user.

    API: External signaling, `auth`.
    """
    auth: dict[str, Any] = {"version": VERSION}
    if user is not None:
        adapter = get_adapter()
        auth["userid"] = adapter.user_id(user)
        auth["user"] = {"displayname": adapter.display_name(user)}
    return {"type": "auth", "auth": auth}


def render_entered_room(room: Room) -> dict[str, Any]:
    """Return the room that a session has entered or left.

    Without `permissions`, signaling servers allow every session everything.

    API: External signaling, `room`.
    """
    properties = {"name": room.name, "type": room.type}
    entered = {"version": VERSION, "roomid": room.token, "properties": properties}
    return {"type": "room", "room": entered}


def render_pinged_room(room: Room) -> dict[str, Any]:
    """Return the room whose sessions were pinged; the type is `room` here as well.

    API: External signaling, `ping`.
    """
    return {"type": "room", "room": {"version": VERSION, "roomid": room.token}}


def render_refusal(error: TalkError) -> dict[str, Any]:
    """Return the reason for refusing a request; servers evaluate the code.

    API: External signaling, `error`.
    """
    reason = {"code": error.code, "message": error.message}
    return {"type": "error", "error": reason}
