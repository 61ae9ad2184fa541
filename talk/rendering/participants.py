"""Participants as the API lists them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from talk.adapters import get_adapter
from talk.constants import NO_SESSION
from talk.domain.room_states import Member
from talk.rendering.rooms import flags_of, seconds_of


def render_member(member: Member, *, now: datetime) -> dict[str, Any]:
    """Return one entry of a room's list of participants.

    API: Get list of participants in a room.
    """
    place, adapter = member.participant, get_adapter()
    live = member.live_sessions(now)
    user_id = display_name = ""
    if place.user is not None:
        user_id = adapter.user_id(place.user)
        display_name = adapter.display_name(place.user)
    elif place.guest is not None:
        display_name = place.guest.display_name
    return {
        "userId": user_id,
        "displayName": display_name,
        "participantType": place.type,
        "lastPing": seconds_of(member.last_ping),
        "sessionId": live[0].session_id if live else NO_SESSION,
        "inCall": int(flags_of(live)),
    }
