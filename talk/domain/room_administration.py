"""What the site itself does to rooms: its staff in the admin, and its commands.

The rules are those of moderators, without the question who may: that is the site's.
`actor` is named in the room as who did it, and need have no place there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.hashers import check_password, make_password

from talk.constants import (
    BY_LINK_TYPES,
    GUEST_NAME_MAX,
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
from talk.domain.participants import abandon
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
    """What is to be different about a room; None leaves it as it is.

    An empty password removes the one that there is.
    """

    name: str | None = None
    type: RoomType | None = None
    password: str | None = None


def change_room(
    *, room_id: int, actor: Actor, changes: RoomChanges, now: datetime
) -> None:
    """Change a room's type, name and password, all of it or nothing.

    What is as it should be already is not mentioned again.

    Raises:
        NotFound: the room is gone.
        Invalid: no room can be called so, or no room becomes one-to-one.
        NotSupported: a one-to-one room gets a name.
        NotAllowed: a room that is not public gets a password.
    """
    if changes.name is not None:
        room_changes.require_name(changes.name)
    # Hashing is slow on purpose: the room is locked only after it.
    hashed = _new_hash(room_id, changes.password)
    _change(room_id=room_id, actor=actor, changes=changes, hashed=hashed, now=now)


def _new_hash(room_id: int, password: str | None) -> str | None:
    """Return what to store for a password, None where the room has it already."""
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
    """Let everybody with the link join; tell whether that is new.

    Raises:
        NotFound: the room is gone.
    """
    return room_types.make_public(room=_lock(room_id), actor=actor, now=now)


@atomic
def make_private(*, room_id: int, actor: Actor, now: datetime) -> bool:
    """Keep a room to those who were invited; tell whether that is new.

    Whoever came by its link loses their place.

    Raises:
        NotFound: the room is gone.
    """
    return room_types.make_private(room=_lock(room_id), actor=actor, now=now)


@atomic
def clear_password(*, room_id: int, actor: Actor, now: datetime) -> bool:
    """Remove a room's password; tell whether it had one.

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
    """End a room's call, whoever is in it; tell whether there was one.

    Raises:
        NotFound: the room is gone.
    """
    return calls.end_call(room=_lock(room_id), now=now)


@atomic
def disconnect_everybody(*, room_id: int, actor: Actor, now: datetime) -> int:
    """End all sessions of a room, and its call; return how many there were.

    Guests and self-joined users lose their places with them, as when they leave;
    members keep theirs. All may join again.

    Raises:
        NotFound: the room is gone.
    """
    room = _lock(room_id)
    sessions = Session.objects.filter(room=room)
    ended = on_write_database(sessions).count()
    members = Participant.objects.filter(room=room).exclude(type__in=BY_LINK_TYPES)
    end_sessions(sessions.filter(participant__in=members), room_id=room.pk)
    by_link = _places(room, BY_LINK_TYPES)
    if by_link:
        drop_participants(room=room, participants=by_link, actor=actor, now=now)
    elif ended:
        calls.end_if_empty(room=room, now=now)
        note_change(room=room)
    return ended


@atomic
def remove_guests(*, room_id: int, actor: Actor, now: datetime) -> int:
    """Take the places of all guests, moderators among them; return how many.

    They may join again as long as the room is public.

    Raises:
        NotFound: the room is gone.
    """
    room = _lock(room_id)
    gone = _places(room, GUEST_TYPES)
    drop_participants(room=room, participants=gone, actor=actor, now=now)
    return len(gone)


@atomic
def delete_room(*, room_id: int, actor: Actor) -> None:
    """Delete a room with all that is in it.

    Raises:
        NotFound: the room is gone.
    """
    room_deletion.delete_room(room=_lock(room_id), actor=actor)


@atomic
def promote(*, participant_id: int, actor: Actor, now: datetime) -> None:
    """Make somebody a moderator of their room.

    Raises:
        NotFound: they have no place any more.
        PreconditionFailed: they are no plain user or guest.
    """
    room, participant = _lock_place(participant_id)
    new = PROMOTED.get(ParticipantType(participant.type))
    if new is None:
        raise PreconditionFailed
    participant_types.change_type(
        room=room, participant=participant, actor=actor, new=new, now=now
    )


@atomic
def demote(*, participant_id: int, actor: Actor, now: datetime) -> None:
    """Make a moderator a plain user or guest again.

    Raises:
        NotFound: they have no place any more.
        PreconditionFailed: they are no moderator; owners are none.
    """
    room, participant = _lock_place(participant_id)
    new = DEMOTED.get(ParticipantType(participant.type))
    if new is None:
        raise PreconditionFailed
    participant_types.change_type(
        room=room, participant=participant, actor=actor, new=new, now=now
    )


@atomic
def remove_participant(*, participant_id: int, actor: Actor, now: datetime) -> None:
    """Take somebody's place in a room; an owner's as well.

    The room goes with it where nothing would be left of it.

    Raises:
        NotFound: they have no place any more.
    """
    room, participant = _lock_place(participant_id)
    abandon(room=room, participant=participant, actor=actor, now=now)


@atomic
def rename_guest(*, guest_id: int, display_name: str) -> None:
    """Give a guest another name, whether or not they are still in a room.

    Everything that they said shows it from now on; an empty one makes them nameless.

    Raises:
        Invalid: the name has more than 64 characters, or some that cannot be stored.
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
        require_text(display_name, longest=GUEST_NAME_MAX)
        Guest.objects.filter(pk=guest.pk).update(display_name=display_name)
    spoken = on_write_database(Message.objects.filter(actor_guest=guest)).order_by()
    for key in spoken.values_list("room", flat=True).distinct():
        events.record(events.MessagesChanged(room_id=key))


@requires_transaction
def _lock(room_id: int) -> Room:
    room = Room.objects.lock(room_id)
    if room is None:
        raise NotFound
    return room


@requires_transaction
def _lock_place(participant_id: int) -> tuple[Room, Participant]:
    participants = on_write_database(Participant.objects.filter(pk=participant_id))
    room_id = participants.values_list("room", flat=True).first()
    if room_id is None:
        raise NotFound
    room = _lock(room_id)
    participant = participants.with_names().first()
    if participant is None:
        raise NotFound
    return room, participant


def _places(room: Room, types: frozenset[ParticipantType]) -> list[Participant]:
    participants = Participant.objects.filter(room=room, type__in=types)
    return list(on_write_database(participants.with_names().order_by("pk")))
