"""Callers of each kind: functions that take a room's token and return a client.

The rooms are Alice's. Bob must have been invited to those in which he is a caller: they
come from `make_room`, or from the fixture `shared`.
"""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth import get_user_model

from talk.constants import ParticipantType, RoomType
from talk.models import Participant, Room, Session
from tests.api.helpers import SECRET, make_pinged_before, put_in, set_password
from tests.client import Answer, TalkClient
from tests.factories import PASSWORD, RoomFactory, UserFactory

Caller = Callable[[str], TalkClient]

ACTIONS: dict[str, Callable[[TalkClient, str], Answer]] = {
    "history": lambda client, token: client.history(token),
    "future": lambda client, token: client.poll(token, after=0),
    "post": lambda client, token: client.post(f"/chat/{token}", message="hello"),
}
"""Requests about a room's chat."""

PRIVATE_ROOMS = ["one-to-one", "group"]
PUBLIC_ROOMS = ["public", "public with password"]
ALL_ROOMS = PRIVATE_ROOMS + PUBLIC_ROOMS


def make_room(kind: str) -> str:
    """Let Alice, who must exist, create a room; create Bob and invite him."""
    as_alice, bob = owner(""), UserFactory(username="bob")
    if kind == "one-to-one":
        return as_alice.create_room(type=1, invite="bob")
    token = as_alice.create_room(type=2 if kind == "group" else 3)
    put_in(token, bob)
    if kind == "public with password":
        set_password(token)
    return token


def user_called(name: str) -> TalkClient:
    return TalkClient(get_user_model().objects.get(username=name))


def owner(token: str) -> TalkClient:
    return user_called("alice")


def invited(token: str) -> TalkClient:
    return user_called("bob")


def invited_and_joined(token: str) -> TalkClient:
    client = invited(token)
    client.join(token)
    return client


def invited_with_ended_session(token: str) -> TalkClient:
    client = invited_and_joined(token)
    Session.objects.all().delete()
    return client


def invited_and_left(token: str) -> TalkClient:
    client = invited_and_joined(token)
    assert client.leave(token).status == 200
    return client


def without_cookies(token: str) -> TalkClient:
    bob = get_user_model().objects.get(username="bob")
    return TalkClient(bob, basic=PASSWORD)


def uninvited(token: str) -> TalkClient:
    return TalkClient(UserFactory(username="carol"))


def self_joined(token: str) -> TalkClient:
    client = uninvited(token)
    client.join(token, SECRET)
    return client


def self_joined_and_left(token: str) -> TalkClient:
    client = self_joined(token)
    assert client.leave(token).status == 200
    return client


def anonymous(token: str) -> TalkClient:
    return TalkClient()


def guest(token: str) -> TalkClient:
    client = TalkClient()
    client.join(token, SECRET)
    return client


def guest_moderator(token: str) -> TalkClient:
    client = guest(token)
    guests = Participant.objects.filter(type=ParticipantType.GUEST)
    guests.update(type=ParticipantType.GUEST_MODERATOR)
    return client


def silent_guest(token: str) -> TalkClient:
    """Return a guest whose session is stale but was not removed yet."""
    client = guest(token)
    make_pinged_before(token, seconds=1000)
    return client


def guest_who_left(token: str) -> TalkClient:
    client = guest(token)
    assert client.leave(token).status == 200
    return client


def removed_guest(token: str) -> TalkClient:
    client = guest(token)
    Participant.objects.filter(type=ParticipantType.GUEST).delete()
    return client


def guest_of_a_room_made_private(token: str) -> TalkClient:
    """Return a guest whose row was left behind when the room became private."""
    client = guest(token)
    Room.objects.filter(token=token).update(type=RoomType.GROUP)
    return client


def guest_moderator_of_a_room_made_private(token: str) -> TalkClient:
    client = guest_moderator(token)
    Room.objects.filter(token=token).update(type=RoomType.GROUP)
    return client


def guest_of_another_room(token: str) -> TalkClient:
    client = TalkClient()
    client.join(RoomFactory().token)
    return client


def guest_who_logged_in(token: str) -> TalkClient:
    """Return a browser that joined as a guest and belongs to a user now."""
    client = guest(token)
    client.http.force_login(UserFactory(username="carol"))
    return client


PARTICIPANTS: dict[Caller, list[str]] = {
    owner: ALL_ROOMS,
    invited_and_joined: ALL_ROOMS,
    invited: ALL_ROOMS,
    invited_with_ended_session: ALL_ROOMS,
    invited_and_left: ALL_ROOMS,
    without_cookies: ALL_ROOMS,
    self_joined: PUBLIC_ROOMS,
    guest: PUBLIC_ROOMS,
    guest_moderator: PUBLIC_ROOMS,
    silent_guest: PUBLIC_ROOMS,
}
"""Callers that are participants, and the rooms in which they are."""

OTHERS: dict[Caller, list[str]] = {
    uninvited: ALL_ROOMS,
    self_joined_and_left: PUBLIC_ROOMS,
    anonymous: ALL_ROOMS,
    guest_who_left: PUBLIC_ROOMS,
    removed_guest: PUBLIC_ROOMS,
    guest_of_a_room_made_private: PUBLIC_ROOMS,
    guest_moderator_of_a_room_made_private: PUBLIC_ROOMS,
    guest_of_another_room: ALL_ROOMS,
    guest_who_logged_in: PUBLIC_ROOMS,
}
"""Callers that are not participants, and the rooms to try."""

ALLOWED = [(caller, kind) for caller, kinds in PARTICIPANTS.items() for kind in kinds]
REFUSED = [(caller, kind) for caller, kinds in OTHERS.items() for kind in kinds]
