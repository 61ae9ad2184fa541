"""Creating rooms."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import IntegrityError

from talk.adapters import get_adapter
from talk.constants import (
    RESERVED_TOKENS,
    ROOM_NAME_LENGTH_MAX,
    TOKEN_ALPHABET,
    TOKEN_LENGTH,
    ParticipantType,
    RoomType,
)
from talk.domain import events
from talk.domain.access import Actor
from talk.domain.participants import add_users, find_account
from talk.domain.system_messages import conversation_created
from talk.domain.text import require_text
from talk.domain.timeline import append
from talk.exceptions import NotAllowed, NotFound
from talk.models import Room, atomic, on_write_database, savepoint
from talk.utils.random_text import random_text

if TYPE_CHECKING:
    from django.contrib.auth.models import User

PAIR_TRIES = 10
"""Attempts to find or create a one-to-one room while other requests do the same."""

TOKEN_TRIES = 10
"""Tokens tried before giving up; a million rooms take one in a million of them."""


@dataclass(frozen=True, kw_only=True)
class OpenedRoom:
    """A room that a user asked for; `partner` is the other user of a one-to-one room."""

    room: Room
    is_new: bool
    partner: User | None = None


def get_or_create_one_to_one(*, user: User, invite: str, now: datetime) -> OpenedRoom:
    """Return the one-to-one room of two users; create it if there is none.

    `invite` is the id of the other user. Both users are owners. If two requests come
    at the same moment, one creates the room and both get it.

    Raises:
        NotFound: there is no such account, it is disabled and the users have no room
            yet, or the site does not let the user reach it.
        NotAllowed: it is the user's own account, or the site forbids such rooms.

    API: Creating a new room, `roomType` 1.
    """
    other = find_account(invite)
    if other is None:
        raise NotFound
    if other == user:
        raise NotAllowed
    _require_may_create(user, RoomType.ONE_TO_ONE)
    if not get_adapter().reachable_users(user, [other]):
        raise NotFound
    key = pair_key(user, other)
    tries = itertools.count(1)
    while True:
        room = on_write_database(Room.objects.filter(pair_key=key)).first()
        if room is not None:
            return OpenedRoom(room=room, is_new=False, partner=other)
        if not other.is_active:
            raise NotFound
        try:
            room = _create_one_to_one(user=user, other=other, key=key, now=now)
        except IntegrityError:
            # Another request has just created the room, or even deleted it again.
            if next(tries) == PAIR_TRIES:
                raise
        else:
            return OpenedRoom(room=room, is_new=True, partner=other)


def create_group_room(*, user: User, invite: str, now: datetime) -> Room:
    """Create a group room with all members of a group, named after the group.

    `invite` is the group's id. Its members are added once; later changes of the group
    have no effect. The user need not be a member.

    Raises:
        NotFound: there is no such group.
        NotAllowed: the site forbids such rooms.

    API: Creating a new room, `roomType` 2 with `invite`.
    """
    members = get_adapter().find_group_members(invite)
    if members is None:
        raise NotFound
    _require_may_create(user, RoomType.GROUP)
    reachable = get_adapter().reachable_users(user, members)
    others = [member for member in reachable if member != user]
    return _create_room(
        user=user, type=RoomType.GROUP, name=invite, others=others, now=now
    )


def create_room(
    *,
    user: User,
    type: RoomType,
    name: str,
    now: datetime,
) -> Room:
    """Create a group or public room whose only participant is the user, as its owner.

    `name` may be empty; it is not trimmed.

    Raises:
        Invalid: the name has more than 255 characters, or has characters that cannot
            be stored.
        NotAllowed: the site forbids such rooms.

    API: Creating a new room, `roomType` 2 and 3.
    """
    require_text(name, longest=ROOM_NAME_LENGTH_MAX)
    _require_may_create(user, type)
    return _create_room(user=user, type=type, name=name, others=[], now=now)


@atomic
def create_bound_room(
    *,
    object_type: str,
    object_id: str,
    type: RoomType,
    name: str,
    owner: User | None,
    now: datetime,
) -> Room:
    """Create the room of an object of the site; without an owner it is empty.

    Raises:
        IntegrityError: the object already has a room.
    """
    room = Room(type=type, name=name, object_type=object_type, object_id=object_id)
    actor = Actor(user=owner)
    _insert(room, actor=actor, now=now)
    if owner is not None:
        owner_type = ParticipantType.OWNER
        add_users(room=room, actor=owner, users=[owner], type=owner_type, now=now)
    return room


def pair_key(user: User, other: User) -> str:
    """Return the key of the one-to-one room of two users, in either order."""
    keys = sorted([str(user.pk), str(other.pk)])
    return hashlib.sha256(repr(keys).encode()).hexdigest()


def new_token() -> str:
    """Return a random token that is not a word in the API's paths."""
    while True:
        token = random_text(TOKEN_LENGTH, alphabet=TOKEN_ALPHABET)
        if token not in RESERVED_TOKENS:
            return token


@atomic
def _create_room(
    *,
    user: User,
    type: RoomType,
    name: str,
    others: Sequence[User],
    now: datetime,
) -> Room:
    room = Room(type=type, name=name)
    _insert(room, actor=Actor(user=user), now=now)
    owner, plain = ParticipantType.OWNER, ParticipantType.USER
    if not add_users(room=room, actor=user, users=[user], type=owner, now=now):
        raise NotFound
    add_users(room=room, actor=user, users=others, type=plain, now=now)
    return room


@atomic
def _create_one_to_one(*, user: User, other: User, key: str, now: datetime) -> Room:
    room = Room(type=RoomType.ONE_TO_ONE, pair_key=key)
    _insert(room, actor=Actor(user=user), now=now)
    owner = ParticipantType.OWNER
    pair = add_users(room=room, actor=user, users=[user, other], type=owner, now=now)
    if len(pair) < 2:
        raise NotFound
    return room


def _insert(room: Room, *, actor: Actor, now: datetime) -> None:
    """Insert a room under a free token and add its first message.

    Raises:
        IntegrityError: the pair of users, or the object, already has a room.
    """
    for attempt in range(1, TOKEN_TRIES + 1):
        room.token = new_token()
        try:
            with savepoint():
                room.save(force_insert=True)
            break
        except IntegrityError:
            same_token = Room.objects.filter(token=room.token)
            is_token_taken = on_write_database(same_token).exists()
            if not is_token_taken or attempt == TOKEN_TRIES:
                raise
    events.record(events.RoomCreated(room=room, actor=actor))
    append(room_id=room.pk, actor=actor, drafts=[conversation_created()], now=now)


def _require_may_create(user: User, room_type: RoomType) -> None:
    if not get_adapter().may_create_room(user, room_type):
        raise NotAllowed
