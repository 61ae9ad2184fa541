"""Participants in the list of a room's participants."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from talk.adapters import get_adapter
from talk.constants import NO_SESSION
from talk.domain.room_details import ParticipantDetails
from talk.rendering.rooms import combine_flags, seconds_of


def render_participant(
    participant: ParticipantDetails, *, now: datetime
) -> dict[str, Any]:
    """Return a participant.

    API: Get list of participants in a room.
    """
    live = participant.live_sessions(now)
    user_id, display_name = "", participant.guest_name
    if participant.user is not None:
        adapter = get_adapter()
        user_id = adapter.user_id(participant.user)
        display_name = adapter.display_name(participant.user)
    return {
        "userId": user_id,
        "displayName": display_name,
        "participantType": participant.type,
        "lastPing": seconds_of(participant.last_ping),
        "sessionId": live[0].session_id if live else NO_SESSION,
        "inCall": int(combine_flags(live)),
    }
