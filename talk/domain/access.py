"""Who asks, and which room they may see."""

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
    """Who caused a change: a user, a guest, or nobody in the room."""

    user: User | None = None
    guest: Guest | None = None

    @property
    def type(self) -> ActorType:
        """The kind of actor; nobody is written down as a guest without a name."""
        return ActorType.GUESTS if self.user is None else ActorType.USERS


NOBODY = Actor()
"""Acts when time has passed, an account was deleted or a command was run."""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who sent a request, before any room is looked at.

    `user` is None for anonymous people. `device` is the id of the browser or app
    that asks: empty as long as it has not joined anything, None for one that keeps
    no cookies.
    """

    user: User | None
    device: str | None


@dataclass(frozen=True, kw_only=True)
class Caller:
    """An asker who is a participant of the room in question.

    `session_pk` is the session of the asker's device, None when it has not joined;
    lists of rooms do not look for it.
    """

    user: User | None
    device: str | None
    room: Room
    participant: Participant
    session_pk: int | None = None

    @property
    def guest(self) -> Guest | None:
        """The guest, when the caller has no account."""
        return self.participant.guest

    @property
    def account(self) -> str:
        """The primary key of the caller's account as text; empty for guests."""
        return "" if self.user is None else str(self.user.pk)

    @property
    def actor(self) -> Actor:
        """The caller as who does something, as it stands in the database.

        Django's lazy user would keep the whole request, wherever a message is kept.
        """
        return Actor(user=self.participant.user, guest=self.guest)


def find_caller(*, identity: Identity, token: str) -> Caller:
    """Find the room and the asker's place in it.

    A user's place is the account's, joined or not; a guest's is the one that the
    device has joined with, as long as the room is public. One query.

    Raises:
        NotFound: there is no such room, or the asker is no participant of it.

    API: "404 When the room could not be found for the participant", everywhere.
    """
    caller = _lookup(identity=identity, token=token)
    if caller is None:
        raise NotFound
    return caller


def find_user_caller(*, identity: Identity, token: str) -> Caller:
    """Find the asker's place as `find_caller` does; guests have none here.

    Raises:
        NotFound: there is no such room, or the asker is no user in it.

    API: "or the participant is a guest", in the 404s.
    """
    caller = find_caller(identity=identity, token=token)
    if caller.user is None:
        raise NotFound
    return caller


def require_moderator(caller: Caller) -> None:
    """Refuse callers who may not moderate; guest moderators may.

    Raises:
        NotAllowed: the caller is no moderator.

    API: "403 When the current user is not a moderator/owner".
    """
    if not ParticipantType(caller.participant.type).is_moderator:
        raise NotAllowed


def require_user_moderator(caller: Caller) -> None:
    """Refuse callers who are no owner or moderator with an account.

    Raises:
        NotAllowed: the caller is a guest or no moderator.

    API: Allow guests, Add a participant, Invite a guest by email.
    """
    if caller.user is None:
        raise NotAllowed
    require_moderator(caller)


@requires_transaction
def lock_caller(caller: Caller) -> Caller:
    """Lock the caller's room and return the caller as they are now.

    What a request was allowed when it came may have been taken from it meanwhile;
    from here on nobody else changes the room or who is in it.

    Raises:
        NotFound: the room or the caller's place in it is gone.
    """
    room = Room.objects.lock(caller.room.pk)
    if room is None:
        raise NotFound
    participants = Participant.objects.filter(pk=caller.participant.pk).with_names()
    participant = on_write_database(participants).first()
    if participant is None:
        raise NotFound
    return replace(caller, room=room, participant=participant)


def lost_participants(participants: Sequence[int]) -> set[int]:
    """Return those of these participants who may not go on as they were admitted.

    Whose place is gone, or whose account is disabled, or guests of a room that is
    not public any more. One query for up to 500.
    """
    rows = Participant.objects.filter(pk__in=participants).entitled()
    return set(participants) - set(on_write_database(rows).values_list("pk", flat=True))


def find_room(*, identity: Identity, token: str) -> tuple[Room, Caller | None]:
    """Find a room that the asker may see: a public one, or one they are in.

    One query for a participant, two for others.

    Raises:
        NotFound: there is no such room, or it is not public and not the asker's.

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
    """Return whether a room is public, or one that the user is in.

    Two queries at most; as many for a room that does not exist as for somebody
    else's.
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
