"""Rooms, for their participants and as previews for others."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from operator import attrgetter
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
from talk.domain.room_creation import OpenedRoom
from talk.domain.room_details import ParticipantDetails, RoomDetails, RoomPreview
from talk.models import Room, Session
from talk.rendering.messages import render_message
from talk.rendering.readers import reader_of

HIDDEN_VALUES = {
    "name": "",
    "displayName": "",
    "objectType": "",
    "objectId": "",
    "count": 0,
    "hasCall": False,
    "lastActivity": 0,
}
"""Values in previews of rooms with a password, which hide the real ones."""


def render_rooms(
    states: Iterable[RoomDetails], *, now: datetime
) -> list[dict[str, Any]]:
    """Return the rooms of a user as the user sees them.

    API: Get user's rooms.
    """
    renderer = ParticipantRenderer()
    return [_render_room(state, renderer, now) for state in states]


def render_room(state: RoomDetails, *, now: datetime) -> dict[str, Any]:
    """Return a room as one of its participants sees it.

    API: Get user's rooms, the room; Get single room.
    """
    return _render_room(state, ParticipantRenderer(), now)


class ParticipantRenderer:
    """Renders participants for several rooms, and asks the adapter once per user."""

    def __init__(self) -> None:
        self._adapter = get_adapter()
        self._names: dict[Any, tuple[str, str]] = {}
        self._disconnected: dict[tuple[Any, int], tuple[str, dict[str, Any]]] = {}

    def names(self, participant: ParticipantDetails) -> tuple[str, str]:
        """Return the id and the display name of a user; both empty for guests."""
        names = self._names.get(participant.user_pk)
        if names is None:
            user, adapter = participant.user, self._adapter
            names = ("", "")
            if user is not None:
                names = (adapter.user_id(user), adapter.display_name(user))
            self._names[participant.user_pk] = names
        return names

    def render(
        self, participant: ParticipantDetails, now: datetime
    ) -> tuple[str, dict[str, Any]]:
        """Return the id of a user, and the user as a participant of a room.

        A user who is not connected looks the same in all rooms, and is rendered once.
        """
        live = participant.live_sessions(now) if participant.sessions else None
        if live:
            return self._render(
                participant, int(combine_flags(live)), live[0].session_id
            )
        key = (participant.user_pk, participant.type)
        rendered = self._disconnected.get(key)
        if rendered is None:
            rendered = self._disconnected[key] = self._render(
                participant, 0, NO_SESSION
            )
        return rendered

    def _render(
        self, participant: ParticipantDetails, flags: int, session_id: str
    ) -> tuple[str, dict[str, Any]]:
        user_id, name = self.names(participant)
        return user_id, {
            "name": name,
            "type": participant.type,
            "call": flags,
            "sessionId": session_id,
        }


def _render_room(
    state: RoomDetails, renderer: ParticipantRenderer, now: datetime
) -> dict[str, Any]:
    room, participant = state.room, state.caller.participant
    own_sessions, own_participant = state.own_sessions(now), state.own_participant
    flags = combine_flags(own_sessions)
    is_user = state.caller.user is not None
    unread = participant.unread_of(room) if is_user else 0
    users, guest_count = _users(state), _count_guests(state, now)
    guest_text = _guest_text(state, guest_count)
    name, display_name = _names(state, users, guest_text, renderer)
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
        "lastPing": seconds_of(own_participant.last_ping if own_participant else None),
        "sessionId": own_sessions[0].session_id if own_sessions else NO_SESSION,
        "participants": dict(renderer.render(user, now) for user in users) or [],
        "numGuests": guest_count,
        "guestList": guest_text,
        "lastMessage": _render_last_message(state),
    }


def render_preview(preview: RoomPreview) -> dict[str, Any]:
    """Return a public room as non-participants see it.

    A password hides the names, the object and the activity of the room.

    API: Get single room (also for guests).
    """
    room = preview.room
    rendered: dict[str, Any] = {
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
    return {**rendered, **HIDDEN_VALUES} if room.password else rendered


def render_created_room(opened: OpenedRoom) -> dict[str, Any]:
    """Return the response to a request that creates or finds a room.

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


def _names(
    state: RoomDetails,
    users: list[ParticipantDetails],
    guest_text: str,
    renderer: ParticipantRenderer,
) -> tuple[str, str]:
    """Return `name` and `displayName`; a missing name is replaced by the other users."""
    room = state.room
    if room.name and not room.is_one_to_one:
        return room.name, room.name
    own_pk = state.caller.user.pk if state.caller.user is not None else None
    others = [participant for participant in users if participant.user_pk != own_pk]
    if room.is_one_to_one and others:
        return renderer.names(others[0])
    if room.name:
        return room.name, room.name
    parts = [renderer.names(participant)[1] for participant in others]
    if own_pk is None or not others:
        parts.append(_("You"))
    if guest_text:
        parts.append(guest_text)
    return "", ", ".join(parts)


def _guest_text(state: RoomDetails, count: int) -> str:
    """Return a text that counts the other guests of a public room, or an empty one."""
    if not state.room.is_public:
        return ""
    is_guest = state.caller.user is None
    count = max(count - 1, 0) if is_guest else count
    if not count:
        return ""
    if is_guest:
        text = ngettext("%(count)d other guest", "%(count)d other guests", count)
    else:
        text = ngettext("%(count)d guest", "%(count)d guests", count)
    return text % {"count": count}


def _users(state: RoomDetails) -> list[ParticipantDetails]:
    """Return the participants who are users, the latest ping first."""
    users = [
        participant
        for participant in state.participants
        if participant.user_pk is not None
    ]
    pinged = [participant for participant in users if participant.last_ping is not None]
    if not pinged:
        return users
    others = [participant for participant in users if participant.last_ping is None]
    return [*sorted(pinged, key=attrgetter("last_ping"), reverse=True), *others]


def _count_active(state: RoomDetails, now: datetime) -> int:
    return _count_pinged_since(
        state.participants, now - timedelta(seconds=ACTIVE_SECONDS)
    )


def _count_guests(state: RoomDetails, now: datetime) -> int:
    guests = [
        participant for participant in state.participants if participant.user_pk is None
    ]
    return _count_pinged_since(guests, now - timedelta(seconds=SESSION_LIVE_SECONDS))


def _count_pinged_since(participants: list[ParticipantDetails], since: datetime) -> int:
    return sum(p.last_ping is not None and p.last_ping > since for p in participants)


def combine_flags(sessions: list[Session]) -> InCall:
    """Return the in-call flags of several sessions together."""
    flags = InCall.DISCONNECTED
    for session in sessions:
        flags |= InCall(session.in_call)
    return flags


def _notification_level(room: Room, level: int) -> int:
    """Return the level that applies; the default depends on the type of the room."""
    if level != NotificationLevel.DEFAULT:
        return level
    default = (
        NotificationLevel.ALWAYS if room.is_one_to_one else NotificationLevel.MENTION
    )
    return int(default)


def _render_last_message(state: RoomDetails) -> dict[str, Any] | list[Any]:
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
