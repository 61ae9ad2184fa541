"""Participants in the list of a room's participants."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from talk.adapters import get_adapter
from talk.constants import NO_SESSION
from talk.domain.room_details import Member
from talk.rendering.rooms import combine_flags, seconds_of


def render_participant(member: Member, *, now: datetime) -> dict[str, Any]:
    """Return a participant.

    API: Get list of participants in a room.
    """
    live = member.live_sessions(now)
    user_id, display_name = "", member.guest_name
    if member.user is not None:
        adapter = get_adapter()
        user_id = adapter.user_id(member.user)
        display_name = adapter.display_name(member.user)
    return {
        "userId": user_id,
        "displayName": display_name,
        "participantType": member.type,
        "lastPing": seconds_of(member.last_ping),
        "sessionId": live[0].session_id if live else NO_SESSION,
        "inCall": int(combine_flags(live)),
    }
