"""Writing a comment in one statement, where the database can."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from django.db import connections

from talk.models.database import table_of, talk_database
from talk.models.message import Message
from talk.models.participant import Participant
from talk.models.room import Room

VENDORS = frozenset({"postgresql"})
"""Databases that let one statement change several tables."""


class Said(NamedTuple):
    """What has become of a comment."""

    message_pk: int
    token: str
    position: int
    comment_count: int
    has_place: bool
    """Whether its author is still in the room; if not, all of it has to be undone."""


def can_say() -> bool:
    """Whether `say` works on the database that Talk writes to."""
    return connections[talk_database()].vendor in VENDORS


def say(*, message: Message, participant_pk: int, now: datetime) -> Said | None:
    """Write a comment, count it in its room and move its author's marks.

    The room is locked first, and position and id are taken under that lock, as by
    `RoomQuerySet.advance` and an INSERT. `message` has its room, text and actor.
    Returns None when the room is gone.
    """
    database = connections[talk_database()]
    parameters: dict[str, Any] = {
        "now": now,
        "room": message.room_id,
        "place": participant_pk,
        "text": message.text,
        "actor_type": message.actor_type,
        "actor_user": message.actor_user_id,
        "actor_guest": message.actor_guest_id,
    }
    with database.cursor() as cursor:
        cursor.execute(_statement(), parameters)
        row = cursor.fetchone()
    return None if row is None else Said(*row)


@cache
def _statement() -> str:
    """Return the statement; each part reads what the one before it has changed."""
    return f"""
        WITH room AS (
            UPDATE {table_of(Room)}
            SET last_position = last_position + 1,
                comment_count = comment_count + 1,
                last_activity = %(now)s
            WHERE id = %(room)s
            RETURNING id, token, last_position, comment_count
        ), place AS (
            UPDATE {table_of(Participant)} AS own
            SET read_comments = room.comment_count,
                last_comment = room.comment_count,
                unread_deleted = 0
            FROM room
            WHERE own.id = %(place)s AND own.room_id = room.id
            RETURNING own.id
        ), said AS (
            INSERT INTO {table_of(Message)} (
                room_id, position, comment_count, system_message, text, parameters,
                actor_type, actor_user_id, actor_guest_id, created_at
            )
            SELECT id, last_position, comment_count, '', %(text)s, '{{}}',
                %(actor_type)s, %(actor_user)s, %(actor_guest)s, %(now)s
            FROM room
            RETURNING id
        )
        SELECT said.id, room.token, room.last_position, room.comment_count,
            EXISTS (SELECT 1 FROM place)
        FROM room, said
    """  # noqa: S608 - nothing but names of our own tables
