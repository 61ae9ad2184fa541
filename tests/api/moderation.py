"""Requests that add, remove and promote participants, and their system messages."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from talk.adapters import DefaultAdapter
from talk.constants import ParticipantType
from talk.models import CallAttendance, Participant, Room, Session
from tests.api.callers import (
    anonymous,
    guest_of_another_room,
    guest_who_left,
    guest_who_logged_in,
    removed_guest,
    self_joined_and_left,
    uninvited,
    user_called,
)
from tests.api.helpers import put_in
from tests.api.wire import JSON
from tests.client import Answer, TalkClient
from tests.factories import UserFactory

NO_TEXT = [
    pytest.param({}, id="missing"),
    pytest.param(None, id="null"),
    pytest.param(["bob"], id="list"),
    pytest.param({"id": "bob"}, id="object"),
]
"""Values that are not a text; `{}` stands for a missing parameter."""

USERS_WITHOUT_PLACE = [uninvited, self_joined_and_left, guest_who_logged_in]
ANONYMOUS_WITHOUT_PLACE = [
    anonymous,
    guest_who_left,
    removed_guest,
    guest_of_another_room,
]
WITHOUT_PLACE = USERS_WITHOUT_PLACE + ANONYMOUS_WITHOUT_PLACE
"""Callers who are not participants of a public room."""

KEEPS_CAROL_APART = {"ADAPTER": f"{__name__}.ReservedAdapter"}
"""The settings of a site on which nobody may talk to Carol."""

Line = tuple[str, str, str]
"""Key of a system message, id of its actor, id of whom it befell."""


class ReservedAdapter(DefaultAdapter):
    """See `KEEPS_CAROL_APART`."""

    def reachable_users(self, user, users):
        return [each for each in users if each.username != "carol"]


# Requests.


def send_json(client: TalkClient, method: str, path: str, body: Any) -> Answer:
    """Send a JSON document with any method."""
    return client.request(method, path, body=json.dumps(body), content_type=JSON)


def promote(client: TalkClient, token: str, **parameters: Any) -> Answer:
    """Ask to make somebody a moderator."""
    return client.post(f"/room/{token}/moderators", **parameters)


def demote(client: TalkClient, token: str, **parameters: Any) -> Answer:
    """Ask to make a moderator a normal user or guest again."""
    return client.delete(f"/room/{token}/moderators", **parameters)


def body_of(name: str, value: Any) -> dict[str, Any]:
    """Return the JSON body with one parameter of `NO_TEXT`."""
    return {} if value == {} else {name: value}


# Callers.


def moderator(token: str) -> TalkClient:
    """Return Mona, who is put into the room as a moderator."""
    mona = UserFactory(username="mona", first_name="Mona", last_name="Moore")
    put_in(token, mona, type=ParticipantType.MODERATOR)
    return user_called("mona")


def co_owner(token: str) -> TalkClient:
    """Return Olga, who is put into the room as another owner."""
    put_in(token, UserFactory(username="olga"), type=ParticipantType.OWNER)
    return user_called("olga")


def join_as_guest(token: str, type: int = ParticipantType.GUEST) -> tuple[Any, str]:
    """Let a new guest join; return the browser and the session id."""
    client = TalkClient()
    session_id = client.join(token)
    participants = Participant.objects.filter(sessions__session_id=session_id)
    participants.update(type=type)
    return client, session_id


# States.


def put_in_call(token: str, *session_ids: str) -> None:
    """Let sessions be in the room's call, which begins if there is none."""
    now = timezone.now()
    rooms = Room.objects.filter(token=token)
    rooms.filter(active_since=None).update(active_since=now)
    room = rooms.get()
    for session in Session.objects.filter(session_id__in=session_ids):
        session.in_call = 7
        session.save()
        CallAttendance.objects.create(
            room=room,
            user=session.participant.user,
            guest=session.participant.guest,
            joined_at=now,
        )


def was_in_call(token: str, user: Any) -> None:
    """Let a user have been in the room's running call and have left it."""
    room = Room.objects.get(token=token)
    CallAttendance.objects.create(room=room, user=user, joined_at=timezone.now())


def type_of(name: str) -> int | None:
    """Return the type of a user's only place, None when there is none."""
    participants = Participant.objects.filter(
        user=get_user_model().objects.get(username=name)
    )
    return participants.values_list("type", flat=True).first()


def type_of_session(session_id: str) -> int | None:
    """Return the type of the place that a session belongs to, None without one."""
    participants = Participant.objects.filter(sessions__session_id=session_id)
    return participants.values_list("type", flat=True).first()


# System messages.


def newest(client: TalkClient, token: str) -> dict[str, Any]:
    """Return the newest message."""
    (message,) = client.history(token, limit=1).data
    return message


def told(client: TalkClient, token: str) -> list[Line]:
    """Return the system messages since the creation of the room, oldest first."""
    lines = []
    for message in reversed(client.history(token).data):
        if message["systemMessage"]:
            parameters = message["messageParameters"]
            user = parameters["user"]["id"] if "user" in parameters else ""
            lines.append((message["systemMessage"], message["actorId"], user))
    if lines and lines[0][0] == "conversation_created":
        return lines[1:]
    return lines


def last_activity(client: TalkClient, token: str) -> int:
    """Return `lastActivity` of the room object."""
    return client.room(token)["lastActivity"]
