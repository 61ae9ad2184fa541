"""Joining and leaving a room: the sessions of participants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from django.contrib.auth.hashers import check_password
from django.db.models import Max

from talk.constants import SESSION_ID_LENGTH, ParticipantType
from talk.domain import calls, events, read_markers
from talk.domain.access import Actor, Caller, Identity
from talk.domain.guests import actor_id_of
from talk.domain.participant_removal import drop_participants
from talk.domain.presence_version import note_change
from talk.exceptions import NotAllowed, NotFound
from talk.models import (
    BATCH,
    Guest,
    Participant,
    Room,
    Session,
    SessionQuerySet,
    atomic,
    live_since,
    lock_accounts,
    on_write_database,
    requires_transaction,
)
from talk.utils.random_text import random_text


def join_room(
    *,
    identity: Identity,
    room: Room,
    caller: Caller | None,
    password: str,
    now: datetime,
) -> Session:
    """Connect to a room that `find_room` has returned; return the new session.

    Non-participants of a public room are added if the password is right: users as
    self-joined, others as guests. A device that joins again gets another session
    instead of its old one; sessions of other devices stay.

    Raises:
        NotFound: the room is gone, or it is not public and the user is no longer a
            participant.
        NotAllowed: the room has a password and the given one is wrong.

    API: Join a room.
    """
    is_needed = needs_password(room=room, caller=caller)
    if is_needed and not check_password(password, room.password):
        # Hashing is slow on purpose, so the room is locked only afterwards.
        raise NotAllowed
    proven = room.password if is_needed else ""
    return _connect(identity=identity, room_id=room.pk, proven=proven, now=now)


def needs_password(*, room: Room, caller: Caller | None) -> bool:
    """Whether a password is needed to join a room that `find_room` has returned.

    Guests need it each time, because each time they become a new participant.
    """
    is_user = caller is not None and caller.user is not None
    return not is_user and bool(room.password)


def leave_room(*, identity: Identity, token: str, now: datetime) -> bool:
    """Disconnect a device from a room; other devices of the user stay connected.

    Without a device all sessions of the user end. Guests and self-joined users are
    removed with their last session; other participants stay participants.

    Returns False when there is no such room or they are not a participant. The session
    of the device ends in any case.

    API: Leave a room.
    """
    room_id = Room.objects.filter(token=token).values_list("pk", flat=True).first()
    return room_id is not None and _disconnect(
        identity=identity, room_id=room_id, now=now
    )


@atomic
def leave_by_session(
    *, participant: Participant, session_id: str, now: datetime
) -> bool:
    """End one session of a participant, as if its device had left the room.

    Returns False when the session is not theirs or has ended. A device that has joined
    again has another session, which stays.

    API: External signaling, `room` with the action `leave`.
    """
    room = Room.objects.lock(participant.room_id)
    if room is None:
        return False
    sessions = Session.objects.filter(participant=participant, session_id=session_id)
    session = on_write_database(sessions).with_participants().first()
    if session is None:
        return False
    _end(session, room=room, is_rejoining=False, now=now)
    if not participant.is_guest:
        _remove_if_gone(room=room, participant=session.participant, now=now)
    return True


def ended_sessions(*, pks: Sequence[int]) -> set[int]:
    """Return those of the sessions that have ended; one query."""
    rows = on_write_database(Session.objects.filter(pk__in=pks))
    return set(pks) - set(rows.values_list("pk", flat=True))


def new_session_id() -> str:
    """Return 512 random letters and digits, which need no escaping anywhere."""
    return random_text(SESSION_ID_LENGTH)


@atomic
def _connect(
    *, identity: Identity, room_id: int, proven: str, now: datetime
) -> Session:
    """Connect under the room's lock; `proven` is the hash of the checked password."""
    room = Room.objects.lock(room_id)
    if room is None:
        raise NotFound
    participant = _find_participant(identity=identity, room=room)
    if participant is None and not room.is_public:
        raise NotFound
    if participant is None and room.password not in ("", proven):
        # It was set meanwhile, or was not needed while they were a participant.
        raise NotAllowed
    _end_session_of_device(
        room=room, device=identity.device, is_rejoining=True, now=now
    )
    session_id = new_session_id()
    if participant is None:
        participant = _add_participant(
            identity=identity, room=room, session_id=session_id
        )
    else:
        participant.sessions.exclude(last_ping__gt=live_since(now)).delete()
    session = Session.objects.create(
        room=room,
        participant=participant,
        session_id=session_id,
        device=identity.device,
        last_ping=now,
    )
    # A device that joins again, perhaps after a crash, has left the call.
    calls.end_if_empty(room=room, now=now)
    note_change(room=room)
    actor = Actor(user=participant.user, guest=participant.guest)
    events.record(events.SessionStarted(room=room, actor=actor, session=session))
    return session


