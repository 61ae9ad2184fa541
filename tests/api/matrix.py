"""The authorisation matrix: kinds of callers, kinds of rooms, and the rule of a request.

`CallerKind` and `RoomKind` list all callers and rooms, `tests.api.matrix_rows` lists all
requests, and `expected_status` is the whole matrix. The statuses are those of the API
document, not those that the code was seen to return.
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
from tests.api.helpers import (
    SECRET,
    make_pinged_before,
    put_guest_in,
    put_in,
    set_password,
)
from tests.client import Answer, TalkClient
from tests.factories import PASSWORD, GroupFactory, RoomFactory, UserFactory
from tests.timelines import write


class CallerKind(StrEnum):
    """Every kind of caller."""

    OWNER = "owner"
    OTHER_OWNER = "another owner"
    MODERATOR = "moderator"
    USER = "invited user who has not joined"
    USER_JOINED = "invited user who has joined"
    USER_LEFT = "invited user who has left"
    USER_WITHOUT_SESSION = "invited user whose session has ended"
    USER_WITHOUT_COOKIES = "invited user who sends a password and no cookie"
    SELF_JOINED = "self-joined user"
    GUEST = "guest"
    GUEST_MODERATOR = "guest moderator"
    SILENT_GUEST = "guest whose last ping is old"

    NON_PARTICIPANT = "owner of another room"
    SELF_JOINED_LEFT = "self-joined user who has left"
    GUEST_LOGGED_IN = "guest who has logged in since"
    GUEST_LEFT = "guest who has left"
    GUEST_REMOVED = "guest who was removed"
    GUEST_ELSEWHERE = "guest of another room"
    GUEST_OF_PRIVATE = "guest of a room that was made private"
    GUEST_MODERATOR_OF_PRIVATE = "guest moderator of a room that was made private"
    ANONYMOUS = "anonymous"
    DEACTIVATED = "participant whose account is deactivated"
    WRONG_PASSWORD = "participant who sends a wrong password"


class RoomKind(StrEnum):
    """Every kind of room."""

    ONE_TO_ONE = "one-to-one"
    GROUP = "group"
    PUBLIC = "public"
    LOCKED = "public with a password"
    BOUND = "public and an object's"
    DELETED = "deleted"
    UNKNOWN = "unknown"


IN_ROOMS = frozenset(list(CallerKind)[:12])
"""Participants of the room."""

GUESTS = {CallerKind.GUEST, CallerKind.GUEST_MODERATOR, CallerKind.SILENT_GUEST}
BY_LINK = GUESTS | {
    CallerKind.SELF_JOINED,
    CallerKind.SELF_JOINED_LEFT,
    CallerKind.GUEST_LOGGED_IN,
    CallerKind.GUEST_LEFT,
    CallerKind.GUEST_REMOVED,
}
"""Callers who have entered a public room by its link."""

LEFT_BEHIND = {CallerKind.GUEST_OF_PRIVATE, CallerKind.GUEST_MODERATOR_OF_PRIVATE}
"""Guests whose rows a room kept when it became private."""

LOGGED_IN = IN_ROOMS - GUESTS | {
    CallerKind.NON_PARTICIPANT,
    CallerKind.SELF_JOINED_LEFT,
    CallerKind.GUEST_LOGGED_IN,
}
NOT_JOINED = {
    CallerKind.USER,
    CallerKind.USER_LEFT,
    CallerKind.USER_WITHOUT_SESSION,
    CallerKind.USER_WITHOUT_COOKIES,
    CallerKind.SILENT_GUEST,
}
"""Participants without a live session."""

MODERATORS = {
    CallerKind.OWNER,
    CallerKind.OTHER_OWNER,
    CallerKind.MODERATOR,
    CallerKind.GUEST_MODERATOR,
}

GONE = {RoomKind.DELETED, RoomKind.UNKNOWN}
PUBLIC = {RoomKind.PUBLIC, RoomKind.LOCKED, RoomKind.BOUND}


class Needs(StrEnum):
    """Without this, a caller is answered 404."""

    NOTHING = "nothing"
    VISIBLE_ROOM = "a public room, or a participant"
    PARTICIPANT = "a participant"
    ACCOUNT = "a participant with an account"
    SESSION = "a participant with a session"


@dataclass(frozen=True, kw_only=True)
class Row:
    """A request and its rule; `is_done` tells whether it had its effect."""

    what: str
    method: str
    path: str
    needs: Needs = Needs.NOTHING
    send: Mapping[str, Any] = field(default_factory=dict)
    users_only: bool = False
    guests_only: bool = False
    moderators_only: bool = False
    may_need_password: bool = False
    guests_without_session: int = 404
    in_kinds: Mapping[RoomKind, int] = field(default_factory=dict)
    for_callers: Mapping[CallerKind, int] = field(default_factory=dict)
    """The status for callers of whom the rule is not true."""

    drops_guest_of: frozenset[CallerKind] = frozenset()
    """Callers whose refused request removes the guest that they were."""

    done: int = 200
    is_done: Callable[[TalkClient, str], bool] = lambda client, token: True
    has_to_send: bool = False
    """Whether the answer is 400 without its parameters."""

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


def expected_status(row: Row, caller: CallerKind, kind: RoomKind) -> int:
    """Return the status that the API document names."""
    if caller in row.for_callers and kind not in GONE:
        return row.for_callers[caller]
    if row.users_only and caller not in LOGGED_IN:
        return 401
    if row.guests_only and caller in LOGGED_IN:
        return 403
    if not _has(caller, kind, row.needs):
        is_public = kind in PUBLIC and caller not in LOGGED_IN
        return row.guests_without_session if is_public else 404
    if row.moderators_only and caller not in MODERATORS:
        return 403
    is_member = _has(caller, kind, Needs.ACCOUNT)
    if row.may_need_password and kind is RoomKind.LOCKED and not is_member:
        return 403
    return row.in_kinds.get(kind, row.done)


def exists(caller: CallerKind, kind: RoomKind) -> bool:
    """Whether there can be such a caller of such a room."""
    if kind is RoomKind.UNKNOWN:
        return caller not in IN_ROOMS | BY_LINK | LEFT_BEHIND
    if caller in LEFT_BEHIND:
        return kind is RoomKind.GROUP
    if kind is RoomKind.ONE_TO_ONE:
        is_owner = caller in {CallerKind.OWNER, CallerKind.OTHER_OWNER}
        return is_owner or caller not in IN_ROOMS | BY_LINK
    return kind is not RoomKind.GROUP or caller not in BY_LINK


def _has(caller: CallerKind, kind: RoomKind, needs: Needs) -> bool:
    is_in = caller in IN_ROOMS and kind not in GONE
    return {
        Needs.NOTHING: True,
        Needs.VISIBLE_ROOM: is_in or kind in PUBLIC,
        Needs.PARTICIPANT: is_in,
        Needs.ACCOUNT: is_in and caller not in GUESTS,
        Needs.SESSION: is_in and caller not in NOT_JOINED,
    }[needs]


# Rooms and callers.


def make_room(kind: RoomKind) -> str:
    """Make a room of Alice's with participants on which requests can act."""
    if kind is RoomKind.UNKNOWN:
        return "nowhere9"
    alice, now = UserFactory(username="alice"), timezone.now()
    if kind is RoomKind.ONE_TO_ONE:
        UserFactory(username="bob")
        room = get_or_create_one_to_one(user=alice, invite="bob", now=now).room
    elif kind is RoomKind.BOUND:
        room = get_or_create_room(UserFactory(), name="Room", owner=alice)
    else:
        type = RoomType.GROUP if kind is RoomKind.GROUP else RoomType.PUBLIC
        room = create_room(user=alice, type=type, name="Room", now=now)
    if kind is not RoomKind.ONE_TO_ONE:
        put_in(room.token, UserFactory(username="target"))
        target = UserFactory(username="targetmoderator")
        put_in(room.token, target, type=ParticipantType.MODERATOR)
    if room.type == RoomType.PUBLIC:
        put_guest_in(room.token)
        participant = put_guest_in(room.token)
        participant.type = ParticipantType.GUEST_MODERATOR
        participant.save()
    if kind is RoomKind.LOCKED:
        set_password(room.token)
    write(room.token, ["hello"], user=alice)
    GroupFactory(name="crew").user_set.add(UserFactory(username="outsider"))
    return str(room.token)


