"""Updates for external signaling servers: what has changed in a room.

`talk.domain.events` alone calls this module, except for `is_configured`. It asks for
updates inside the transaction that changes something, when a server is configured, and
queues them after the commit. An update holds what the change is about to delete.
Everything else is read when the update is sent, off the request's thread, so that the
last of several updates is right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from talk.adapters import get_adapter
from talk.constants import NO_SESSION, InCall
from talk.models import (
    Guest,
    Participant,
    Room,
    Session,
    SessionQuerySet,
    on_write_database,
)
from talk.outgoing import signaling_requests as requests
from talk.outgoing.signaling_requests import Connection, Properties, Request
from talk.outgoing.signaling_server import queue_requests, signaling_servers


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerUpdate:
    """Requests about a room, which `make_requests` makes when they are sent."""

    token: str
    make_requests: Callable[[], Iterable[Request]]


def is_configured() -> bool:
    """Whether clients connect through an external server instead of through us."""
    return bool(signaling_servers())


def queue_update(update: ServerUpdate) -> None:
    """Send an update soon; only the log tells whether it arrives."""
    queue_requests(token=update.token, make=update.make_requests)


def updates_for_added_participants(
    *, room: Room, participants: Sequence[Participant]
) -> list[ServerUpdate]:
    """Return the update that invites users who were added to a room."""
    user_ids = _user_ids_of(participants)
    make = partial(_invite, room.pk, user_ids, _properties(room))
    return [_update(room, make)] if user_ids else []


def updates_for_changed_room(*, room: Room) -> list[ServerUpdate]:
    """Return the update for a room whose properties or permissions have changed."""
    return [_update(room, partial(_update_room, room.pk, _properties(room)))]


def updates_for_removed_participants(
    *, room: Room, participants: Sequence[Participant], is_rejoining: bool
) -> list[ServerUpdate]:
    """Return the updates for participants who are about to be removed.

    The server closes their connections, unless `is_rejoining`: then the guest's browser
    is joining again. Two queries at most.
    """
    user_ids = _user_ids_of(participants)
    guests = [participant.pk for participant in participants if participant.is_guest]
    sessions = on_write_database(Session.objects.filter(participant__in=guests))
    session_ids = list(sessions.order_by("pk").values_list("session_id", flat=True))
    updates = []
    if user_ids:
        make = partial(_disinvite_users, room.pk, user_ids, _properties(room))
        updates.append(_update(room, make))
    if session_ids and not is_rejoining:
        make = partial(_disinvite_sessions, room.pk, session_ids, _properties(room))
        updates.append(_update(room, make))
    if guests:
        if is_rejoining:
            updates += updates_for_ended_sessions(sessions=sessions)
        updates.append(_update(room, partial(_participants, room.pk, [])))
    return updates


def updates_for_deleted_room(*, room: Room) -> list[ServerUpdate]:
    """Return the update for a room that is about to be deleted. One query."""
    request = requests.delete(user_ids=_user_ids_in(room.pk))
    return [_update(room, partial(list, [request]))]


def updates_for_renamed_guest(*, guest: Guest) -> list[ServerUpdate]:
    """Return an update for each session of a guest who has another name. One query."""
    sessions = Session.objects.filter(participant__guest=guest)
    rows = on_write_database(sessions).values_list("room", "room__token", "session_id")
    return [
        ServerUpdate(
            token=token, make_requests=partial(_participants, room_id, [session_id])
        )
        for room_id, token, session_id in rows
    ]


def updates_for_in_call_flags(
    *, room: Room, session_ids: Sequence[str]
) -> list[ServerUpdate]:
    """Return the update for sessions of a room that have other in-call flags."""
    make = partial(_in_call, room.pk, session_ids)
    return [_update(room, make)] if session_ids else []


def updates_for_ended_sessions(*, sessions: SessionQuerySet) -> list[ServerUpdate]:
    """Return an update for each room whose call loses sessions that are about to end.

    Sessions outside a call need none. One query.
    """
    in_call = on_write_database(sessions.in_call()).with_participants()
    ended: dict[tuple[int, str], list[Connection]] = {}
    for session in in_call.select_related("room"):
        key = session.room_id, session.room.token
        connection = _connection(session, in_call=InCall.DISCONNECTED)
        ended.setdefault(key, []).append(connection)
    return [
        ServerUpdate(
            token=token, make_requests=partial(_left_call, room_id, connections)
        )
        for (room_id, token), connections in ended.items()
    ]


def updates_for_new_messages(*, token: str) -> list[ServerUpdate]:
    """Return the update for a room to which messages were added."""
    return [
        ServerUpdate(token=token, make_requests=partial(list, [requests.message()]))
    ]


def _update(room: Room, make: Callable[[], Iterable[Request]]) -> ServerUpdate:
    return ServerUpdate(token=room.token, make_requests=make)


# Called when an update is sent. A room that was deleted meanwhile has no participants.


def _invite(room_id: int, user_ids: list[str], properties: Properties) -> list[Request]:
    present = _user_ids_in(room_id)
    still = [user_id for user_id in user_ids if user_id in set(present)]
    if not still:
        return []
    return [
        requests.invite(user_ids=still, all_user_ids=present, properties=properties)
    ]


def _update_room(room_id: int, properties: Properties) -> list[Request]:
    return [requests.update(user_ids=_user_ids_in(room_id), properties=properties)]


def _disinvite_users(
    room_id: int, user_ids: list[str], properties: Properties
) -> list[Request]:
    present = _user_ids_in(room_id)
    gone = [user_id for user_id in user_ids if user_id not in set(present)]
    if not gone:
        return []
    return [
        requests.disinvite_users(
            user_ids=gone, all_user_ids=present, properties=properties
        )
    ]


def _disinvite_sessions(
    room_id: int, session_ids: list[str], properties: Properties
) -> list[Request]:
    return [
        requests.disinvite_sessions(
            session_ids=session_ids,
            all_user_ids=_user_ids_in(room_id),
            properties=properties,
        )
    ]


def _participants(room_id: int, changed_ids: list[str]) -> list[Request]:
    connections = _all_connections(room_id)
    changed = [
        connection for connection in connections if connection.session_id in changed_ids
    ]
    return [requests.participants(changed=changed, everybody=connections)]


def _in_call(room_id: int, session_ids: Sequence[str]) -> list[Request]:
    sessions = Session.objects.filter(room=room_id, session_id__in=session_ids)
    changed = _connections(on_write_database(sessions))
    flags = InCall.DISCONNECTED
    for connection in changed:
        flags |= InCall(connection.in_call)
    return [_in_call_request(room_id, flags=flags, changed=changed)]


def _left_call(room_id: int, ended: list[Connection]) -> list[Request]:
    return [_in_call_request(room_id, flags=InCall.DISCONNECTED, changed=ended)]


def _in_call_request(
    room_id: int, *, flags: InCall, changed: list[Connection]
) -> Request:
    callers = _connections(
        on_write_database(Session.objects.filter(room=room_id)).in_call()
    )
    return requests.in_call(flags=int(flags), changed=changed, callers=callers)


def _user_ids_in(room_id: int) -> list[str]:
    """Return the ids of all users who are participants of a room; one query."""
    participants = Participant.objects.filter(room=room_id, user__isnull=False)
    return _user_ids_of(on_write_database(participants).with_names().order_by("pk"))


def _user_ids_of(participants: Iterable[Participant]) -> list[str]:
    adapter = get_adapter()
    return [
        adapter.user_id(participant.user)
        for participant in participants
        if participant.user
    ]


def _all_connections(room_id: int) -> list[Connection]:
    """Return a room's sessions and its participants without one; two queries."""
    connections = _connections(on_write_database(Session.objects.filter(room=room_id)))
    participants = on_write_database(
        Participant.objects.filter(room=room_id, sessions__isnull=True)
    )
    away = map(_away, participants.with_names().order_by("pk"))
    return sorted([*connections, *away], key=_is_guest)


