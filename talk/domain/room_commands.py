"""Finding, creating and changing rooms by management commands.

Changes that the admin makes too are in `room_administration`.

A command has no caller, so the actor of its changes is `NOBODY`: system messages show
it as a guest without a name, and signals carry it. Only a new room has its owner as
actor, and the adapter is asked whether the owner may create it. Participants see all
changes as they happen.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.contrib.auth.hashers import make_password

from talk.adapters import get_adapter
from talk.constants import ParticipantType, RoomType
from talk.domain import room_changes, room_types
from talk.domain.access import NOBODY, Actor
from talk.domain.participants import (
    absent_among,
    add_users,
    permanent_participants,
    remove_participants,
)
from talk.domain.room_creation import create_room, get_or_create_one_to_one
from talk.exceptions import Invalid, NotFound, NotSupported, PreconditionFailed
from talk.models import Participant, Room, RoomQuerySet, atomic, on_write_database

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def find_users(*, user_ids: Sequence[str], group_ids: Sequence[str] = ()) -> list[User]:
    """Return these users and the users of these groups, each once.

    Users with a disabled account are found by id, but not by group.

    Raises:
        NotFound: there is no such user, or no such group.
    """
    adapter = get_adapter()
    users = adapter.find_users(user_ids)
    unknown = sorted(set(user_ids) - users.keys())
    if unknown:
        raise NotFound(f"There is no user {', '.join(unknown)}.")
    found = {user.pk: user for user in map(users.__getitem__, user_ids)}
    for group_id in group_ids:
        members = adapter.find_group_members(group_id)
        if members is None:
            raise NotFound(f"There is no group {group_id}.")
        found |= {member.pk: member for member in members}
    return list(found.values())


def select_rooms(
    *,
    type: RoomType | None,
    user_id: str | None,
    search: str,
    idle_since: datetime | None,
) -> RoomQuerySet:
    """Return the rooms that match all arguments, latest activity first.

    Raises:
        NotFound: there is no such user.
    """
    rooms = Room.objects.matching(search) if search else Room.objects.all()
    if type is not None:
        rooms = rooms.filter(type=type)
    if user_id is not None:
        (user,) = find_users(user_ids=[user_id])
        rooms = rooms.filter(
            pk__in=Participant.objects.filter(user=user).values("room")
        )
    if idle_since is not None:
        rooms = rooms.idle_since(idle_since)
    return rooms.with_user_count().order_by("-last_activity", "pk")


def find_room(*, token: str) -> Room:
    """Return a room with its `user_count`.

    Raises:
        NotFound: there is no such room.
    """
    room = on_write_database(Room.objects.filter(token=token)).with_user_count().first()
    if room is None:
        raise _no_room(token)
    return room


def list_participants(*, room: Room, now: datetime) -> list[Participant]:
    """Return the participants of a room, with names and presence; one query."""
    participants = Participant.objects.filter(room=room).with_presence(now)
    return list(on_write_database(participants.with_names().order_by("pk")))


def create_room_for(
    *,
    owner: User,
    type: RoomType,
    name: str,
    password: str,
    users: Sequence[User],
    now: datetime,
) -> Room:
    """Create a room with users in it, as if the owner had done that.

    For a one-to-one room, `users` is the other user; returns the existing room of both,
    if there is one.

    Raises:
        Invalid: the name has too many characters, or some that cannot be stored; or a
            room of this type cannot have this name, password or number of users.
        NotAllowed: the site does not let the owner create such rooms.
        NotFound: the owner cannot reach the other user of a one-to-one room.
    """
    others = [user for user in users if user != owner]
    if password and type != RoomType.PUBLIC:
        raise Invalid("Only public rooms have a password.")
    if type == RoomType.ONE_TO_ONE:
        if name or len(others) != 1:
            raise Invalid("A one-to-one room has one other user, and no name.")
        invite = get_adapter().user_id(others[0])
        return get_or_create_one_to_one(user=owner, invite=invite, now=now).room
    # Hashing is slow on purpose, so do it before anything is locked.
    hashed = make_password(password) if password else ""
    return _create(owner, type, name, hashed, others, now)


@atomic
def _create(
    owner: User,
    type: RoomType,
    name: str,
    hashed: str,
    others: Sequence[User],
    now: datetime,
) -> Room:
    room = create_room(user=owner, type=type, name=name, now=now)
    if others:
        add_users(
            room=room, actor=owner, users=others, type=ParticipantType.USER, now=now
        )
    if hashed:
        actor = Actor(user=owner)
        room_changes.change_password(room=room, actor=actor, hashed=hashed, now=now)
    return room


@atomic
def add_users_to_room(*, token: str, users: Sequence[User], now: datetime) -> int:
    """Add users to a room; return how many were not in it before.

    A one-to-one room becomes a group room. The adapter is not asked whether the users
    can be reached: no participant has added them.

    Raises:
        NotFound: there is no such room.
        PreconditionFailed: an account is disabled.
    """
    disabled = [get_adapter().user_id(user) for user in users if not user.is_active]
    if disabled:
        raise PreconditionFailed(f"Disabled: {', '.join(disabled)}.")
    room = _lock(token)
    new = absent_among(users, room=room)
    if not new:
        return 0
    participants = add_users(
        room=room, actor=None, users=new, type=ParticipantType.USER, now=now
    )
    if participants:
        room_types.make_group(room=room, actor=NOBODY)
    return len(participants)


@atomic
def remove_users_from_room(*, token: str, users: Sequence[User], now: datetime) -> int:
    """Remove users from a room, including owners; return how many were in it.

    Raises:
        NotFound: there is no such room.
        NotSupported: it is a one-to-one room, which needs both of its users.
        PreconditionFailed: the room would be empty, and belongs to no object.
    """
    room = _lock(token)
    found = Participant.objects.filter(room=room, user__in=users).with_names()
    participants = list(on_write_database(found.order_by("pk")))
    if not participants:
        return 0
    if room.is_one_to_one:
        raise NotSupported(
            "A one-to-one room has both of its users: delete it instead."
        )
    remove_participants(room=room, participants=participants, actor=NOBODY, now=now)
    left = permanent_participants(room_id=room.pk, now=now)
    if not room.is_bound and not left.exists():
        raise PreconditionFailed("Nobody would be left: delete the room instead.")
    return len(participants)


def _lock(token: str) -> Room:
    rooms = Room.objects.filter(token=token).lock_all()
    if not rooms:
        raise _no_room(token)
    return rooms[0]


def _no_room(token: str) -> NotFound:
    return NotFound(f"There is no room {token}.")
