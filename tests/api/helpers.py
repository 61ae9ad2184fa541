"""Helpers that change rooms, read them, and check responses."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.db.models import Model
from django.utils import timezone

from talk.constants import ParticipantType
from talk.models import Guest, Message, Participant, Room, Session
from tests.client import Answer, TalkClient
from tests.factories import (
    PASSWORD,
    GuestFactory,
    ParticipantFactory,
    SessionFactory,
)

START = datetime(2025, 1, 1, 12, tzinfo=UTC)
TIMESTAMP = int(START.timestamp())
SECRET = "open sesame"
"""The password of rooms that have one."""

LAST_GIVEN = "X-Chat-Last-Given"
MESSAGE_TYPES = {
    "id": int,
    "token": str,
    "actorType": str,
    "actorId": str,
    "actorDisplayName": str,
    "timestamp": int,
    "message": str,
    "messageParameters": list,
    "systemMessage": str,
}
"""All keys of a message and the types of a comment's values."""

UNSTORABLE = [
    pytest.param("a\0b", id="NUL"),
    pytest.param("\0", id="nothing but NUL"),
    pytest.param("a\ud800b", id="high surrogate"),
    pytest.param("a\udfffb", id="low surrogate"),
    pytest.param("\ude00\ud83d", id="surrogates in the wrong order"),
]
"""Texts that databases cannot store."""


class WithoutCookies(TalkClient):
    """A program that sends a password with each request and forgets all cookies."""

    def __init__(self, user: Any) -> None:
        super().__init__(user, basic=PASSWORD)

    def request(self, *args: Any, **kwargs: Any) -> Answer:
        """Send a request as if it were the first."""
        self.http.cookies.clear()
        return super().request(*args, **kwargs)


# Changing rooms without the API.


def put_in(token: str, user: Any, **fields: Any) -> Participant:
    """Add a user to a room, with everything read."""
    room = Room.objects.get(token=token)
    fields = {"read_comments": room.comment_count, **fields}
    return ParticipantFactory(room=room, user=user, **fields)


def put_guest_in(token: str) -> Participant:
    """Add a connected guest to a room."""
    participant = ParticipantFactory(
        room=Room.objects.get(token=token),
        user=None,
        guest=GuestFactory(),
        type=ParticipantType.GUEST,
    )
    SessionFactory(participant=participant)
    return participant


def fill(token: str, people: int) -> None:
    """Add connected users and as many connected guests to a room."""
    room = Room.objects.get(token=token)
    for _ in range(people):
        SessionFactory(participant=ParticipantFactory(room=room))
        put_guest_in(token)


def set_password(token: str) -> None:
    """Set the password of a room to `SECRET`."""
    Room.objects.filter(token=token).update(password=make_password(SECRET))


def make_pinged_before(token: str, seconds: int = 50) -> None:
    """Move the last ping of all sessions in a room to some seconds ago."""
    past = timezone.now() - timedelta(seconds=seconds)
    Session.objects.filter(room__token=token).update(last_ping=past)


# Reading rooms.


def rows(*tables: type[Model]) -> list[list[dict[str, Any]]]:
    """Return all rows of these tables, or else of all tables of rooms."""
    tables = tables or (Room, Participant, Session, Guest, Message)
    return [list(table.objects.order_by("pk").values()) for table in tables]


def user_types_of(token: str) -> dict[str, int]:
    """Return the participant type of each user in a room."""
    participants = Participant.objects.filter(room__token=token)
    return dict(participants.values_list("user__username", "type"))


def system_messages_of(client: TalkClient, token: str) -> list[tuple[str, str]]:
    """Return key and affected user of all system messages, oldest first."""
    found = []
    for message in reversed(client.history(token).data):
        assert message["actorType"] == "users"
        user = message["messageParameters"].get("user", {"id": ""})
        found.append((message["systemMessage"], user["id"]))
    return found


def session_ids(token: str) -> set[str]:
    """Return the ids of all sessions of a room."""
    sessions = Session.objects.filter(room__token=token)
    return set(sessions.values_list("session_id", flat=True))


def own_session_id(client: TalkClient, token: str) -> str:
    """Return the session id in the client's room object."""
    return client.room(token)["sessionId"]


def unread(client: TalkClient, token: str) -> int:
    """Return the number of unread messages in the room object."""
    return client.room(token)["unreadMessages"]


def hash_of(session_id: str) -> str:
    """Return the actor id of the guest who joined with this session id."""
    return hashlib.sha1(session_id.encode()).hexdigest()


def ids(answer: Answer) -> list[int]:
    """Return the ids of messages in the order given."""
    assert answer.status == 200, answer
    return [message["id"] for message in answer.data]


def texts(answer: Answer) -> list[str]:
    """Return the texts of comments in the order given."""
    assert answer.status == 200, answer
    return [m["message"] for m in answer.data if not m["systemMessage"]]


def keys(answer: Answer) -> list[str]:
    """Return the keys of all messages, which are empty for comments."""
    assert answer.status == 200, answer
    return [message["systemMessage"] for message in answer.data]


def types_of(values: dict[str, Any]) -> dict[str, type]:
    """Return the type of each value."""
    return {key: type(value) for key, value in values.items()}


def timeline_of(token: str) -> dict[str, Any]:
    """Return the stored timeline of a room: messages, counters and times."""
    counters = ("last_position", "comment_count", "last_activity")
    room = Room.objects.filter(token=token).values("type", "name", *counters).get()
    messages = Message.objects.filter(room__token=token).order_by("pk")
    return {**room, "messages": list(messages.values())}


# Checking responses.


def assert_refused(answer: Answer, status: int, code: int | None = None) -> None:
    """Check that a request was refused with this status, and this code if given."""
    assert answer.status == status
    assert answer.meta["status"] == "failure"
    assert answer.meta["statuscode"] == (code or status)
    assert answer.data == []


def assert_login_needed(answer: Answer) -> None:
    """Check that a request was refused with a 401 and its code."""
    assert_refused(answer, 401, code=997)


def assert_not_found(answer: Answer) -> None:
    """Check that a request was refused with a 404 of the chat, without a message."""
    assert_refused(answer, 404)
    assert not answer.meta["message"]
    assert LAST_GIVEN not in answer.headers


def assert_done(answer: Answer) -> None:
    """Check that a request succeeded without data."""
    assert answer.status == 200
    assert answer.meta["status"] == "ok"
    assert answer.meta["statuscode"] == 200
    assert answer.data == []
