"""Rooms as the API shows them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from talk.adapters import get_adapter
from talk.constants import (
    ACTIVE_SECONDS,
    NO_SESSION,
    SESSION_LIVE_SECONDS,
    InCall,
    NotificationLevel,
    ParticipantType,
)
from talk.domain.room_states import Member, RoomPreview, RoomState
from talk.domain.rooms import OpenedRoom
from talk.models import Room, Session
from talk.rendering.messages import render_message
from talk.rendering.readers import reader_of

HIDDEN_BY_PASSWORD = {
    "name": "",
    "displayName": "",
    "objectType": "",
    "objectId": "",
    "count": 0,
    "hasCall": False,
    "lastActivity": 0,
}
"""What a stranger is told instead about a room with a password."""


def render_room(state: RoomState, *, now: datetime) -> dict[str, Any]:
    """Return a room as one of its participants sees it.

    API: Get user's rooms, the room; Get single room.
    """
    room, participant = state.room, state.caller.participant
    own_sessions, own_member = state.own_sessions(now), state.own_member
    flags = flags_of(own_sessions)
    is_user = state.caller.user is not None
    unread = participant.unread_of(room) if is_user else 0
    name, display_name = _names(state, now)
    return {
        **_render_identity(room),
        "name": name,
        "displayName": display_name,
        "participantType": participant.type,
        "participantInCall": bool(flags & InCall.IN_CALL),
        "participantFlags": int(flags),
        "count": _count_active(state, now),
        "hasPassword": bool(room.password),
        "hasCall": room.active_since is not None,
        "lastActivity": seconds_of(room.last_activity),
        "unreadMessages": unread,
        "unreadMention": is_user and participant.is_mentioned,
        "isFavorite": participant.favorite,
        "notificationLevel": _notification_level(room, participant.notification_level),
        "lastPing": seconds_of(own_member.last_ping if own_member else None),
        "sessionId": own_sessions[0].session_id if own_sessions else NO_SESSION,
        "participants": _render_people(state, now) or [],
        "numGuests": _count_guests(state, now),
        "guestList": _guest_text(state, now),
        "lastMessage": _render_last_message(state),
    }


def render_preview(preview: RoomPreview) -> dict[str, Any]:
    """Return a public room as somebody sees it who has not joined.

    A password hides what the room is called and what happens in it.

    API: Get single room (also for guests).
    """
    room = preview.room
    shown: dict[str, Any] = {
        **_render_identity(room),
        "participantType": int(ParticipantType.GUEST),
        "participantInCall": False,
        "participantFlags": int(InCall.DISCONNECTED),
        "count": preview.active_count,
        "hasPassword": bool(room.password),
        "hasCall": room.active_since is not None,
        "lastActivity": seconds_of(room.last_activity),
        "unreadMessages": 0,
        "unreadMention": False,
        "isFavorite": False,
        "notificationLevel": _notification_level(room, NotificationLevel.DEFAULT),
        "lastPing": 0,
        "sessionId": NO_SESSION,
        "participants": [],
        "numGuests": 0,
        "guestList": "",
        "lastMessage": [],
    }
    return {**shown, **HIDDEN_BY_PASSWORD} if room.password else shown


def render_opened(opened: OpenedRoom) -> dict[str, Any]:
    """Return what somebody is told of a room that they asked for.

    API: Creating a new room.
    """
    room, display_name = opened.room, opened.room.name or _("You")
    if opened.partner is not None:
        display_name = get_adapter().display_name(opened.partner)
    return {"token": room.token, "name": room.name, "displayName": display_name}


def _render_identity(room: Room) -> dict[str, Any]:
    return {
        "id": room.pk,
        "token": room.token,
        "type": room.type,
        "name": room.name,
        "displayName": room.name,
        "objectType": room.object_type or "",
        "objectId": room.object_id or "",
    }


def _names(state: RoomState, now: datetime) -> tuple[str, str]:
    """Return `name` and `displayName`; people stand in for a name that is missing."""
    adapter = get_adapter()
    room = state.room
    others = [
        user
        for member in _people(state)
        if (user := member.participant.user) is not None and user != state.caller.user
    ]
    if room.is_one_to_one and others:
        return adapter.user_id(others[0]), adapter.display_name(others[0])
    if room.name:
        return room.name, room.name
    parts = [adapter.display_name(user) for user in others]
    if state.caller.user is None or not others:
        parts.append(_("You"))
    guests = _guest_text(state, now)
    if guests:
        parts.append(guests)
    return "", ", ".join(parts)


def _guest_text(state: RoomState, now: datetime) -> str:
    """Return the words for the other guests of a public room, if there are any."""
    if not state.room.is_public:
        return ""
    count = _count_guests(state, now)
    if state.caller.user is not None:
        text = ngettext("%(count)d guest", "%(count)d guests", count)
    else:
        count = max(count - 1, 0)
        text = ngettext("%(count)d other guest", "%(count)d other guests", count)
    return text % {"count": count} if count else ""


def _people(state: RoomState) -> list[Member]:
    """Return the members with accounts, the latest ping first."""
    people = [m for m in state.members if m.participant.user is not None]
    return sorted(people, key=_last_ping, reverse=True)


def _last_ping(member: Member) -> float:
    return member.last_ping.timestamp() if member.last_ping is not None else 0.0


def _render_people(state: RoomState, now: datetime) -> dict[str, dict[str, Any]]:
    adapter = get_adapter()
    people: dict[str, dict[str, Any]] = {}
    for member in _people(state):
        user = member.participant.user
        if user is not None:
            live = member.live_sessions(now)
            people[adapter.user_id(user)] = {
                "name": adapter.display_name(user),
                "type": member.participant.type,
                "call": int(flags_of(live)),
                "sessionId": live[0].session_id if live else NO_SESSION,
            }
    return people


def _count_active(state: RoomState, now: datetime) -> int:
    return _count_seen_since(state.members, now - timedelta(seconds=ACTIVE_SECONDS))


def _count_guests(state: RoomState, now: datetime) -> int:
    guests = [member for member in state.members if member.participant.is_guest]
    return _count_seen_since(guests, now - timedelta(seconds=SESSION_LIVE_SECONDS))


def _count_seen_since(members: list[Member], since: datetime) -> int:
    return sum(m.last_ping is not None and m.last_ping > since for m in members)


def flags_of(sessions: list[Session]) -> InCall:
    """Return what the sessions contribute to the call together."""
    flags = InCall.DISCONNECTED
    for session in sessions:
        flags |= InCall(session.in_call)
    return flags


def _notification_level(room: Room, level: int) -> int:
    """Return the level that applies; the stored default is never shown."""
    if level != NotificationLevel.DEFAULT:
        return level
    default = (
        NotificationLevel.ALWAYS if room.is_one_to_one else NotificationLevel.MENTION
    )
    return int(default)


def _render_last_message(state: RoomState) -> dict[str, Any] | list[Any]:
    if state.last_message is None:
        return []
    return render_message(
        state.last_message,
        token=state.room.token,
        reader=reader_of(state.caller),
        names=state.names,
    )


def seconds_of(moment: datetime | None) -> int:
    """Return whole seconds since 1970, 0 for never."""
    return int(moment.timestamp()) if moment is not None else 0
