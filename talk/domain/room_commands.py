"""What commands find, and do to rooms and the people in them.

What the admin does as well, such as changing and deleting rooms, `administration` has.

Whoever runs a command has no place in the room and need have no account. Nobody is
named, then: timelines tell of it as of `NOBODY`, whom clients show as a guest without
a name, and signals carry it. Only a new room is told of in its owner's name, whom the
adapter is asked about as well. People in the room see all of it happen.
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


def find_people(
    *, user_ids: Sequence[str], group_ids: Sequence[str] = ()
) -> list[User]:
    """Return these users and the members of these groups, each once.

    Disabled accounts are found by their id, and left out of groups.

    Raises:
        NotFound: there is no such user, or no such group.
    """
    adapter = get_adapter()
    users = adapter.find_users(user_ids)
    unknown = sorted(set(user_ids) - users.keys())
    if unknown:
        raise NotFound(f"There is no user {', '.join(unknown)}.")
    people = {user.pk: user for user in map(users.__getitem__, user_ids)}
    for group_id in group_ids:
        members = adapter.find_group_members(group_id)
        if members is None:
            raise NotFound(f"There is no group {group_id}.")
        people |= {member.pk: member for member in members}
    return list(people.values())


def select_rooms(
    *,
    type: RoomType | None,
    user_id: str | None,
    search: str,
    idle_since: datetime | None,
) -> RoomQuerySet:
    """Return the rooms for which all of this is true, those with the latest news first.

    Raises:
        NotFound: there is no such user.
    """
    rooms = Room.objects.matching(search) if search else Room.objects.all()
    if type is not None:
        rooms = rooms.filter(type=type)
    if user_id is not None:
        (user,) = find_people(user_ids=[user_id])
        rooms = rooms.filter(
            pk__in=Participant.objects.filter(user=user).values("room")
        )
    if idle_since is not None:
        rooms = rooms.idle_since(idle_since)
    return rooms.with_user_count().order_by("-last_activity", "pk")


def find_room(*, token: str) -> Room:
    """Return a room, with the number of its users.

    Raises:
        NotFound: there is no such room.
    """
    room = on_write_database(Room.objects.filter(token=token)).with_user_count().first()
    if room is None:
        raise _no_room(token)
    return room


def list_people(*, room: Room, now: datetime) -> list[Participant]:
    """Return everybody who has a place in a room, with names and presence; one query."""
    participants = Participant.objects.filter(room=room).with_presence(now)
    return list(on_write_database(participants.with_names().order_by("pk")))


def create_for(
    *,
    owner: User,
    type: RoomType,
    name: str,
    password: str,
    people: Sequence[User],
    now: datetime,
) -> Room:
    """Create a room of a user, with people in it, as if they had done all of it.

    A one-to-one room has one other person; there may be one already.

    Raises:
        Invalid: the name has too many characters, or some that cannot be stored; a room
            of this type cannot have what was given.
        NotAllowed: the site does not let the owner create such rooms.
        NotFound: the site keeps the two of a one-to-one room apart.
    """
    others = [person for person in people if person != owner]
    if password and type != RoomType.PUBLIC:
        raise Invalid("Only public rooms have a password.")
    if type == RoomType.ONE_TO_ONE:
        if name or len(others) != 1:
            raise Invalid("A one-to-one room has one other user, and no name.")
        invite = get_adapter().user_id(others[0])
        return get_or_create_one_to_one(user=owner, invite=invite, now=now).room
    # Hashing is slow on purpose: nothing is locked before it.
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
        member = ParticipantType.USER
        add_users(room=room, actor=owner, users=others, type=member, now=now)
    if hashed:
        actor = Actor(user=owner)
        room_changes.change_password(room=room, actor=actor, hashed=hashed, now=now)
    return room


@atomic
def add_people(*, token: str, people: Sequence[User], now: datetime) -> int:
    """Give people a place in a room; return how many had none.

    A one-to-one room becomes a group. The site's adapter is not asked whom they may
    talk to: nobody of the room has brought them in.

    Raises:
        NotFound: there is no such room.
        PreconditionFailed: an account is disabled.
    """
    disabled = [get_adapter().user_id(user) for user in people if not user.is_active]
    if disabled:
        raise PreconditionFailed(f"Disabled: {', '.join(disabled)}.")
    room = _lock(token)
    new = absent_among(people, room=room)
    if not new:
        return 0
    member = ParticipantType.USER
    participants = add_users(room=room, actor=None, users=new, type=member, now=now)
    if participants:
        room_types.make_group(room=room, actor=NOBODY)
    return len(participants)


@atomic
def remove_people(*, token: str, people: Sequence[User], now: datetime) -> int:
    """Take people's places in a room, owners' as well; return how many had one.

    Raises:
        NotFound: there is no such room.
        NotSupported: it is a one-to-one room, which is nothing without its pair.
        PreconditionFailed: nobody would be left in a room that is no object's.
    """
    room = _lock(token)
    found = Participant.objects.filter(room=room, user__in=people).with_names()
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
