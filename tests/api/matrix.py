"""Who may do what in which room: callers, rooms, and what a rule about them is.

`Who` and `Kind` are all callers and rooms, `tests.api.matrix_rows` all requests;
`expected_status` is the whole matrix. The statuses are those of the API document,
never what was seen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.utils import timezone

from talk.constants import ParticipantType, RoomType
from talk.domain.room_creation import create_room, get_or_create_one_to_one
from talk.models import Participant, Room, Session
from talk.rooms import get_or_create_room
from tests.api.helpers import SECRET, put_guest_in, put_in, set_password
from tests.client import Answer, TalkClient
from tests.factories import PASSWORD, GroupFactory, RoomFactory, UserFactory
from tests.timelines import write


class Who(StrEnum):
    """Every kind of caller."""

    OWNER = "owner"
    MODERATOR = "moderator"
    USER = "user, invited and not joined"
    SELF_JOINED = "self-joined user"
    GUEST = "guest"
    GUEST_MODERATOR = "guest moderator"
    STRANGER = "user who is not in the room"
    GUEST_ELSEWHERE = "guest of another room"
    ANONYMOUS = "anonymous"
    DEACTIVATED = "member whose account is deactivated"
    WRONG_PASSWORD = "member with a wrong password"


class Kind(StrEnum):
    """Every kind of room."""

    ONE_TO_ONE = "one-to-one"
    GROUP = "group"
    PUBLIC = "public"
    LOCKED = "public with a password"
    BOUND = "public and an object's"
    DELETED = "deleted"
    UNKNOWN = "unknown"


IN_ROOMS = frozenset(list(Who)[:6])
BY_LINK = {Who.SELF_JOINED, Who.GUEST, Who.GUEST_MODERATOR}
LOGGED_IN = {Who.OWNER, Who.MODERATOR, Who.USER, Who.SELF_JOINED, Who.STRANGER}
JOINED = IN_ROOMS - {Who.USER}
MODERATORS = {Who.OWNER, Who.MODERATOR, Who.GUEST_MODERATOR}
GUESTS = {Who.GUEST, Who.GUEST_MODERATOR}

GONE = {Kind.DELETED, Kind.UNKNOWN}
PUBLIC = {Kind.PUBLIC, Kind.LOCKED, Kind.BOUND}


class Needs(StrEnum):
    """What a caller must have, or be told 404."""

    NOTHING = "nothing"
    SIGHT = "a public room, or a place in it"
    PLACE = "a place in the room"
    ACCOUNT_PLACE = "a place in the room, with an account"
    SESSION = "a place in the room, joined"


@dataclass(frozen=True, kw_only=True)
class Row:
    """A request and its rule; `is_done` tells whether it did what it says."""

    what: str
    method: str
    path: str
    needs: Needs = Needs.NOTHING
    send: Mapping[str, Any] = field(default_factory=dict)
    users_only: bool = False
    guests_only: bool = False
    moderators_only: bool = False
    may_need_password: bool = False
    outsiders_of_public_rooms: int = 404
    in_kinds: Mapping[Kind, int] = field(default_factory=dict)
    done: int = 200
    is_done: Callable[[TalkClient, str], bool] = lambda client, token: True
    has_to_send: bool = False
    """Whether it is a 400 without its parameters."""

    @property
    def is_about_a_room(self) -> bool:
        """Whether it matters which room there is."""
        return "{token}" in self.path

    def ask(self, client: TalkClient, token: str, **more: Any) -> Answer:
        """Send the request."""
        path = self.path.format(token=token)
        sent = {name: _target(token, value) for name, value in self.send.items()}
        if self.method == "POST":
            return client.request("POST", path, form={**sent, **more})
        return client.request(self.method, path, query={**sent, **more})


def expected_status(row: Row, who: Who, kind: Kind) -> int:
    """Return what the API document says."""
    if row.users_only and who not in LOGGED_IN:
        return 401
    if row.guests_only and who in LOGGED_IN:
        return 403
    if not _has(who, kind, row.needs):
        is_outside = who not in LOGGED_IN and who not in IN_ROOMS
        return row.outsiders_of_public_rooms if is_outside and kind in PUBLIC else 404
    if row.moderators_only and who not in MODERATORS:
        return 403
    has_account_place = _has(who, kind, Needs.ACCOUNT_PLACE)
    if row.may_need_password and kind is Kind.LOCKED and not has_account_place:
        return 403
    return row.in_kinds.get(kind, row.done)


def exists(who: Who, kind: Kind) -> bool:
    """Whether there can be such a caller of such a room."""
    if kind is Kind.UNKNOWN:
        return who not in IN_ROOMS
    if kind is Kind.ONE_TO_ONE:
        return who not in BY_LINK | {Who.MODERATOR, Who.USER}
    return kind is not Kind.GROUP or who not in BY_LINK


def _has(who: Who, kind: Kind, needs: Needs) -> bool:
    is_in = who in IN_ROOMS and kind not in GONE
    return {
        Needs.NOTHING: True,
        Needs.SIGHT: is_in or kind in PUBLIC,
        Needs.PLACE: is_in,
        Needs.ACCOUNT_PLACE: is_in and who not in GUESTS,
        Needs.SESSION: is_in and who in JOINED,
    }[needs]


# Rooms and callers.


def make_room(kind: Kind) -> str:
    """Make a room of Alice's with people in it to whom something can be done."""
    if kind is Kind.UNKNOWN:
        return "nowhere9"
    alice, now = UserFactory(username="alice"), timezone.now()
    if kind is Kind.ONE_TO_ONE:
        UserFactory(username="bob")
        room = get_or_create_one_to_one(user=alice, invite="bob", now=now).room
    elif kind is Kind.BOUND:
        room = get_or_create_room(UserFactory(), name="Room", owner=alice)
    else:
        type = RoomType.GROUP if kind is Kind.GROUP else RoomType.PUBLIC
        room = create_room(user=alice, type=type, name="Room", now=now)
    if kind is not Kind.ONE_TO_ONE:
        put_in(room.token, UserFactory(username="target"))
        target = UserFactory(username="targetmoderator")
        put_in(room.token, target, type=ParticipantType.MODERATOR)
    if room.type == RoomType.PUBLIC:
        put_guest_in(room.token)
        participant = put_guest_in(room.token)
        participant.type = ParticipantType.GUEST_MODERATOR
        participant.save()
    if kind is Kind.LOCKED:
        set_password(room.token)
    write(room.token, ["hello"], user=alice)
    GroupFactory(name="crew").user_set.add(UserFactory(username="outsider"))
    return str(room.token)