def _connections(sessions: SessionQuerySet) -> list[Connection]:
    """Return sessions, those of users before those of guests; one query."""
    rows = sessions.with_participants().order_by("pk")
    return sorted(map(_connection, rows), key=_is_guest)


def _connection(session: Session, in_call: int | None = None) -> Connection:
    participant = session.participant
    return Connection(
        session_id=session.session_id,
        in_call=session.in_call if in_call is None else int(in_call),
        last_ping=int(session.last_ping.timestamp()),
        participant_type=participant.type,
        user_id=_user_id(participant),
    )


def _away(participant: Participant) -> Connection:
    """Return the entry of a participant without a session."""
    return Connection(
        session_id=NO_SESSION,
        in_call=int(InCall.DISCONNECTED),
        last_ping=_seconds(participant.last_seen),
        participant_type=participant.type,
        user_id=_user_id(participant),
    )


def _user_id(participant: Participant) -> str | None:
    if participant.user is None:
        return None
    return get_adapter().user_id(participant.user)


def _is_guest(connection: Connection) -> bool:
    return connection.user_id is None


def _seconds(moment: datetime | None) -> int:
    return int(moment.timestamp()) if moment is not None else 0


def _properties(room: Room) -> Properties:
    return Properties(name=room.name, type=room.type)
