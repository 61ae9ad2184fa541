"""Telling external signaling servers what happens in rooms.

Every function is called inside the transaction that changes something, and returns
at once when no server is configured. Otherwise the news leaves after commit, off the
request's thread. Who is in the room and in the call is looked up when it leaves, so
that the last news of several is right; what is about to be lost is noted before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from talk.adapters import get_adapter
from talk.constants import NO_SESSION, InCall
from talk.models import (
    Guest,
    Participant,
    Room,
    Session,
    SessionQuerySet,
    after_commit,
    on_write_database,
)
from talk.outgoing import signaling_requests as requests
from talk.outgoing.signaling_requests import Connection, Properties, Request
from talk.outgoing.signaling_server import queue_requests, signaling_servers

if TYPE_CHECKING:
    from django.contrib.auth.models import User

Make = Callable[[], Iterable[Request]]


def is_configured() -> bool:
    """Whether callers find each other through an external server, and not through us."""
    return bool(signaling_servers())


def tell_invited(*, room: Room, users: Sequence[User]) -> None:
    """Tell that users have got a place in a room."""
    if users and is_configured():
        user_ids = [get_adapter().user_id(user) for user in users]
        _queue(room.token, partial(_invite, room.pk, user_ids, _properties(room)))


def tell_changed(*, room: Room) -> None:
    """Tell that a room, or what somebody may do in it, is not as it was."""
    if is_configured():
        _queue(room.token, partial(_update, room.pk, _properties(room)))


def tell_dropped(
    *, room: Room, participants: Sequence[Participant], is_back: bool = False
) -> None:
    """Tell that places in a room are taken; to be called while they are there.

    Connections of those who had them are closed by the server, unless `is_back`:
    their browser is joining again. Three queries at most.
    """
    if not is_configured():
        return
    adapter, properties = get_adapter(), _properties(room)
    user_ids = [
        adapter.user_id(participant.user)
        for participant in participants
        if participant.user
    ]
    guests = [participant.pk for participant in participants if participant.is_guest]
    sessions = on_write_database(Session.objects.filter(participant__in=guests))
    session_ids = list(sessions.order_by("pk").values_list("session_id", flat=True))
    if user_ids:
        _queue(room.token, partial(_disinvite_users, room.pk, user_ids, properties))
    if session_ids and not is_back:
        make = partial(_disinvite_sessions, room.pk, session_ids, properties)
        _queue(room.token, make)
    if guests:
        if is_back:
            tell_ended(sessions=sessions)
        _queue(room.token, partial(_participants, room.pk, []))


def tell_deleted(*, room: Room) -> None:
    """Tell that a room is being deleted; to be called while it is there. One query."""
    if is_configured():
        request = requests.delete(user_ids=_user_ids(room.pk))
        _queue(room.token, partial(list, [request]))


def tell_renamed(*, guest: Guest) -> None:
    """Tell that a guest has another name. One query."""
    if is_configured():
        sessions = Session.objects.filter(participant__guest=guest)
        rows = on_write_database(sessions).values_list(
            "room", "room__token", "session_id"
        )
        for room_id, token, session_id in rows:
            _queue(token, partial(_participants, room_id, [session_id]))


def tell_in_call(*, room: Room, session_ids: Sequence[str]) -> None:
    """Tell what sessions of a room contribute to its call from now on, or no more."""
    if session_ids and is_configured():
        _queue(room.token, partial(_in_call, room.pk, session_ids))


def tell_ended(*, sessions: SessionQuerySet) -> None:
    """Tell that sessions are out of the call, because they are being ended.

    To be called while they are there; others among them are not told of. One query.
    """
    if not is_configured():
        return
    callers = (
        on_write_database(sessions.in_call()).with_participants().select_related("room")
    )
    ended: dict[tuple[int, str], list[Connection]] = {}
    for session in callers:
        key = session.room_id, session.room.token
        connection = _connection(session, in_call=InCall.DISCONNECTED)
        ended.setdefault(key, []).append(connection)
    for (room_id, token), connections in ended.items():
        _queue(token, partial(_left_call, room_id, connections))


def tell_message(*, token: str) -> None:
    """Tell that a room's timeline has grown."""
    if is_configured():
        _queue(token, partial(list, [requests.message()]))


def _queue(token: str, make: Make) -> None:
    after_commit(partial(queue_requests, token=token, make=make))


# What is looked up when it leaves. News of a room that is gone by then is none.


def _invite(room_id: int, user_ids: list[str], properties: Properties) -> list[Request]:
    present = _user_ids(room_id)
    still = [user_id for user_id in user_ids if user_id in set(present)]
    if not still:
        return []
    return [
        requests.invite(user_ids=still, all_user_ids=present, properties=properties)
    ]


def _update(room_id: int, properties: Properties) -> list[Request]:
    return [requests.update(user_ids=_user_ids(room_id), properties=properties)]


def _disinvite_users(
    room_id: int, user_ids: list[str], properties: Properties
) -> list[Request]:
    present = _user_ids(room_id)
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
            all_user_ids=_user_ids(room_id),
            properties=properties,
        )
    ]


def _participants(room_id: int, changed_ids: list[str]) -> list[Request]:
    everybody = _everybody(room_id)
    changed = [one for one in everybody if one.session_id in changed_ids]
    return [requests.participants(changed=changed, everybody=everybody)]


def _in_call(room_id: int, session_ids: Sequence[str]) -> list[Request]:
    sessions = Session.objects.filter(room=room_id, session_id__in=session_ids)
    changed = _connections(on_write_database(sessions))
    flags = InCall.DISCONNECTED
    for one in changed:
        flags |= InCall(one.in_call)
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


def _user_ids(room_id: int) -> list[str]:
    """Return the ids of all users who have a place in a room; one query."""
    participants = Participant.objects.filter(room=room_id, user__isnull=False)
    named = on_write_database(participants).with_names().order_by("pk")
    return [
        get_adapter().user_id(participant.user)
        for participant in named
        if participant.user
    ]


def _everybody(room_id: int) -> list[Connection]:
    """Return all sessions of a room and all places without one; two queries."""
    connections = _connections(on_write_database(Session.objects.filter(room=room_id)))
    participants = on_write_database(
        Participant.objects.filter(room=room_id, sessions__isnull=True)
    )
    away = [
        _place(participant) for participant in participants.with_names().order_by("pk")
    ]
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


def _place(participant: Participant) -> Connection:
    return Connection(
        session_id=NO_SESSION,
        in_call=int(InCall.DISCONNECTED),
        last_ping=_seconds(participant.last_seen),
        participant_type=participant.type,
        user_id=_user_id(participant),
    )


def _user_id(participant: Participant) -> str | None:
    return (
        get_adapter().user_id(participant.user)
        if participant.user is not None
        else None
    )


def _is_guest(connection: Connection) -> bool:
    return connection.user_id is None


def _seconds(moment: datetime | None) -> int:
    return int(moment.timestamp()) if moment is not None else 0


def _properties(room: Room) -> Properties:
    return Properties(name=room.name, type=room.type)
