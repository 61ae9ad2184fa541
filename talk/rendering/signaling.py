"""Sessions in a call, and connected sessions with their signaling messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from talk.adapters import get_adapter
from talk.domain.signaling_internal import SignalingUpdate
from talk.models import Participant, Session

NO_CONNECTED_USERS = [{"type": "usersInRoom", "data": []}]
"""The response to a session that is not in the room."""


def render_peers(sessions: Sequence[Session], *, token: str) -> list[dict[str, Any]]:
    """Return the sessions of a call.

    API: Get list of connected participants.
    """
    return [
        {
            "userId": _user_id(session.participant),
            "token": token,
            "lastPing": int(session.last_ping.timestamp()),
            "sessionId": session.session_id,
        }
        for session in sessions
    ]


def render_signaling_update(update: SignalingUpdate) -> list[dict[str, Any]]:
    """Return the messages for a session and, last, all connected sessions.

    API: internal signaling, GET.
    """
    users = [
        {
            "userId": _user_id(session.participant),
            "roomId": session.room_id,
            "lastPing": int(session.last_ping.timestamp()),
            "sessionId": session.session_id,
            "inCall": session.in_call,
        }
        for session in update.sessions
    ]
    messages = [
        {"type": "message", "data": message.text} for message in update.messages
    ]
    return [*messages, {"type": "usersInRoom", "data": users}]


def _user_id(participant: Participant) -> str:
    user = participant.user
    return get_adapter().user_id(user) if user is not None else ""
