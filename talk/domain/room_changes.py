"""Changing a room: its name and password, whether guests may join; deleting it."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.hashers import make_password

from talk.constants import NEW_ROOM_NAME_LENGTH_MAX
from talk.domain import events, room_deletion, room_types
from talk.domain.access import (
    Actor,
    Caller,
    lock_caller,
    require_moderator,
    require_user_moderator,
)
from talk.domain.system_messages import conversation_renamed, password_changed
from talk.domain.text import require_text
from talk.domain.timeline import append
from talk.exceptions import Invalid, NotAllowed, NotSupported
from talk.models import Room, atomic, requires_transaction


@atomic
def rename_room(*, caller: Caller, name: str, now: datetime) -> None:
    """Rename the room; nothing happens if it already has that name.

    Raises:
        Invalid: the name is empty, has more than 200 characters, or has characters
            that cannot be stored.
        NotFound: the room is gone, or the caller is no longer a participant.
        NotAllowed: the caller is not a moderator.
        NotSupported: the room is a one-to-one room.

    API: Rename a room.
    """
    require_name(name)
    caller = lock_caller(caller)
    require_moderator(caller)
    change_name(room=caller.room, actor=caller.actor, name=name, now=now)


def require_name(name: str) -> None:
    """Refuse a name that no room may be given.

    Rooms may have longer names, from when they were created.

    Raises:
        Invalid: the name is empty, has more than 200 characters, or has characters
            that cannot be stored.

    API: Rename a room.
    """
    if not name:
        raise Invalid("The name is empty.")
    require_text(name, longest=NEW_ROOM_NAME_LENGTH_MAX)


@requires_transaction
def change_name(*, room: Room, actor: Actor, name: str, now: datetime) -> None:
    """Rename a locked room. `require_name` has accepted the name.

    Raises:
        NotSupported: the room is a one-to-one room.

    API: Rename a room.
    """
    old_name = room.name
    if room.is_one_to_one:
        raise NotSupported("A one-to-one room has no name.")
    if name == old_name:
        return
    room.name = name
    Room.objects.filter(pk=room.pk).update(name=name)
    events.record(events.RoomRenamed(room=room, actor=actor, old=old_name, new=name))
    draft = conversation_renamed(old_name=old_name, new_name=name)
    append(room_id=room.pk, actor=actor, drafts=[draft], now=now)


@atomic
def delete_room(*, caller: Caller) -> None:
    """Delete the room with everything in it.

    Raises:
        NotFound: the room is gone, or the caller is no longer a participant.
        NotAllowed: the caller is not a moderator.

    API: Delete a room.
    """
    caller = lock_caller(caller)
    require_moderator(caller)
    room_deletion.delete_room(room=caller.room, actor=caller.actor)


@atomic
def allow_guests(*, caller: Caller, now: datetime) -> None:
    """Make the room public; a public room stays as it is.

    Raises:
        NotFound: the room is gone, or the caller is no longer a participant.
        NotAllowed: the caller is not a moderator with an account.

    API: Allow guests in a room.
    """
    caller = lock_caller(caller)
    require_user_moderator(caller)
    room_types.make_public(room=caller.room, actor=caller.actor, now=now)


@atomic
def disallow_guests(*, caller: Caller, now: datetime) -> None:
    """Make the room private, which removes all who joined it by its link.

    Raises:
        NotFound: the room is gone, or the caller is no longer a participant.
        NotAllowed: the caller is not a moderator with an account.

    API: Disallow guests in a room.
    """
    caller = lock_caller(caller)
    require_user_moderator(caller)
    room_types.make_private(room=caller.room, actor=caller.actor, now=now)


def require_password_right(caller: Caller) -> None:
    """Refuse callers who may not set a password, and rooms that are not public.

    Raises:
        NotAllowed: the caller is not a moderator, or the room is not public.

    API: Set room password.
    """
    require_moderator(caller)
    if not caller.room.is_public:
        raise NotAllowed


def set_password(*, caller: Caller, password: str, now: datetime) -> None:
    """Set the password that non-participants need to join; an empty one removes it.

    Participants stay. Each call adds a system message, even without a change.

    Raises:
        NotFound: the room is gone, or the caller is no longer a participant.
        NotAllowed: the caller is not a moderator, or the room is not public.

    API: Set room password.
    """
    # Hashing is slow on purpose, so the room is locked only afterwards.
    hashed = make_password(password) if password else ""
    _store_password(caller=caller, hashed=hashed, now=now)


@atomic
def _store_password(*, caller: Caller, hashed: str, now: datetime) -> None:
    caller = lock_caller(caller)
    require_password_right(caller)
    change_password(room=caller.room, actor=caller.actor, hashed=hashed, now=now)


@requires_transaction
def change_password(*, room: Room, actor: Actor, hashed: str, now: datetime) -> None:
    """Store a password's hash in a locked room, an empty one to remove the password.

    API: Set room password.
    """
    room.password = hashed
    Room.objects.filter(pk=room.pk).update(password=hashed)
    events.record(events.RoomPasswordChanged(room=room, actor=actor))
    draft = password_changed(is_set=bool(hashed))
    append(room_id=room.pk, actor=actor, drafts=[draft], now=now)
