"""The data of responses."""

from __future__ import annotations

from typing import Any


def group_of(token: str) -> str:
    """Return the group of the channel layer for a room."""
    return f"room.{token}"


def wrap(status: int, data: Any) -> dict[str, Any]:
    """Return data in the API's envelope."""
    name = "ok" if status < 400 else "failure"
    return {
        "ocs": {
            "meta": {"status": name, "statuscode": status, "message": "OK"},
            "data": data,
        }
    }


def render_message(message: Any, token: str) -> dict[str, Any]:
    """Return a message whose author was selected with it."""
    user = message.actor_user
    return {
        "id": message.pk,
        "token": token,
        "actorType": message.actor_type,
        "actorId": user.get_username() if user else "",
        "actorDisplayName": user.get_full_name() if user else "",
        "timestamp": int(message.created_at.timestamp()),
        "message": message.text,
        "messageParameters": [],
        "systemMessage": message.system_message,
    }


def render_room(participant: Any, last_message: Any) -> dict[str, Any]:
    """Return a room whose participants and sessions were prefetched."""
    room = participant.room
    own = list(participant.sessions.all())
    return {
        "id": room.pk,
        "token": room.token,
        "type": room.type,
        "name": room.name,
        "displayName": room.name,
        "objectType": room.object_type or "",
        "objectId": room.object_id or "",
        "participantType": participant.type,
        "participantInCall": any(session.in_call for session in own),
        "participantFlags": max((session.in_call for session in own), default=0),
        "count": sum(bool(one.sessions.all()) for one in room.participants.all()),
        "hasPassword": bool(room.password),
        "hasCall": room.active_since is not None,
        "lastActivity": int(room.last_activity.timestamp())
        if room.last_activity
        else 0,
        "unreadMessages": room.comment_count - participant.read_comments,
        "unreadMention": participant.last_mention > participant.read_comments,
        "isFavorite": participant.favorite,
        "notificationLevel": participant.notification_level or 2,
        "lastPing": max((int(one.last_ping.timestamp()) for one in own), default=0),
        "sessionId": own[0].session_id if own else "0",
        "participants": {
            one.user.get_username(): {
                "name": one.user.get_full_name(),
                "type": one.type,
                "call": max((s.in_call for s in one.sessions.all()), default=0),
                "sessionId": next((s.session_id for s in one.sessions.all()), "0"),
            }
            for one in room.participants.all()
            if one.user is not None
        },
        "numGuests": sum(one.user is None for one in room.participants.all()),
        "guestList": "",
        "lastMessage": (
            render_message(last_message, room.token) if last_message else []
        ),
    }
