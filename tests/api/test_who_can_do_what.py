"""Who can do what: every kind of caller tries everything, in every kind of room."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth.hashers import check_password

from talk.constants import ParticipantType, RoomType
from talk.models import Participant, Room, Session
from tests.api import operations as do
from tests.api.callers import (
    Caller,
    anonymous,
    guest,
    guest_moderator,
    owner,
    self_joined,
    uninvited,
)
from tests.api.helpers import (
    SECRET,
    assert_login_needed,
    assert_refused,
    places_of,
    put_guest_in,
    put_in,
    rows,
    set_password,
)
from tests.client import Answer, TalkClient
from tests.factories import GroupFactory, UserFactory
from tests.mails import wait_for_mails

ADDRESS = "somebody@example.org"
GUEST, GUEST_MODERATOR = ParticipantType.GUEST, ParticipantType.GUEST_MODERATOR


def moderator(token: str) -> TalkClient:
    user = UserFactory(username="mona")
    put_in(token, user, type=ParticipantType.MODERATOR)
    return TalkClient(user)


def member(token: str) -> TalkClient:
    user = UserFactory(username="uma")
    put_in(token, user)
    return TalkClient(user)


IN_PUBLIC: dict[str, Caller] = {
    "owner": owner,
    "moderator": moderator,
    "user": member,
    "self-joined": self_joined,
    "guest": guest,
    "guest moderator": guest_moderator,
    "stranger": uninvited,
    "anonymous": anonymous,
}
IN_PRIVATE: dict[str, Caller] = {
    who: IN_PUBLIC[who]
    for who in ("owner", "moderator", "user", "stranger", "anonymous")
}
"""Nobody is in a private room by its link."""

OWN_TYPE = {
    "owner": 1,
    "moderator": 2,
    "user": 3,
    "self-joined": 5,
    "guest moderator": 4,  # a new guest, who was not promoted
    "guest": 4,
    "stranger": 5,
    "anonymous": 4,
}
"""What everybody is after joining a public room."""


def furnish(token: str) -> None:
    """Put in everybody to whom something can be done; make who is outside."""
    put_in(token, UserFactory(username="targetuser"))
    target = UserFactory(username="targetmoderator")
    put_in(token, target, type=ParticipantType.MODERATOR)
    if Room.objects.get(token=token).type == RoomType.PUBLIC:
        put_guest_in(token)
        place = put_guest_in(token)
        place.type = GUEST_MODERATOR
        place.save()
    GroupFactory(name="crew").user_set.add(UserFactory(username="outsider"))


def target(token: str, type: int) -> str:
    """Return the session id of the guest that something is done to."""
    sessions = Session.objects.filter(room__token=token, participant__type=type)
    return sessions.latest("pk").session_id


def room(token: str) -> Room:
    return Room.objects.get(token=token)


def is_outsider_in(client: TalkClient, token: str) -> bool:
    return places_of(token).get("outsider") == ParticipantType.USER


def own_flag(client: TalkClient, token: str, key: str) -> Any:
    return client.room(token)[key]


def number_of(token: str, type: int) -> int:
    return Participant.objects.filter(room__token=token, type=type).count()


@dataclass(frozen=True)
class Action:
    """A request, and how to tell that it was done."""

    ask: Callable[[TalkClient, str], Answer]
    is_done: Callable[[TalkClient, str], bool]


ACTIONS = {
    "read the room": Action(
        lambda client, token: client.get(f"/room/{token}"),
        lambda client, token: client.room(token)["token"] == token,
    ),
    "list the participants": Action(
        do.list_participants,
        lambda client, token: len(do.list_participants(client, token).data) >= 3,
    ),
    "rename the room": Action(
        lambda client, token: do.rename(client, token, "New name"),
        lambda client, token: room(token).name == "New name",
    ),
    "set a password": Action(
        lambda client, token: do.protect(client, token, "another"),
        lambda client, token: check_password("another", room(token).password),
    ),
    "clear the password": Action(
        lambda client, token: do.protect(client, token, ""),
        lambda client, token: room(token).password == "",
    ),
    "delete the room": Action(
        do.delete_room,
        lambda client, token: not Room.objects.filter(token=token).exists(),
    ),
    "make public": Action(
        do.make_public, lambda client, token: room(token).type == RoomType.PUBLIC
    ),
    "make private": Action(
        do.make_private, lambda client, token: room(token).type == RoomType.GROUP
    ),
    "add a user": Action(
        lambda client, token: do.add(client, token, "outsider"), is_outsider_in
    ),
    "add a group": Action(
        lambda client, token: do.add_group(client, token, "crew"), is_outsider_in
    ),
    "add an address": Action(
        lambda client, token: do.add_address(client, token, ADDRESS),
        lambda client, token: room(token).type == RoomType.PUBLIC,
    ),
    "invite by e-mail": Action(
        lambda client, token: do.invite(client, token, ADDRESS),
        lambda client, token: room(token).type == RoomType.PUBLIC,
    ),
    "remove a user": Action(
        lambda client, token: do.remove(client, token, "targetuser"),
        lambda client, token: "targetuser" not in places_of(token),
    ),
    "promote a user": Action(
        lambda client, token: do.promote(client, token, "targetuser"),
        lambda client, token: places_of(token)["targetuser"] == 2,
    ),
    "demote a moderator": Action(
        lambda client, token: do.demote(client, token, "targetmoderator"),
        lambda client, token: places_of(token)["targetmoderator"] == 3,
    ),
    "leave for good": Action(
        do.leave_for_good,
        lambda client, token: client.get("/room").data == [],
    ),
    "mark as favourite": Action(
        do.mark_as_favorite,
        lambda client, token: own_flag(client, token, "isFavorite") is True,
    ),
    "unmark as favourite": Action(
        lambda client, token: [
            do.mark_as_favorite(client, token),
            do.unmark_as_favorite(client, token),
        ][-1],
        lambda client, token: own_flag(client, token, "isFavorite") is False,
    ),
    "choose notifications": Action(
        lambda client, token: do.notify(client, token, 3),
        lambda client, token: own_flag(client, token, "notificationLevel") == 3,
    ),
    "join": Action(
        lambda client, token: client.ask_to_join(token, password=SECRET),
        lambda client, token: own_flag(client, token, "sessionId") != "0",
    ),
}

ON_GUESTS = {
    "remove a guest": Action(
        lambda client, token: do.remove_guest(client, token, target(token, GUEST)),
        lambda client, token: number_of(token, GUEST) == 0,
    ),
    "promote a guest": Action(
        lambda client, token: do.promote_guest(client, token, target(token, GUEST)),
        lambda client, token: number_of(token, GUEST) == 0,
    ),
    "demote a guest moderator": Action(
        lambda client, token: do.demote_guest(
            client, token, target(token, GUEST_MODERATOR)
        ),
        lambda client, token: number_of(token, GUEST) >= 2,
    ),
}
"""Only a public room has guests."""

Table = dict[str, tuple[int, ...]]

# fmt: off
PUBLIC: Table = {
    #                        own  mod  user self gst  gmod str  anon
    "read the room":         (200, 200, 200, 200, 200, 200, 200, 200),
    "list the participants": (200, 200, 200, 200, 200, 200, 404, 404),
    "rename the room":       (200, 200, 403, 403, 403, 200, 404, 404),
    "set a password":        (200, 200, 403, 403, 403, 200, 404, 404),
    "clear the password":    (200, 200, 403, 403, 403, 200, 404, 404),
    "delete the room":       (200, 200, 403, 403, 403, 200, 404, 404),
    "make public":           (200, 200, 403, 403, 401, 401, 404, 401),
    "make private":          (200, 200, 403, 403, 401, 401, 404, 401),
    "add a user":            (200, 200, 403, 403, 401, 401, 404, 401),
    "add a group":           (200, 200, 403, 403, 401, 401, 404, 401),
    "add an address":        (200, 200, 403, 403, 401, 401, 404, 401),
    "invite by e-mail":      (200, 200, 403, 403, 404, 404, 404, 404),
    "remove a user":         (200, 200, 403, 403, 403, 200, 404, 404),
    "remove a guest":        (200, 200, 403, 403, 403, 200, 404, 404),
    "promote a user":        (200, 200, 403, 403, 403, 200, 404, 404),
    "promote a guest":       (200, 200, 403, 403, 403, 200, 404, 404),
    "demote a moderator":    (200, 200, 403, 403, 403, 200, 404, 404),
    "demote a guest moderator": (200, 200, 403, 403, 403, 200, 404, 404),
    "leave for good":        (200, 200, 200, 200, 401, 401, 404, 401),
    "mark as favourite":     (200, 200, 200, 200, 404, 404, 404, 404),
    "unmark as favourite":   (200, 200, 200, 200, 404, 404, 404, 404),
    "choose notifications":  (200, 200, 200, 200, 404, 404, 404, 404),
    "join":                  (200, 200, 200, 200, 200, 200, 200, 200),
}
PRIVATE: Table = {
    #                        own  mod  user str  anon
    "read the room":         (200, 200, 200, 404, 404),
    "list the participants": (200, 200, 200, 404, 404),
    "rename the room":       (200, 200, 403, 404, 404),
    "set a password":        (403, 403, 403, 404, 404),
    "clear the password":    (403, 403, 403, 404, 404),
    "delete the room":       (200, 200, 403, 404, 404),
    "make public":           (200, 200, 403, 404, 401),
    "make private":          (200, 200, 403, 404, 401),
    "add a user":            (200, 200, 403, 404, 401),
    "add a group":           (200, 200, 403, 404, 401),
    "add an address":        (200, 200, 403, 404, 401),
    "invite by e-mail":      (200, 200, 403, 404, 404),
    "remove a user":         (200, 200, 403, 404, 404),
    "promote a user":        (200, 200, 403, 404, 404),
    "demote a moderator":    (200, 200, 403, 404, 404),
    "leave for good":        (200, 200, 200, 404, 401),
    "mark as favourite":     (200, 200, 200, 404, 404),
    "unmark as favourite":   (200, 200, 200, 404, 404),
    "choose notifications":  (200, 200, 200, 404, 404),
    "join":                  (200, 200, 200, 404, 404),
}
# fmt: on

WITHOUT_PARAMETERS = {
    "rename the room": ("PUT", ""),
    "set a password": ("PUT", "/password"),
    "add a user": ("POST", "/participants"),
    "invite by e-mail": ("POST", "/participants/guests"),
    "remove a user": ("DELETE", "/participants"),
    "remove a guest": ("DELETE", "/participants/guests"),
    "promote a user": ("POST", "/moderators"),
    "demote a moderator": ("DELETE", "/moderators"),
    "choose notifications": ("POST", "/notify"),
}
"""Requests that lack what they need: method, and path within the room."""


def cells(table: Table, callers: dict[str, Caller], *, allowed: bool) -> list[Any]:
    """Return who, what and status of one half of a table."""
    return [
        pytest.param(who, action, status, id=f"{who}-{action}")
        for action, statuses in table.items()
        for who, status in zip(callers, statuses, strict=True)
        if (status == 200) == allowed
    ]


def assert_status(answer: Answer, status: int) -> None:
    """The refusal, as its status looks."""
    if status == 401:
        assert_login_needed(answer)
    else:
        assert_refused(answer, status)


def action_called(name: str) -> Action:
    return {**ACTIONS, **ON_GUESTS}[name]


def prepare(kind: RoomType, who: str) -> tuple[str, TalkClient]:
    """Return a room with a password and with people, and who asks."""
    token = owner("").create_room(type=int(kind))
    set_password(token)
    client = IN_PUBLIC[who](token)
    furnish(token)
    return token, client


def assert_allowed(kind: RoomType, who: str, action: str) -> None:
    token, client = prepare(kind, who)
    answer = action_called(action).ask(client, token)
    assert answer.status == 200
    assert answer.meta["status"] == "ok"
    assert answer.meta["statuscode"] == 200
    assert action_called(action).is_done(client, token)


def assert_forbidden(kind: RoomType, who: str, action: str, status: int) -> None:
    token, client = prepare(kind, who)
    before = rows()
    assert_status(action_called(action).ask(client, token), status)
    assert rows() == before


@pytest.mark.usefixtures("alice")
class TestPublicRoom:
    """Everybody with the link may be here."""

    @pytest.mark.parametrize(
        ("who", "action", "status"), cells(PUBLIC, IN_PUBLIC, allowed=True)
    )
    def test_may(self, who: str, action: str, status: int) -> None:
        assert_allowed(RoomType.PUBLIC, who, action)

    @pytest.mark.parametrize(
        ("who", "action", "status"), cells(PUBLIC, IN_PUBLIC, allowed=False)
    )
    def test_may_not(self, who: str, action: str, status: int) -> None:
        assert_forbidden(RoomType.PUBLIC, who, action, status)

    @pytest.mark.parametrize("who", IN_PUBLIC)
    def test_everybody_joins_as_what_they_are(self, who: str) -> None:
        token, client = prepare(RoomType.PUBLIC, who)
        client.join(token, SECRET)
        assert client.room(token)["participantType"] == OWN_TYPE[who]

    @pytest.mark.parametrize("who", IN_PUBLIC)
    def test_strangers_alone_see_nobody(self, who: str) -> None:
        token, client = prepare(RoomType.PUBLIC, who)
        is_stranger = who in ("stranger", "anonymous")
        assert (client.room(token)["participants"] == []) == is_stranger

    def test_who_leaves_for_good_leaves_the_room_to_the_others(self) -> None:
        token, client = prepare(RoomType.PUBLIC, "owner")
        do.leave_for_good(client, token)
        assert "alice" not in places_of(token)
        assert len(places_of(token)) > 1


@pytest.mark.usefixtures("alice")
class TestPrivateRoom:
    """Only who was invited may be here."""

    @pytest.mark.parametrize(
        ("who", "action", "status"), cells(PRIVATE, IN_PRIVATE, allowed=True)
    )
    def test_may(self, who: str, action: str, status: int) -> None:
        assert_allowed(RoomType.GROUP, who, action)

    @pytest.mark.parametrize(
        ("who", "action", "status"), cells(PRIVATE, IN_PRIVATE, allowed=False)
    )
    def test_may_not(self, who: str, action: str, status: int) -> None:
        assert_forbidden(RoomType.GROUP, who, action, status)


@pytest.mark.usefixtures("alice")
@pytest.mark.parametrize("action", ["invite by e-mail", "add an address"])
class TestMails:
    """Nobody gets a mail from somebody who may not send it."""

    def assert_sent(self, *, is_sent: bool) -> None:
        recipients = [sent.to for sent in wait_for_mails()]
        assert recipients == ([[ADDRESS]] if is_sent else [])

    @pytest.mark.parametrize("who", IN_PUBLIC)
    def test_in_a_public_room(
        self, django_capture_on_commit_callbacks: Any, action: str, who: str
    ) -> None:
        token, client = prepare(RoomType.PUBLIC, who)
        with django_capture_on_commit_callbacks(execute=True):
            answer = action_called(action).ask(client, token)
        self.assert_sent(is_sent=answer.status == 200)

    @pytest.mark.parametrize("who", IN_PRIVATE)
    def test_in_a_private_room(
        self, django_capture_on_commit_callbacks: Any, action: str, who: str
    ) -> None:
        token, client = prepare(RoomType.GROUP, who)
        with django_capture_on_commit_callbacks(execute=True):
            answer = action_called(action).ask(client, token)
        self.assert_sent(is_sent=answer.status == 200)


@pytest.mark.usefixtures("bob")
class TestOneToOneRoom:
    """Nobody but the two may do anything."""

    @pytest.mark.parametrize("who", ["stranger", "anonymous"])
    @pytest.mark.parametrize("action", ACTIONS)
    def test_strangers_find_nothing(self, pair: str, who: str, action: str) -> None:
        client = IN_PRIVATE[who](pair)
        UserFactory(username="outsider")
        before = rows()
        status = dict(zip(IN_PRIVATE, PRIVATE[action], strict=True))[who]
        assert_status(ACTIONS[action].ask(client, pair), status)
        assert rows() == before

    @pytest.mark.parametrize("who", ["stranger", "anonymous"])
    @pytest.mark.parametrize("action", ACTIONS)
    def test_it_is_refused_like_one_that_does_not_exist(
        self, pair: str, who: str, action: str
    ) -> None:
        client = IN_PRIVATE[who](pair)
        private = ACTIONS[action].ask(client, pair)
        missing = ACTIONS[action].ask(client, "nowhere9")
        assert (private.meta, private.data) == (missing.meta, missing.data)


@pytest.mark.usefixtures("alice")
class TestWithoutParameters:
    """Who may not ask is not told that something is missing."""

    def ask(self, client: TalkClient, token: str, action: str) -> Answer:
        method, path = WITHOUT_PARAMETERS[action]
        return client.request(method, f"/room/{token}{path}")

    @pytest.mark.parametrize("action", WITHOUT_PARAMETERS)
    @pytest.mark.parametrize("who", IN_PUBLIC)
    def test_in_a_public_room(self, action: str, who: str) -> None:
        self.check(RoomType.PUBLIC, PUBLIC, IN_PUBLIC, action, who)

    @pytest.mark.parametrize("action", sorted(WITHOUT_PARAMETERS.keys() - ON_GUESTS))
    @pytest.mark.parametrize("who", IN_PRIVATE)
    def test_in_a_private_room(self, action: str, who: str) -> None:
        self.check(RoomType.GROUP, PRIVATE, IN_PRIVATE, action, who)

    def check(
        self,
        kind: RoomType,
        table: Table,
        callers: dict[str, Caller],
        action: str,
        who: str,
    ) -> None:
        status = dict(zip(callers, table[action], strict=True))[who]
        token, client = prepare(kind, who)
        before = rows()
        expected = 400 if status == 200 else status
        assert_status(self.ask(client, token, action), expected)
        assert rows() == before
