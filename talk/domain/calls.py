"""Calls: joining and leaving them, and ending them when nobody is left."""

from __future__ import annotations

from datetime import datetime, timedelta

from talk import signals
from talk.adapters import get_adapter
from talk.constants import ACTIVE_SECONDS, InCall
from talk.domain import events
from talk.domain.access import Actor, Caller, lock_caller
from talk.domain.presence_version import note_change
from talk.domain.system_messages import (
    call_ended,
    call_joined,
    call_left,
    call_started,
)
from talk.domain.timeline import append
from talk.exceptions import NotFound
from talk.models import (
    CallAttendance,
    Participant,
    Room,
    Session,
    SessionQuerySet,
    atomic,
    on_write_database,
    requires_transaction,
)


def list_peers(*, room: Room, now: datetime) -> list[Session]:
    """Return the sessions in the room's call that have pinged lately; one query.

    API: Get list of connected participants.
    """
    since = now - timedelta(seconds=ACTIVE_SECONDS)
    sessions = Session.objects.filter(room=room, last_ping__gt=since).in_call()
    return list(sessions.with_participants().order_by("pk"))


def require_joined(*, caller: Caller, now: datetime) -> None:
    """Refuse participants who are not connected to the room; one query.

    Raises:
        NotFound: the caller has no live session.

    API: Join a call; Leave a call.
    """
    if not _own_sessions(caller, now).exists():
        raise NotFound


@atomic
def join_call(*, caller: Caller, flags: InCall, now: datetime) -> None:
    """Add the caller's session to the call, or change its in-call flags.

    Starts the call if nobody is in it. A participant's first session in the call adds a
    system message; later changes do not. For a caller without a device, a program
    without cookies, the session of the user that has pinged last is added.

    Raises:
        NotFound: the caller is no longer a participant, or has not joined the room.

    API: Join a call.
    """
    caller = lock_caller(caller)
    room = caller.room
    session = on_write_database(_own_sessions(caller, now)).first()
    if session is None:
        raise NotFound
    # Participants whose sessions died in an earlier call do not count for this one.
    end_if_empty(room=room, now=now)
    in_call = on_write_database(Session.objects.filter(room=room).live(now).in_call())
    participants = set(in_call.values_list("participant", flat=True))
    Session.objects.filter(pk=session.pk).update(in_call=flags | InCall.IN_CALL)
    if caller.participant.pk not in participants:
        _attend(caller, now)
        draft = call_joined() if participants else call_started()
        append(room_id=room.pk, actor=caller.actor, drafts=[draft], now=now)
    if not participants:
        _record_start(caller)
    if room.active_since is None:
        room.active_since = now
        Room.objects.filter(pk=room.pk).update(active_since=now)
    note_change(room=room)
    events.record(
        events.InCallFlagsChanged(room=room, session_ids=[session.session_id])
    )


@atomic
def leave_call(*, caller: Caller, now: datetime) -> None:
    """Remove the caller's session from the call, which ends with its last session.

    A participant's last session in the call adds a system message. Nothing happens if
    the caller is not in the call. A caller without a device leaves with all sessions of
    the user.

    Raises:
        NotFound: the caller is no longer a participant, or has not joined the room.

    API: Leave a call.
    """
    caller = lock_caller(caller)
    room = caller.room
    own = _own_sessions(caller, now)
    sessions = list(on_write_database(own))
    if not sessions:
        raise NotFound
    leaving = [session for session in sessions if session.in_call]
    if not leaving:
        return
    left = Session.objects.filter(pk__in=[session.pk for session in leaving])
    left.update(in_call=InCall.DISCONNECTED)
    session_ids = [session.session_id for session in leaving]
    events.record(events.InCallFlagsChanged(room=room, session_ids=session_ids))
    others = Session.objects.filter(participant=caller.participant).live(now).in_call()
    if not on_write_database(others).exists():
        append(room_id=room.pk, actor=caller.actor, drafts=[call_left()], now=now)
    end_if_empty(room=room, now=now)
    note_change(room=room)


@requires_transaction
def end_call(*, room: Room, now: datetime) -> bool:
    """End a locked room's call for everyone; return whether there was one.

    The only system message is that of the end, because nobody left on their own.
    """
    sessions = Session.objects.filter(room=room).in_call()
    session_ids = list(on_write_database(sessions).values_list("session_id", flat=True))
    sessions.update(in_call=InCall.DISCONNECTED)
    events.record(events.InCallFlagsChanged(room=room, session_ids=session_ids))
    has_ended = end_if_empty(room=room, now=now)
    if session_ids or has_ended:
        note_change(room=room)
    return has_ended


@requires_transaction
def end_if_empty(*, room: Room, now: datetime) -> bool:
    """End the room's call if no session is in it any more; return whether it ended.

    To be called under the room's lock, after everything that may have removed a session
    from the call. A system message sums up who took part, unless that was one user
    alone, or guests alone.

    One query while a call goes on, none when there is no call.

    API: System messages, `call_ended`.
    """
    if room.active_since is None:
        return False
    sessions = Session.objects.filter(room=room).live(now).in_call()
    if on_write_database(sessions).exists():
        return False
    started = room.active_since
    attended = on_write_database(CallAttendance.objects.filter(room=room))
    users = sorted(
        (row.user for row in attended.select_related("user") if row.user is not None),
        key=get_adapter().user_id,
    )
    guests = attended.filter(guest__isnull=False).count()
    attended.delete()
    room.active_since = None
    Room.objects.filter(pk=room.pk).update(active_since=None)
    if len(users) + min(guests, 1) >= 2:
        draft = call_ended(
            user_ids=[get_adapter().user_id(user) for user in users],
            guests=guests,
            seconds=int((now - started).total_seconds()),
        )
        append(room_id=room.pk, actor=Actor(user=users[0]), drafts=[draft], now=now)
    return True


def _record_start(caller: Caller) -> None:
    """Record the start of a call; no query unless the signal has a receiver."""
    if not signals.call_started.has_listeners(Room):
        return
    others = Participant.objects.filter(room=caller.room, user__isnull=False)
    others = others.exclude(pk=caller.participant.pk).with_names().order_by("pk")
    users = [
        participant.user
        for participant in on_write_database(others)
        if participant.user is not None
    ]
    events.record(events.CallStarted(room=caller.room, actor=caller.actor, users=users))


def _own_sessions(caller: Caller, now: datetime) -> SessionQuerySet:
    """Return the caller's live sessions, the one with the latest ping first.

    With a device, only the session of that device; otherwise all of the user.
    """
    own = Session.objects.filter(participant=caller.participant).live(now)
    if caller.device is not None:
        own = own.filter(pk=caller.session_pk or 0)
    return own.order_by("-last_ping", "-pk")


def _attend(caller: Caller, now: datetime) -> None:
    """Store that the caller took part in this call, once for each participant."""
    identity = {"room": caller.room, "user": caller.user, "guest": caller.guest}
    if not on_write_database(CallAttendance.objects.filter(**identity)).exists():
        CallAttendance.objects.create(**identity, joined_at=now)
