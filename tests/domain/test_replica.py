"""A site that reads from a replica: decisions about writes read the written database."""

from __future__ import annotations

import pytest
from django.db import connections
from django.utils import timezone

from talk.constants import RoomType
from talk.domain import messages, room_creation, sessions
from talk.domain.access import Caller, Identity
from talk.models import Message, Participant, Room

pytestmark = pytest.mark.django_db


class Router:
    """Sends all reads to the replica."""

    def db_for_read(self, model: object, **hints: object) -> str:
        return "replica"

    def db_for_write(self, model: object, **hints: object) -> str:
        return "default"

    def allow_relation(self, one: object, other: object, **hints: object) -> bool:
        return True


class Replica:
    """A connection like the default one that raises an error on each read."""

    def cursor(self, *args: object) -> None:
        raise AssertionError("read from the replica")

    chunked_cursor = cursor

    def __getattr__(self, name: str) -> object:
        return getattr(connections["default"], name)


@pytest.fixture
def replica(settings):
    """Return a function that sends reads to the replica from its call on."""

    def route() -> None:
        settings.DATABASE_ROUTERS = ["tests.domain.test_replica.Router"]

    connections["replica"] = Replica()
    yield route
    del connections["replica"]


def caller(user, room: Room) -> Caller:
    participant = Participant.objects.select_related("room", "user", "guest").get(
        user=user
    )
    return Caller(
        user=user, device=None, room=participant.room, participant=participant
    )


def test_a_room_is_created_without_the_replica(alice, replica) -> None:
    replica()
    room_creation.create_room(
        user=alice, type=RoomType.PUBLIC, name="", now=timezone.now()
    )
    assert Message.objects.using("default").count() == 1


def test_a_message_is_posted_without_the_replica(alice, replica) -> None:
    now = timezone.now()
    room = room_creation.create_room(user=alice, type=RoomType.PUBLIC, name="", now=now)
    as_alice = caller(alice, room)
    replica()
    messages.post_message(caller=as_alice, text="hello", now=now)
    assert Message.objects.using("default").count() == 2


@pytest.mark.parametrize("device", [None, "d" * 64])
def test_users_join_and_leave_without_the_replica(alice, bob, replica, device) -> None:
    now = timezone.now()
    room = room_creation.create_room(user=alice, type=RoomType.PUBLIC, name="", now=now)
    identity = Identity(user=bob, device=device)
    replica()
    for _ in range(2):
        sessions.join_room(
            identity=identity, room=room, caller=None, password="", now=now
        )
    assert sessions._disconnect(identity=identity, room_id=room.pk, now=now)
    assert not Participant.objects.using("default").filter(user=bob).exists()


def test_a_read_from_the_replica_is_noticed(replica) -> None:
    replica()
    with pytest.raises(AssertionError, match="replica"):
        Room.objects.exists()
