"""Participants of a room: finding, adding and removing them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import IntegrityError
from django.db.models import Q, QuerySet

from talk.adapters import get_adapter
from talk.constants import PERMANENT_TYPES, ParticipantType, RoomType
from talk.domain import events, read_markers, room_deletion, room_types
from talk.domain.access import (
    Actor,
    Caller,
    lock_caller,
    require_moderator,
    require_user_moderator,
)
from talk.domain.participant_removal import drop_participants
from talk.domain.system_messages import user_added, user_removed
from talk.domain.timeline import append
from talk.exceptions import NotAllowed, NotFound
from talk.models import (
    Participant,
    Room,
    Session,
    atomic,
    lock_accounts,
    on_write_database,
    requires_transaction,
)

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def find_account(user_id: str) -> User | None:
    """Return the account with this id, disabled ones included, if there is one."""
    return get_adapter().find_users([user_id]).get(user_id)


@requires_transaction
def user_participant(room: Room, *, user: User | None) -> Participant:
    """Return the participant of a user in a locked room.

    Raises:
        NotFound: the user is not a participant, or there is no such account.
    """
    participants = Participant.objects.filter(room=room, user=user).with_names()
    participant = on_write_database(participants).first() if user is not None else None
    if participant is None:
        raise NotFound
    return participant


@requires_transaction
def guest_participant(room: Room, *, session_id: str) -> Participant:
    """Return the participant of a session in a locked room; it may be a user.

    Raises:
        NotFound: there is no such session.
    """
    sessions = Session.objects.filter(room=room, session_id=session_id)
    session = on_write_database(sessions).with_participants().first()
    if session is None:
        raise NotFound
    return session.participant


@requires_transaction
def absent_among(users: Sequence[User], *, room: Room) -> list[User]:
    """Return the `users` who are not participants of a locked room, in their order."""
    present = Participant.objects.filter(room=room, user__isnull=False)
    present_pks = set(on_write_database(present).values_list("user", flat=True))
    return [user for user in users if user.pk not in present_pks]


@requires_transaction
def add_users(
    *,
    room: Room,
    actor: User | None,
    users: Sequence[User],
    type: ParticipantType,
    now: datetime,
) -> list[Participant]:
    """Add users who are not participants, with a system message for all but the actor.

    Without an actor, nobody in the room has added them. `room` was created or locked in
    the same transaction. New participants start with everything read, former ones with
    their old read marker. Accounts that were deleted meanwhile are left out of the
    result.

    API: System messages, `user_added`.
    """
    users = lock_accounts(users) if users else []
    markers = read_markers.restore_read_markers(room=room, users=users)
    new = [
        Participant(room=room, user=user, type=type, **asdict(marker))
        for user, marker in zip(users, markers, strict=True)
    ]
    try:
        participants = Participant.objects.bulk_create(new)
    except IntegrityError:
        # Where accounts cannot be locked, one may have been deleted at this moment.
        raise NotFound from None
    adapter = get_adapter()
    drafts = [user_added(adapter.user_id(user)) for user in users if user != actor]
    if drafts:
        append(room_id=room.pk, actor=Actor(user=actor), drafts=drafts, now=now)
    if participants:
        events.record(
            events.ParticipantsAdded(
                room=room, actor=Actor(user=actor), participants=participants
            )
        )
    return participants


def add_user(*, caller: Caller, user_id: str, now: datetime) -> RoomType | None:
    """Add a user to the caller's room; nothing changes for a participant.

    Returns the room's new type if it has changed: a one-to-one room becomes a group
    room.

    Raises:
        NotFound: the caller is no longer a participant; or there is no such account, it
            is disabled, or the site does not let the caller reach it.
        NotAllowed: the caller is not a moderator with an account.

    API: Add a participant to a room.
    """
    account = find_account(user_id)
    if account is not None and not account.is_active:
        account = None
    users = _reachable(caller, [account]) if account is not None else []
    return _add(caller=caller, users=users, requires_user=True, now=now)


def add_group(*, caller: Caller, group_id: str, now: datetime) -> RoomType | None:
    """Add the current members of a group to the caller's room.

    Nothing changes for participants. Members whom the site does not let the caller
    reach are left out. Returns the room's new type if it has changed.

    Raises:
        NotFound: the caller is no longer a participant, or there is no such group.
        NotAllowed: the caller is not a moderator with an account.

    API: Add a participant to a room, with `isGroup` or `source=groups`.
    """
    members = get_adapter().find_group_members(group_id)
    users = _reachable(caller, members or [])
    is_unknown = members is None
    return _add(caller=caller, users=users, requires_user=is_unknown, now=now)


def remove_user(*, caller: Caller, user_id: str, now: datetime) -> None:
    """Remove a user from the caller's room; a one-to-one room is deleted.

    Raises:
        NotFound: the caller or the user is not a participant.
        NotAllowed: the caller is not a moderator, or the user is an owner.

    API: Delete a participant from a room.
    """
    _remove_user(caller=caller, account=find_account(user_id), now=now)


@atomic
def remove_guest(*, caller: Caller, session_id: str, now: datetime) -> None:
    """Remove the guest with this session, who may join again.

    Raises:
        NotFound: the caller is no longer a participant, or there is no such session.
        NotAllowed: the caller is not a moderator, or the session belongs to a user or
            to the caller.

    API: Remove a guest from a room.
    """
    caller = lock_caller(caller)
    require_moderator(caller)
    participant = guest_participant(caller.room, session_id=session_id)
    if not participant.is_guest or participant == caller.participant:
        raise NotAllowed
    remove_participant(
        room=caller.room, participant=participant, actor=caller.actor, now=now
    )


@atomic
def remove_self(*, caller: Caller, now: datetime) -> None:
    """Remove the caller from the room.

    A one-to-one room is deleted, and so is a room whose last permanent participant
    leaves, unless it belongs to an object of the site.

    Raises:
        NotFound: the room is gone, or the caller is no longer a participant.

    API: Remove yourself from a room.
    """
    caller = lock_caller(caller)
    remove_for_good(
        room=caller.room, participant=caller.participant, actor=caller.actor, now=now
    )


@requires_transaction
def remove_for_good(
    *, room: Room, participant: Participant, actor: Actor, now: datetime
) -> None:
    """Remove a participant for good from a locked room, or delete the room.

    `is_end_of_room` decides which.
    """
    if is_end_of_room(room=room, participant=participant, now=now):
        room_deletion.delete_room(room=room, actor=actor)
    else:
        remove_participant(room=room, participant=participant, actor=actor, now=now)


def is_end_of_room(*, room: Room, participant: Participant, now: datetime) -> bool:
    """Whether the room ends when this participant, who was read just now, leaves.

    A one-to-one room ends with either participant. Any other room ends with its last
    permanent participant, unless it belongs to an object of the site. One query.
    """
    if room.is_one_to_one:
        return True
    return not room.is_bound and _is_last_permanent(participant, now)


def permanent_participants(*, room_id: int, now: datetime) -> QuerySet[Participant]:
    """Return the participants who keep a room alive.

    Guest moderators whose sessions are dead still have a row and are left out.
    """
    participants = Participant.objects.filter(room=room_id, type__in=PERMANENT_TYPES)
    lasting = participants.with_presence(now).filter(
        Q(is_connected=True) | Q(user__isnull=False)
    )
    return on_write_database(lasting)


@requires_transaction
def remove_participant(
    *, room: Room, participant: Participant, actor: Actor, now: datetime
) -> None:
    """Remove a participant, as `remove_participants` does."""
    remove_participants(room=room, participants=[participant], actor=actor, now=now)


@requires_transaction
def remove_participants(
    *, room: Room, participants: Sequence[Participant], actor: Actor, now: datetime
) -> None:
    """Remove participants of a locked room; users with a system message.

    API: System messages, `user_removed`.
    """
    drop_participants(room=room, participants=participants, actor=actor, now=now)
    adapter = get_adapter()
    user_ids = [
        adapter.user_id(participant.user)
        for participant in participants
        if participant.user
    ]
    if user_ids:
        drafts = [user_removed(user_id) for user_id in user_ids]
        append(room_id=room.pk, actor=actor, drafts=drafts, now=now)


def _reachable(caller: Caller, users: Sequence[User]) -> list[User]:
    """Return the `users` whom the caller may add; guests may add nobody."""
    if caller.user is None:
        return []
    return get_adapter().reachable_users(caller.user, users)


@atomic
def _add(
    *,
    caller: Caller,
    users: Sequence[User],
    requires_user: bool,
    now: datetime,
) -> RoomType | None:
    """Add the `users` who are not participants yet.

    Raises:
        NotFound: `requires_user`, and no user was found or is left.
    """
    caller = lock_caller(caller)
    require_user_moderator(caller)
    if caller.user is None or (requires_user and not users):
        raise NotFound
    room = caller.room
    new = absent_among(users, room=room)
    if not new:
        return None
    type = ParticipantType.USER
    participants = add_users(
        room=room, actor=caller.user, users=new, type=type, now=now
    )
    if requires_user and not participants:
        raise NotFound
    if not participants:
        return None
    if room_types.make_group(room=room, actor=caller.actor):
        return RoomType.GROUP
    return None


@atomic
def _remove_user(*, caller: Caller, account: User | None, now: datetime) -> None:
    caller = lock_caller(caller)
    require_moderator(caller)
    if caller.room.is_one_to_one:
        room_deletion.delete_room(room=caller.room, actor=caller.actor)
        return
    participant = user_participant(caller.room, user=account)
    if participant.type == ParticipantType.OWNER:
        raise NotAllowed
    remove_participant(
        room=caller.room, participant=participant, actor=caller.actor, now=now
    )


def _is_last_permanent(participant: Participant, now: datetime) -> bool:
    if not ParticipantType(participant.type).is_permanent:
        return False
    others = permanent_participants(room_id=participant.room_id, now=now).exclude(
        pk=participant.pk
    )
    return not others.exists()
