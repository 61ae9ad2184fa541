"""Changing rooms from outside: by the site's staff in the admin, and by commands.

The rules are those for moderators, except for permissions, which are the site's
business. `actor` is named in the room, and need not be a participant.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.hashers import check_password, make_password

from talk.constants import (
    BY_LINK_TYPES,
    GUEST_NAME_LENGTH_MAX,
    GUEST_TYPES,
    ParticipantType,
    RoomType,
)
from talk.domain import (
    calls,
    events,
    guests,
    participant_types,
    room_changes,
    room_deletion,
    room_types,
)
from talk.domain.access import Actor
from talk.domain.participant_removal import drop_participants
from talk.domain.participants import remove_for_good
from talk.domain.presence_version import note_change
from talk.domain.sessions import end_sessions
from talk.domain.text import require_text
from talk.exceptions import Invalid, NotAllowed, NotFound, PreconditionFailed
from talk.models import (
    Guest,
    Message,
    Participant,
    Room,
    Session,
    atomic,
    on_write_database,
    requires_transaction,
)

PROMOTED = {
    ParticipantType.USER: ParticipantType.MODERATOR,
    ParticipantType.GUEST: ParticipantType.GUEST_MODERATOR,
}
DEMOTED = {new: old for old, new in PROMOTED.items()}


@dataclass(frozen=True, kw_only=True)
class RoomChanges:
    """New properties of a room; None leaves a property as it is.

    An empty password removes the password.
    """

    name: str | None = None
    type: RoomType | None = None
    password: str | None = None


def change_room(
    *, room_id: int, actor: Actor, changes: RoomChanges, now: datetime
) -> None:
    """Change a room's type, name and password, all of them or none.

    A property that already has the new value adds no system message.

    Raises:
        NotFound: the room is gone.
        Invalid: no room may have that name, or the new type is one-to-one.
        NotSupported: a one-to-one room would get a name.
        NotAllowed: a room that is not public would get a password.
    """
    if changes.name is not None:
        room_changes.require_name(changes.name)
    # Hashing is slow on purpose, so the room is locked only afterwards.
    hashed = _new_hash(room_id, changes.password)
    _change(room_id=room_id, actor=actor, changes=changes, hashed=hashed, now=now)


def _new_hash(room_id: int, password: str | None) -> str | None:
    """Return the hash to store for a password, None if the room already has it."""
    if not password:
        return password
    rooms = on_write_database(Room.objects.filter(pk=room_id))
    old = rooms.values_list("password", flat=True).first()
    return None if old and check_password(password, old) else make_password(password)


@atomic
def _change(
    *,
    room_id: int,
    actor: Actor,
    changes: RoomChanges,
    hashed: str | None,
    now: datetime,
) -> None:
    room = _lock(room_id)
    if changes.type is not None:
        _change_type(room=room, new_type=changes.type, actor=actor, now=now)
    if changes.name is not None:
        room_changes.change_name(room=room, actor=actor, name=changes.name, now=now)
    if changes.password and not room.is_public:
        raise NotAllowed("Only public rooms have a password.")
    if hashed or (hashed == "" and room.password):
        room_changes.change_password(room=room, actor=actor, hashed=hashed, now=now)


def _change_type(
    *, room: Room, new_type: RoomType, actor: Actor, now: datetime
) -> None:
    if new_type == room.type:
        return
    if new_type == RoomType.ONE_TO_ONE:
        raise Invalid("No room becomes one-to-one.")
    if new_type == RoomType.PUBLIC:
        room_types.make_public(room=room, actor=actor, now=now)
    elif room.is_public:
        room_types.make_private(room=room, actor=actor, now=now)
    else:
        room_types.make_group(room=room, actor=actor)


@atomic
def make_public(*, room_id: int, actor: Actor, now: datetime) -> bool:
    """Let everyone with the link join; return whether that is new.

    Raises:
        NotFound: the room is gone.
    """
    return room_types.make_public(room=_lock(room_id), actor=actor, now=now)


@atomic
def make_private(*, room_id: int, actor: Actor, now: datetime) -> bool:
    """Make a public room a group room; return whether it was public.

    Participants who joined by its link are removed.

    Raises:
        NotFound: the room is gone.
    """
    return room_types.make_private(room=_lock(room_id), actor=actor, now=now)


@atomic
def clear_password(*, room_id: int, actor: Actor, now: datetime) -> bool:
    """Remove a room's password; return whether it had one.

    Raises:
        NotFound: the room is gone.
    """
    room = _lock(room_id)
    if not room.password:
        return False
    room_changes.change_password(room=room, actor=actor, hashed="", now=now)
    return True


@atomic
def end_call(*, room_id: int, now: datetime) -> bool:
    """End a room's call for everyone; return whether there was one.

    Raises:
        NotFound: the room is gone.
    """
    return calls.end_call(room=_lock(room_id), now=now)


@atomic
def disconnect_everybody(*, room_id: int, actor: Actor, now: datetime) -> int:
    """End all sessions of a room, and its call; return the number of sessions.

    Guests and self-joined users are removed, as when they leave; other participants
    stay. Everyone may join again.

    Raises:
        NotFound: the room is gone.
    """
    room = _lock(room_id)
    sessions = Session.objects.filter(room=room)
    ended = on_write_database(sessions).count()
    staying = Participant.objects.filter(room=room).exclude(type__in=BY_LINK_TYPES)
    end_sessions(sessions.filter(participant__in=staying), room_id=room.pk)
    by_link = _participants_of(room, BY_LINK_TYPES)
    if by_link:
        drop_participants(room=room, participants=by_link, actor=actor, now=now)
    elif ended:
        calls.end_if_empty(room=room, now=now)
        note_change(room=room)
    return ended


@atomic
def remove_guests(*, room_id: int, actor: Actor, now: datetime) -> int:
    """Remove all guests, including guest moderators; return how many there were.

    They may join again as long as the room is public.

    Raises:
        NotFound: the room is gone.
    """
    room = _lock(room_id)
    removed = _participants_of(room, GUEST_TYPES)
    drop_participants(room=room, participants=removed, actor=actor, now=now)
    return len(removed)


@atomic
def delete_room(*, room_id: int, actor: Actor) -> None:
    """Delete a room with everything in it.

    Raises:
        NotFound: the room is gone.
    """
    room_deletion.delete_room(room=_lock(room_id), actor=actor)


@atomic
def promote(*, participant_id: int, actor: Actor, now: datetime) -> None:
    """Promote a participant to a moderator.

    Raises:
        NotFound: there is no such participant any more.
        PreconditionFailed: the participant is not a plain user or guest.
    """
    room, participant = _lock_participant(participant_id)
    new = PROMOTED.get(ParticipantType(participant.type))
    if new is None:
        raise PreconditionFailed
    participant_types.change_type(
        room=room, participant=participant, actor=actor, new=new, now=now
    )


@atomic
def demote(*, participant_id: int, actor: Actor, now: datetime) -> None:
    """Demote a moderator to a plain user or guest.

    Raises:
        NotFound: there is no such participant any more.
        PreconditionFailed: the participant is not a moderator; owners do not count as
            such.
    """
    room, participant = _lock_participant(participant_id)
    new = DEMOTED.get(ParticipantType(participant.type))
    if new is None:
        raise PreconditionFailed
    participant_types.change_type(
        room=room, participant=participant, actor=actor, new=new, now=now
    )


@atomic
def remove_participant(*, participant_id: int, actor: Actor, now: datetime) -> None:
    """Remove a participant from a room, even an owner.

    Deletes the room if it ends with the participant, as `is_end_of_room` decides.

    Raises:
        NotFound: there is no such participant any more.
    """
    room, participant = _lock_participant(participant_id)
    remove_for_good(room=room, participant=participant, actor=actor, now=now)


@atomic
def rename_guest(*, guest_id: int, display_name: str) -> None:
    """Give a guest another display name, even if they are no longer in a room.

    All their messages show it from now on. An empty name removes the name.

    Raises:
        Invalid: the name has more than 64 characters, or has characters that cannot be
            stored.
        NotFound: there is no such guest.
    """
    guest = on_write_database(Guest.objects.filter(pk=guest_id)).first()
    if guest is None:
        raise NotFound
    participants = on_write_database(Participant.objects.filter(guest=guest))
    room_id = participants.values_list("room", flat=True).first()
    if room_id is not None:
        guests.rename_guest(guest=guest, room_id=room_id, display_name=display_name)
    else:
        require_text(display_name, longest=GUEST_NAME_LENGTH_MAX)
        Guest.objects.filter(pk=guest.pk).update(display_name=display_name)
    messages = on_write_database(Message.objects.filter(actor_guest=guest)).order_by()
    for room_id in messages.values_list("room", flat=True).distinct():
        events.record(events.MessagesChanged(room_id=room_id))


@requires_transaction
def _lock(room_id: int) -> Room:
    room = Room.objects.lock(room_id)
    if room is None:
        raise NotFound
    return room


@requires_transaction
def _lock_participant(participant_id: int) -> tuple[Room, Participant]:
    participants = on_write_database(Participant.objects.filter(pk=participant_id))
    room_id = participants.values_list("room", flat=True).first()
    if room_id is None:
        raise NotFound
    room = _lock(room_id)
    participant = participants.with_names().first()
    if participant is None:
        raise NotFound
    return room, participant


def _participants_of(
    room: Room, types: frozenset[ParticipantType]
) -> list[Participant]:
    participants = Participant.objects.filter(room=room, type__in=types)
    return list(on_write_database(participants.with_names().order_by("pk")))
