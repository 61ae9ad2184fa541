"""Doing several things at the same moment, over HTTP and on one database."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from django.db import connection

from talk.constants import ParticipantType
from talk.models import (
    CallAttendance,
    Guest,
    Message,
    Participant,
    ReadMarker,
    Room,
    Session,
    SignalingMessage,
)
from tests.api.helpers import hash_of, put_in, system_messages_of
from tests.client import Answer, TalkClient
from tests.threads import TIMEOUT, at_once

ROUNDS = 4
"""Requests at the same moment are served in another order each time."""

OWNER, MODERATOR, USER = 1, 2, 3


def together(*calls: Callable[[], Any]) -> list[Any]:
    """Do all of it at once, when each thread has a connection to the database."""
    connected = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        connection.ensure_connection()
        connected.wait(TIMEOUT)
        return call()

    return at_once(*[partial(run, call) for call in calls])


def statuses(answers: list[Answer]) -> list[int]:
    """Return the status of each answer."""
    return [answer.status for answer in answers]


def put_moderator_in(token: str, user: Any) -> None:
    """Give a user the place of a moderator."""
    put_in(token, user, type=ParticipantType.MODERATOR)


def told(client: TalkClient, token: str, key: str) -> list[str]:
    """Return whom the system messages of one kind tell of, oldest first."""
    messages = system_messages_of(client, token)
    return [user for name, user in messages if name == key]


def assert_nothing_left() -> None:
    """No row of any room is there."""
    for table in (
        Room,
        Participant,
        Session,
        Message,
        CallAttendance,
        ReadMarker,
        SignalingMessage,
    ):
        assert not table.objects.exists()


def assert_guests_joined(answers: list[Answer]) -> None:
    """There is no guest but those who were told that they had joined."""
    joined = {
        hash_of(answer.data["sessionId"]) for answer in answers if answer.status == 200
    }
    assert set(Guest.objects.values_list("actor_id", flat=True)) <= joined