def make_caller(caller: CallerKind, kind: RoomKind, token: str) -> TalkClient:
    """Make a caller of this kind, and put them into the room where they belong."""
    if caller in LEFT_BEHIND:
        Room.objects.filter(token=token).update(type=RoomType.PUBLIC)
    client = CALLERS[caller](token, kind)
    if caller in JOINING:
        client.join(token, SECRET)
    if caller in AFTER_JOINING:
        AFTER_JOINING[caller](client, token)
    if caller in LEFT_BEHIND:
        Room.objects.filter(token=token).update(type=RoomType.GROUP)
    return client


def delete(token: str) -> None:
    """Delete the room."""
    Room.objects.filter(token=token).delete()


def _participant(token: str) -> Any:
    """Return the participant who joined last."""
    newest = Session.objects.filter(room__token=token).latest("pk")
    return Participant.objects.filter(pk=newest.participant_id)


def _promote(client: TalkClient, token: str) -> None:
    _participant(token).update(type=ParticipantType.GUEST_MODERATOR)


def _leave(client: TalkClient, token: str) -> None:
    assert client.leave(token).status == 200


def _end_session(client: TalkClient, token: str) -> None:
    Session.objects.filter(participant__in=_participant(token)).delete()


def _be_silent(client: TalkClient, token: str) -> None:
    make_pinged_before(token, seconds=1000)


def _log_in(client: TalkClient, token: str) -> None:
    client.http.force_login(_user("greta"))


