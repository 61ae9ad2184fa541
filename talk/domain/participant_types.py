"""Promoting participants to moderators, and demoting them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

from talk.adapters import get_adapter
from talk.constants import ParticipantType
from talk.domain import events
from talk.domain.access import Actor, Caller, lock_caller, require_moderator
from talk.domain.participants import find_account, guest_participant, user_participant
from talk.domain.system_messages import (
    MessageDraft,
    guest_moderator_changed,
    moderator_changed,
)
from talk.domain.timeline import append
from talk.exceptions import NotAllowed, PreconditionFailed
from talk.models import Participant, Room, atomic, requires_transaction

FindParticipant = Callable[[Room], Participant]


def promote_user(*, caller: Caller, user_id: str, now: datetime) -> None:
    """Make a user of the room a moderator.

    Raises:
        NotFound: the caller or the user is not a participant.
        NotAllowed: the caller is not a moderator.
        PreconditionFailed: the user is an owner, a moderator or self-joined.

    API: Promote a user to a moderator.
    """
    find = partial(user_participant, user=find_account(user_id))
    old, new = ParticipantType.USER, ParticipantType.MODERATOR
    _change(caller=caller, find=find, old=old, new=new, now=now)


def demote_user(*, caller: Caller, user_id: str, now: datetime) -> None:
    """Make a moderator of the room a plain user.

    Raises:
        NotFound: the caller or the user is not a participant.
        NotAllowed: the caller is not a moderator, or the user is the caller.
        PreconditionFailed: the user is not a moderator; owners do not count as such.

    API: Demote a moderator to a user.
    """
    find = partial(user_participant, user=find_account(user_id))
    old, new = ParticipantType.MODERATOR, ParticipantType.USER
    _change(caller=caller, find=find, old=old, new=new, now=now)


def promote_guest(*, caller: Caller, session_id: str, now: datetime) -> None:
    """Make a guest a moderator, for as long as their session lasts.

    Raises:
        NotFound: the caller is no longer a participant, or there is no such session.
        NotAllowed: the caller is not a moderator.
        PreconditionFailed: the session does not belong to a plain guest.

    API: Promote a user to a moderator, with `sessionId`.
    """
    find = partial(guest_participant, session_id=session_id)
    old, new = ParticipantType.GUEST, ParticipantType.GUEST_MODERATOR
    _change(caller=caller, find=find, old=old, new=new, now=now)


def demote_guest(*, caller: Caller, session_id: str, now: datetime) -> None:
    """Make a guest moderator a plain guest.

    Raises:
        NotFound: the caller is no longer a participant, or there is no such session.
        NotAllowed: the caller is not a moderator, or the session is the caller's.
        PreconditionFailed: the session does not belong to a guest moderator.

    API: Demote a moderator to a user, with `sessionId`.
    """
    find = partial(guest_participant, session_id=session_id)
    old, new = ParticipantType.GUEST_MODERATOR, ParticipantType.GUEST
    _change(caller=caller, find=find, old=old, new=new, now=now)


@atomic
def _change(
    *,
    caller: Caller,
    find: FindParticipant,
    old: ParticipantType,
    new: ParticipantType,
    now: datetime,
) -> None:
    caller = lock_caller(caller)
    require_moderator(caller)
    participant = find(caller.room)
    if participant == caller.participant and old.is_moderator:
        raise NotAllowed
    if participant.type != old:
        raise PreconditionFailed
    change_type(
        room=caller.room, participant=participant, actor=caller.actor, new=new, now=now
    )


@requires_transaction
def change_type(
    *,
    room: Room,
    participant: Participant,
    actor: Actor,
    new: ParticipantType,
    now: datetime,
) -> None:
    """Promote or demote a participant of a locked room.

    `participant` was read with `with_names`.

    API: System messages, `moderator_promoted` and the three others.
    """
    old = ParticipantType(participant.type)
    participant.type = new
    Participant.objects.filter(pk=participant.pk).update(type=new)
    events.record(
        events.ParticipantTypeChanged(
            room=room, actor=actor, participant=participant, old=old, new=new
        )
    )
    draft = _draft(participant, is_promoted=new.is_moderator)
    append(room_id=room.pk, actor=actor, drafts=[draft], now=now)


def _draft(participant: Participant, *, is_promoted: bool) -> MessageDraft:
    if participant.guest is not None:
        return guest_moderator_changed(participant.guest, is_promoted=is_promoted)
    user_id = (
        get_adapter().user_id(participant.user) if participant.user is not None else ""
    )
    return moderator_changed(user_id, is_promoted=is_promoted)