@atomic
def _disconnect(*, identity: Identity, room_id: int, now: datetime) -> bool:
    room = Room.objects.lock(room_id)
    if room is None:
        return False
    participant = _find_participant(identity=identity, room=room)
    if participant is not None and identity.device is None:
        end_sessions(participant.sessions.all(), room_id=room.pk)
    ended = _end_session_of_device(room=room, device=identity.device, now=now)
    if participant is not None:
        _remove_if_gone(room=room, participant=participant, now=now)
        return True
    if ended is not None and not ended.participant.is_guest:
        _remove_if_gone(room=room, participant=ended.participant, now=now)
        return False
    return ended is not None and identity.user is None


def _remove_if_gone(*, room: Room, participant: Participant, now: datetime) -> None:
    """Remove a self-joined user who has no session left; other participants stay."""
    is_self_joined = participant.type == ParticipantType.SELF_JOINED
    if (
        is_self_joined
        and not on_write_database(participant.sessions.live(now)).exists()
    ):
        drop_participants(room=room, participants=[participant], now=now)
    else:
        calls.end_if_empty(room=room, now=now)
        note_change(room=room)


def _find_participant(*, identity: Identity, room: Room) -> Participant | None:
    """Return the user's participant; guests become a new one each time they join."""
    if identity.user is None:
        return None
    participants = Participant.objects.filter(room=room, user=identity.user)
    return on_write_database(participants).with_names().first()


def _add_participant(*, identity: Identity, room: Room, session_id: str) -> Participant:
    """Add a participant; a user who was one before keeps their read marker."""
    if identity.user is not None:
        if not lock_accounts([identity.user]):
            raise NotFound
        (marker,) = read_markers.restore_read_markers(room=room, users=[identity.user])
        participant = Participant.objects.create(
            room=room,
            user=identity.user,
            type=ParticipantType.SELF_JOINED,
            **asdict(marker),
        )
        actor = Actor(user=identity.user)
        events.record(
            events.ParticipantsAdded(room=room, actor=actor, participants=[participant])
        )
        return participant
    return Participant.objects.create(
        room=room,
        guest=Guest.objects.create(actor_id=actor_id_of(session_id)),
        type=ParticipantType.GUEST,
        read_comments=room.comment_count,
    )


def _end_session_of_device(
    *, room: Room, device: str | None, is_rejoining: bool = False, now: datetime
) -> Session | None:
    """End the device's session in a locked room; return it as it was.

    A guest is removed with it. `is_rejoining` is for a device that is joining again.
    """
    if not device:
        return None
    sessions = Session.objects.filter(room=room, device=device)
    session = on_write_database(sessions).with_participants().first()
    if session is not None:
        _end(session, room=room, is_rejoining=is_rejoining, now=now)
    return session


def _end(session: Session, *, room: Room, is_rejoining: bool, now: datetime) -> None:
    participant = session.participant
    if participant.is_guest:
        drop_participants(
            room=room, participants=[participant], is_rejoining=is_rejoining, now=now
        )
    else:
        end_sessions(participant.sessions.filter(pk=session.pk), room_id=room.pk)


@requires_transaction
def end_sessions(sessions: SessionQuerySet, *, room_id: int) -> None:
    """Delete sessions in a locked room, and store when their participants were seen.

    Five queries for up to 500 sessions, one when there are none.
    """
    rows = on_write_database(sessions).order_by().values("participant")
    pings = dict(rows.values_list("participant").annotate(last=Max("last_ping")))
    if not pings:
        return
    events.record(events.SessionsEnded(room_id=room_id, sessions=sessions))
    sessions.delete()
    participants = list(on_write_database(Participant.objects.filter(pk__in=pings)))
    for participant in participants:
        known = participant.last_seen or pings[participant.pk]
        participant.last_seen = max(known, pings[participant.pk])
    Participant.objects.bulk_update(participants, ["last_seen"], batch_size=BATCH)