def make_caller(who: Who, kind: Kind, token: str) -> TalkClient:
    """Make somebody of this kind, and put them into the room where they belong."""
    client = CALLERS[who](token, kind)
    if who in JOINED:
        client.join(token, SECRET)
    if who is Who.GUEST_MODERATOR:
        newest = Session.objects.filter(room__token=token).latest("pk")
        Participant.objects.filter(pk=newest.participant_id).update(
            type=ParticipantType.GUEST_MODERATOR
        )
    return client


def delete(token: str) -> None:
    """Delete the room, where it is to be a deleted one."""
    Room.objects.filter(token=token).delete()


def _user(name: str) -> Any:
    return UserFactory(username=name)


def _owner(token: str, kind: Kind) -> TalkClient:
    owners = Participant.objects.filter(room__token=token, type=ParticipantType.OWNER)
    return TalkClient(owners.earliest("pk").user)


def _member(token: str, kind: Kind, type: ParticipantType, **fields: Any) -> Any:
    user = UserFactory(username="uma")
    if kind not in (Kind.UNKNOWN, Kind.ONE_TO_ONE):
        put_in(token, user, type=type, **fields)
    return user


def _deactivated(token: str, kind: Kind) -> TalkClient:
    user = _member(token, kind, ParticipantType.MODERATOR)
    client = TalkClient(user)
    user.is_active = False
    user.save()
    return client


def _wrong(token: str, kind: Kind) -> TalkClient:
    user = _member(token, kind, ParticipantType.MODERATOR)
    return TalkClient(user, basic=f"no {PASSWORD}")


def _elsewhere(token: str, kind: Kind) -> TalkClient:
    client = TalkClient()
    client.join(RoomFactory().token)
    return client


CALLERS: dict[Who, Callable[[str, Kind], TalkClient]] = {
    Who.OWNER: _owner,
    Who.MODERATOR: lambda token, kind: TalkClient(
        _member(token, kind, ParticipantType.MODERATOR)
    ),
    Who.USER: lambda token, kind: TalkClient(
        _member(token, kind, ParticipantType.USER)
    ),
    Who.SELF_JOINED: lambda token, kind: TalkClient(_user("sam")),
    Who.GUEST: lambda token, kind: TalkClient(),
    Who.GUEST_MODERATOR: lambda token, kind: TalkClient(),
    Who.STRANGER: lambda token, kind: TalkClient(_user("stranger")),
    Who.GUEST_ELSEWHERE: _elsewhere,
    Who.ANONYMOUS: lambda token, kind: TalkClient(),
    Who.DEACTIVATED: _deactivated,
    Who.WRONG_PASSWORD: _wrong,
}

# Whom requests are about: a guest's session is known only when there is one.

A_GUEST, A_GUEST_MODERATOR = object(), object()
TARGETS = {
    A_GUEST: ParticipantType.GUEST,
    A_GUEST_MODERATOR: ParticipantType.GUEST_MODERATOR,
}


def _target(token: str, value: Any) -> Any:
    """Return the session id of the first guest of the kind; other values as they are."""
    if value not in TARGETS:
        return value
    sessions = Session.objects.filter(
        room__token=token, participant__type=TARGETS[value]
    )
    first = sessions.order_by("pk").first()
    return first.session_id if first is not None else "a" * 512
