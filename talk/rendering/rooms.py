"""Rooms as the API shows them."""

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
from talk.domain.room_details import Member, RoomPreview, RoomState
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


def render_rooms(states: Iterable[RoomState], *, now: datetime) -> list[dict[str, Any]]:
    """Return rooms of one participant as they see them.

    API: Get user's rooms.
    """
    renderer = ParticipantRenderer()
    return [_render_room(state, renderer, now) for state in states]


def render_room(state: RoomState, *, now: datetime) -> dict[str, Any]:
    """Return a room as one of its participants sees it.

    API: Get user's rooms, the room; Get single room.
    """
    return _render_room(state, ParticipantRenderer(), now)


class ParticipantRenderer:
    """Who people are, asked of the adapter once for all rooms that they are in."""

    def __init__(self) -> None:
        self._adapter = get_adapter()
        self._names: dict[Any, tuple[str, str]] = {}
        self._absent: dict[tuple[Any, int], tuple[str, dict[str, Any]]] = {}

    def name(self, member: Member) -> tuple[str, str]:
        """Return the id and the display name of a user; both empty for guests."""
        known = self._names.get(member.user_pk)
        if known is None:
            user, ask = member.user, self._adapter
            known = (ask.user_id(user), ask.display_name(user)) if user else ("", "")
            self._names[member.user_pk] = known
        return known

    def render(self, member: Member, now: datetime) -> tuple[str, dict[str, Any]]:
        """Return the id of a user, and what others are told of them in a room.

        Whoever is not connected looks the same in all rooms and is rendered once.
        """
        live = member.live_sessions(now) if member.sessions else None
        if live:
            return self._render(member, int(flags_of(live)), live[0].session_id)
        key = (member.user_pk, member.type)
        known = self._absent.get(key)
        if known is None:
            known = self._absent[key] = self._render(member, 0, NO_SESSION)
        return known

    def _render(
        self, member: Member, flags: int, session_id: str
    ) -> tuple[str, dict[str, Any]]:
        user_id, name = self.name(member)
        shown = {"name": name, "type": member.type, "call": flags}
        return user_id, {**shown, "sessionId": session_id}


def _render_room(
    state: RoomState, renderer: ParticipantRenderer, now: datetime
) -> dict[str, Any]:
    room, participant = state.room, state.caller.participant
    own_sessions, own_member = state.own_sessions(now), state.own_member
    flags = flags_of(own_sessions)
    is_user = state.caller.user is not None
    unread = participant.unread_of(room) if is_user else 0
    people, guest_count = _people(state), _count_guests(state, now)
    guest_text = _guest_text(state, guest_count)
    name, display_name = _names(state, people, guest_text, renderer)
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
        "participants": dict(renderer.render(one, now) for one in people) or [],
        "numGuests": guest_count,
        "guestList": guest_text,
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


def render_created_room(opened: OpenedRoom) -> dict[str, Any]:
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


def _names(
    state: RoomState,
    people: list[Member],
    guest_text: str,
    renderer: ParticipantRenderer,
) -> tuple[str, str]:
    """Return `name` and `displayName`; people stand in for a name that is missing."""
    room = state.room
    if room.name and not room.is_one_to_one:
        return room.name, room.name
    own = state.caller.user.pk if state.caller.user is not None else None
    others = [member for member in people if member.user_pk != own]
    if room.is_one_to_one and others:
        return renderer.name(others[0])
    if room.name:
        return room.name, room.name
    parts = [renderer.name(member)[1] for member in others]
    if own is None or not others:
        parts.append(_("You"))
    if guest_text:
        parts.append(guest_text)
    return "", ", ".join(parts)


def _guest_text(state: RoomState, count: int) -> str:
    """Return the words for the other guests of a public room, if there are any."""
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


def _people(state: RoomState) -> list[Member]:
    """Return the members with accounts, the latest ping first."""
    people = [member for member in state.members if member.user_pk is not None]
    seen = [member for member in people if member.last_ping is not None]
    if not seen:
        return people
    never = [member for member in people if member.last_ping is None]
    return [*sorted(seen, key=attrgetter("last_ping"), reverse=True), *never]


def _count_active(state: RoomState, now: datetime) -> int:
    return _count_seen_since(state.members, now - timedelta(seconds=ACTIVE_SECONDS))


def _count_guests(state: RoomState, now: datetime) -> int:
    guests = [member for member in state.members if member.user_pk is None]
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