def _remove(client: TalkClient, token: str) -> None:
    _participant(token).delete()


AFTER_JOINING: dict[CallerKind, Callable[[TalkClient, str], None]] = {
    CallerKind.USER_LEFT: _leave,
    CallerKind.USER_WITHOUT_SESSION: _end_session,
    CallerKind.GUEST_MODERATOR: _promote,
    CallerKind.SILENT_GUEST: _be_silent,
    CallerKind.SELF_JOINED_LEFT: _leave,
    CallerKind.GUEST_LOGGED_IN: _log_in,
    CallerKind.GUEST_LEFT: _leave,
    CallerKind.GUEST_REMOVED: _remove,
    CallerKind.GUEST_MODERATOR_OF_PRIVATE: _promote,
}
"""Changes to callers after they have joined."""

NEVER_JOINED = {CallerKind.USER, CallerKind.USER_WITHOUT_COOKIES}
JOINING = (IN_ROOMS | BY_LINK | LEFT_BEHIND) - NEVER_JOINED


def _user(name: str) -> Any:
    return UserFactory(username=name)


def _owner(token: str, kind: RoomKind) -> TalkClient:
    owners = Participant.objects.filter(room__token=token, type=ParticipantType.OWNER)
    return TalkClient(owners.earliest("pk").user)


def _other_owner(token: str, kind: RoomKind) -> TalkClient:
    owners = Participant.objects.filter(room__token=token, type=ParticipantType.OWNER)
    if kind is not RoomKind.ONE_TO_ONE:
        put_in(token, _user("olga"), type=ParticipantType.OWNER)
    return TalkClient(owners.latest("pk").user)


def _member(token: str, kind: RoomKind, type: ParticipantType) -> Any:
    user = _user("uma")
    if kind not in (RoomKind.UNKNOWN, RoomKind.ONE_TO_ONE):
        put_in(token, user, type=type)
    return user


def _moderator(token: str, kind: RoomKind) -> TalkClient:
    return TalkClient(_member(token, kind, ParticipantType.MODERATOR))


def _invited(token: str, kind: RoomKind) -> TalkClient:
    return TalkClient(_member(token, kind, ParticipantType.USER))


def _without_cookies(token: str, kind: RoomKind) -> TalkClient:
    return TalkClient(_member(token, kind, ParticipantType.USER), basic=PASSWORD)


def _visiting_user(token: str, kind: RoomKind) -> TalkClient:
    return TalkClient(_user("sam"))


def _non_participant(token: str, kind: RoomKind) -> TalkClient:
    user = _user("nora")
    put_in(RoomFactory().token, user, type=ParticipantType.OWNER)
    return TalkClient(user)


def _anonymous(token: str, kind: RoomKind) -> TalkClient:
    return TalkClient()


def _deactivated(token: str, kind: RoomKind) -> TalkClient:
    user = _member(token, kind, ParticipantType.MODERATOR)
    client = TalkClient(user)
    user.is_active = False
    user.save()
    return client


def _wrong_password(token: str, kind: RoomKind) -> TalkClient:
    user = _member(token, kind, ParticipantType.MODERATOR)
    return TalkClient(user, basic=f"no {PASSWORD}")


def _elsewhere(token: str, kind: RoomKind) -> TalkClient:
    client = TalkClient()
    client.join(RoomFactory().token)
    return client


CALLERS: dict[CallerKind, Callable[[str, RoomKind], TalkClient]] = {
    CallerKind.OWNER: _owner,
    CallerKind.OTHER_OWNER: _other_owner,
    CallerKind.MODERATOR: _moderator,
    CallerKind.USER: _invited,
    CallerKind.USER_JOINED: _invited,
    CallerKind.USER_LEFT: _invited,
    CallerKind.USER_WITHOUT_SESSION: _invited,
    CallerKind.USER_WITHOUT_COOKIES: _without_cookies,
    CallerKind.SELF_JOINED: _visiting_user,
    CallerKind.GUEST: _anonymous,
    CallerKind.GUEST_MODERATOR: _anonymous,
    CallerKind.SILENT_GUEST: _anonymous,
    CallerKind.NON_PARTICIPANT: _non_participant,
    CallerKind.SELF_JOINED_LEFT: _visiting_user,
    CallerKind.GUEST_LOGGED_IN: _anonymous,
    CallerKind.GUEST_LEFT: _anonymous,
    CallerKind.GUEST_REMOVED: _anonymous,
    CallerKind.GUEST_ELSEWHERE: _elsewhere,
    CallerKind.GUEST_OF_PRIVATE: _anonymous,
    CallerKind.GUEST_MODERATOR_OF_PRIVATE: _anonymous,
    CallerKind.ANONYMOUS: _anonymous,
    CallerKind.DEACTIVATED: _deactivated,
    CallerKind.WRONG_PASSWORD: _wrong_password,
}

# Guests that requests act on: their session ids are known only once they exist.

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
