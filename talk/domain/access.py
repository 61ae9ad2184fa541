"""Identities, callers and actors, and their access to rooms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from talk.constants import ActorType, ParticipantType, RoomType
from talk.exceptions import NotAllowed, NotFound
from talk.models import (
    Guest,
    Participant,
    Room,
    Session,
    on_write_database,
    requires_transaction,
)

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@dataclass(frozen=True, kw_only=True)
class Actor:
    """The user or guest that is named as having changed something.

    Both are None for `NOBODY`.
    """

    user: User | None = None
    guest: Guest | None = None

    @property
    def type(self) -> ActorType:
        """The type of the actor; `NOBODY` is stored as a guest without a name."""
        return ActorType.GUESTS if self.user is None else ActorType.USERS


NOBODY = Actor()
"""The actor of changes by the reaper, by deleted accounts and by commands."""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """The user and device that sent a request, before any room is known.

    `user` is None for anonymous requests. `device` is the id of the browser or app:
    empty until it joins a room, None if it keeps no cookies.
    """

    user: User | None
    device: str | None


@dataclass(frozen=True, kw_only=True)
class Caller:
    """An identity that is a participant of the room it asks for.

    `session_pk` is the key of the device's session, None when the device has not
    joined. It is not set in lists of rooms.
    """

    user: User | None
    device: str | None
    room: Room
    participant: Participant
    session_pk: int | None = None

    @property
    def guest(self) -> Guest | None:
        """The guest; None when the caller is a user."""
        return self.participant.guest

    @property
    def account(self) -> str:
        """The primary key of the user as text; empty for guests."""
        return "" if self.user is None else str(self.user.pk)

    @property
    def actor(self) -> Actor:
        """The caller as an actor.

        Its user comes from the database. Django's lazy `request.user` would keep the
        whole request alive as long as a message is kept.
        """
        return Actor(user=self.participant.user, guest=self.guest)


def find_caller(*, identity: Identity, token: str) -> Caller:
    """Return the identity as a participant of a room.

    Users are found by account, whether they have joined or not. Guests are found by the
    device they have joined with, and only in public rooms. One query.

    Raises:
        NotFound: there is no such room, or the identity is no participant of it.

    API: "404 When the room could not be found for the participant", everywhere.
    """
    caller = _lookup(identity=identity, token=token)
    if caller is None:
        raise NotFound
    return caller


def find_user_caller(*, identity: Identity, token: str) -> Caller:
    """Return the identity as a participant of a room, unless it is a guest.

    Raises:
        NotFound: as in `find_caller`, or the identity is a guest.

    API: "or the participant is a guest", in the 404s.
    """
    caller = find_caller(identity=identity, token=token)
    if caller.user is None:
        raise NotFound
    return caller


def require_moderator(caller: Caller) -> None:
    """Refuse callers who are not moderators; guest moderators are.

    Raises:
        NotAllowed: the caller is no moderator.

    API: "403 When the current user is not a moderator/owner".
    """
    if not ParticipantType(caller.participant.type).is_moderator:
        raise NotAllowed


def require_user_moderator(caller: Caller) -> None:
    """Refuse callers who are not moderators with an account.

    Raises:
        NotAllowed: the caller is a guest or no moderator.

    API: Allow guests, Add a participant, Invite a guest by email.
    """
    if caller.user is None:
        raise NotAllowed
    require_moderator(caller)


@requires_transaction
def lock_caller(caller: Caller) -> Caller:
    """Lock the caller's room and return the caller's current state.

    Permissions may have changed since the request was admitted. While the room is
    locked, no other transaction changes it or its participants.

    Raises:
        NotFound: the room is gone, or the caller is no participant any more.
    """
    room = Room.objects.lock(caller.room.pk)
    if room is None:
        raise NotFound
    participants = Participant.objects.filter(pk=caller.participant.pk).with_names()
    participant = on_write_database(participants).first()
    if participant is None:
        raise NotFound
    return replace(caller, room=room, participant=participant)


def participants_without_access(pks: Sequence[int]) -> set[int]:
    """Return the keys of participants who may not use their room any more.

    They were removed, their account is disabled, or they are guests of a room that is
    not public any more. One query for at most 500 keys.
    """
    rows = Participant.objects.filter(pk__in=pks).having_access()
    return set(pks) - set(on_write_database(rows).values_list("pk", flat=True))


def find_room(*, identity: Identity, token: str) -> tuple[Room, Caller | None]:
    """Return a room that is public or has the identity as a participant.

    The caller is None for non-participants. One query for participants, two for others.

    Raises:
        NotFound: there is no such room, or it is not public and the identity is no
            participant.

    API: Get single room; Join a room.
    """
    caller = _lookup(identity=identity, token=token)
    if caller is not None:
        return caller.room, caller
    room = Room.objects.filter(token=token, type=RoomType.PUBLIC).first()
    if room is None:
        raise NotFound
    return room, None


def may_see_room(*, user: User | None, token: str) -> bool:
    """Return whether a room is public or has the user as a participant.

    Two queries at most; as many for rooms that do not exist as for rooms that the user
    may not see.
    """
    try:
        find_room(identity=Identity(user=user, device=None), token=token)
    except NotFound:
        return False
    return True


def _lookup(*, identity: Identity, token: str) -> Caller | None:
    if identity.user is not None:
        return _lookup_user(identity.user, identity.device, token)
    if identity.device:
        return _lookup_guest(identity.device, token)
    return None


def _lookup_user(user: User, device: str | None, token: str) -> Caller | None:
    participant = (
        Participant.objects.filter(room__token=token, user=user)
        .select_related("room", "user", "guest")
        .with_session_of(device)
        .first()
    )
    if participant is None:
        return None
    return Caller(
        user=user,
        device=device,
        room=participant.room,
        participant=participant,
        session_pk=participant.session_pk if device is not None else None,
    )


def _lookup_guest(device: str, token: str) -> Caller | None:
    session = (
        Session.objects.filter(room__token=token, device=device)
        .filter(room__type=RoomType.PUBLIC)
        .filter(participant__user__isnull=True)
        .select_related("participant__room", "participant__guest", "participant__user")
        .first()
    )
    if session is None:
        return None
    return Caller(
        user=None,
        device=device,
        room=session.participant.room,
        participant=session.participant,
        session_pk=session.pk,
    )
