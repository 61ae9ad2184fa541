"""Joining and leaving a room: the sessions of participants."""

from __future__ import annotations

import secrets
import string
from collections.abc import Sequence
from datetime import datetime

from django.contrib.auth.hashers import check_password
from django.db.models import Max

from talk.constants import SESSION_ID_LENGTH, ParticipantType
from talk.domain.access import Asker, Caller
from talk.domain.guests import actor_id_of
from talk.exceptions import NotAllowed, NotFound
from talk.models import (
    Guest,
    Participant,
    Room,
    Session,
    SessionQuerySet,
    atomic,
    live_since,
    primary,
)

SESSION_ID_ALPHABET = string.ascii_letters + string.digits


def join_room(
    *, asker: Asker, room: Room, caller: Caller | None, password: str, now: datetime
) -> Session:
    """Connect the asker to a room that `find_room` has found; return the session.

    Participants come back to their place. Strangers of a public room get one, if
    the password is right: users as self-joined, others as guests. A device that
    joins again replaces what it had in the room, other devices keep theirs.

    Raises:
        NotFound: the asker may not see the room any more.
        NotAllowed: the room has a password and the given one is wrong.

    API: Join a room.
    """
    is_stranger = caller is None or caller.user is None
    if is_stranger and room.password and not check_password(password, room.password):
        # Hashing is slow on purpose: the room is locked only after it.
        raise NotAllowed
    proven = room.password if is_stranger else ""
    return _connect(asker=asker, room_id=room.pk, proven=proven, now=now)


def leave_room(*, asker: Asker, token: str, now: datetime) -> bool:
    """Disconnect the asker's device from a room; its other devices stay connected.

    Without a device all sessions of the user end. Guests and self-joined users lose
    their place with their last session, other participants keep theirs.

    Returns False when the asker has no place in such a room. What the device kept
    for the room is dropped in any case.

    API: Leave a room.
    """
    room_id = Room.objects.filter(token=token).values_list("pk", flat=True).first()
    return room_id is not None and _disconnect(asker=asker, room_id=room_id, now=now)


def ping(*, caller: Caller, now: datetime) -> list[int]:
    """Note that the caller is there, and return the keys of the sessions that are.

    That is the session of the caller's device. A user's request without a device
    speaks for all live sessions of the user, which costs one more query.

    API: `lastPing`, refreshed by asking for messages.
    """
    if caller.session_pk is not None:
        pks = [caller.session_pk]
    elif caller.device is None:
        live = Session.objects.filter(participant=caller.participant).live(now)
        pks = list(live.values_list("pk", flat=True))
    else:
        pks = []
    ping_sessions(pks=pks, now=now)
    return pks


def ping_sessions(*, pks: Sequence[int], now: datetime) -> None:
    """Note that these sessions are there; one query, none for no sessions.

    API: `lastPing`, refreshed while a long poll waits.
    """
    if pks:
        Session.objects.filter(pk__in=pks).update(last_ping=now)


def new_session_id() -> str:
    """Return 512 random letters and digits, which need no escaping anywhere."""
    return "".join(
        secrets.choice(SESSION_ID_ALPHABET) for _ in range(SESSION_ID_LENGTH)
    )


@atomic
def _connect(*, asker: Asker, room_id: int, proven: str, now: datetime) -> Session:
    """Connect under the room's lock; `proven` is the hash of the password given."""
    room = Room.objects.lock(room_id)
    if room is None:
        raise NotFound
    participant = _find_place(asker=asker, room=room)
    if participant is None and not room.is_public:
        raise NotFound
    if participant is None and room.password not in ("", proven):
        # Set meanwhile, or asked of somebody who was a participant a moment ago.
        raise NotAllowed
    _forget_device(room=room, device=asker.device)
    session_id = new_session_id()
    if participant is None:
        participant = _add_stranger(asker=asker, room=room, session_id=session_id)
    else:
        participant.sessions.exclude(last_ping__gt=live_since(now)).delete()
    return Session.objects.create(
        room=room,
        participant=participant,
        session_id=session_id,
        device=asker.device,
        last_ping=now,
    )


@atomic
def _disconnect(*, asker: Asker, room_id: int, now: datetime) -> bool:
    room = Room.objects.lock(room_id)
    if room is None:
        return False
    participant = _find_place(asker=asker, room=room)
    if participant is not None and asker.device is None:
        _end_sessions(participant, participant.sessions.all())
    was_guest = _forget_device(room=room, device=asker.device)
    if participant is None:
        return was_guest and asker.user is None
    is_self_joined = participant.type == ParticipantType.SELF_JOINED
    if is_self_joined and not primary(participant.sessions.live(now)).exists():
        participant.delete()
    return True


def _find_place(*, asker: Asker, room: Room) -> Participant | None:
    """Return the place of the asker's account; guests get a new one at each join."""
    if asker.user is None:
        return None
    places = Participant.objects.filter(room=room, user=asker.user)
    return primary(places).first()


def _add_stranger(*, asker: Asker, room: Room, session_id: str) -> Participant:
    """Give the asker a place, with everything said so far counted as read."""
    if asker.user is not None:
        return Participant.objects.create(
            room=room,
            user=asker.user,
            type=ParticipantType.SELF_JOINED,
            read_comments=room.comment_count,
        )
    return Participant.objects.create(
        room=room,
        guest=Guest.objects.create(actor_id=actor_id_of(session_id)),
        type=ParticipantType.GUEST,
        read_comments=room.comment_count,
    )


def _forget_device(*, room: Room, device: str | None) -> bool:
    """End the device's session in the room; tell whether it was a guest's.

    A guest is gone with it.
    """
    if not device:
        return False
    sessions = Session.objects.filter(room=room, device=device)
    session = primary(sessions).select_related("participant").first()
    if session is None:
        return False
    if session.participant.is_guest:
        session.participant.delete()
        return True
    _end_sessions(
        session.participant, session.participant.sessions.filter(pk=session.pk)
    )
    return False


def _end_sessions(participant: Participant, sessions: SessionQuerySet) -> None:
    """Delete sessions of a participant, who is remembered as seen until then."""
    last_ping = primary(sessions).aggregate(last=Max("last_ping"))["last"]
    sessions.delete()
    if last_ping is not None:
        known = participant.last_seen or last_ping
        place = Participant.objects.filter(pk=participant.pk)
        place.update(last_seen=max(known, last_ping))
