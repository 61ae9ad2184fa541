"""Statements of PostgreSQL that do at once what takes several queries elsewhere.

QuerySet methods choose between these and what the ORM can write. Nothing else in Talk
asks which database a site uses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from django.apps import apps
from django.db import connections

from talk.models.database import talk_database, talk_vendor


class InsertedComment(NamedTuple):
    """The result of `insert_comment`."""

    message_pk: int
    token: str
    position: int
    comment_count: int
    has_author: bool
    """Whether the author is still in the room. If not, roll the transaction back."""


def is_postgresql() -> bool:
    """Return whether the functions below work on Talk's database."""
    return talk_vendor() == "postgresql"


def insert_comment(
    *,
    room_pk: int,
    participant_pk: int,
    text: str,
    actor_type: str,
    actor_user_pk: Any,
    actor_guest_pk: int | None,
    now: datetime,
) -> InsertedComment | None:
    """Insert a comment, count it in its room, and mark it as read by its author.

    Returns None when the room is gone.
    """
    parameters: dict[str, Any] = {
        "room_pk": room_pk,
        "participant_pk": participant_pk,
        "text": text,
        "actor_type": actor_type,
        "actor_user_pk": actor_user_pk,
        "actor_guest_pk": actor_guest_pk,
        "now": now,
    }
    with connections[talk_database()].cursor() as cursor:
        cursor.execute(_insert_comment_sql(), parameters)
        row = cursor.fetchone()
    return None if row is None else InsertedComment(*row)


def ping_sessions(pks: Sequence[int], now: datetime) -> None:
    """Set the last ping of sessions, except those that are locked."""
    with connections[talk_database()].cursor() as cursor:
        cursor.execute(_ping_sessions_sql(), {"pks": list(pks), "now": now})


def raise_read_markers(comment_counts: Mapping[int, int]) -> set[int]:
    """Move the read markers of participants forward, except those that are locked.

    `comment_counts` are by participant. Returns the participants that are still behind
    because their row is locked.
    """
    parameters = {
        "pks": list(comment_counts),
        "comment_counts": list(comment_counts.values()),
    }
    with connections[talk_database()].cursor() as cursor:
        cursor.execute(_raise_read_markers_sql(), parameters)
        if cursor.rowcount == len(comment_counts):
            return set()
        # The others had read that far already, are gone, or are locked.
        cursor.execute(_participants_behind_sql(), parameters)
        return {pk for (pk,) in cursor.fetchall()}


@cache
def _insert_comment_sql() -> str:
    """Return the statement. Each part depends on the one before, so the room is first.

    That order is the lock order; position and id are taken under the room's lock.
    """
    return f"""
        WITH updated_room AS (
            UPDATE {_table("Room")}
            SET last_position = last_position + 1,
                comment_count = comment_count + 1,
                last_activity = %(now)s
            WHERE id = %(room_pk)s
            RETURNING id, token, last_position, comment_count
        ), updated_author AS (
            UPDATE {_table("Participant")} AS participant
            SET read_comments = updated_room.comment_count,
                last_comment = updated_room.comment_count,
                unread_deleted = 0
            FROM updated_room
            WHERE participant.id = %(participant_pk)s
                AND participant.room_id = updated_room.id
            RETURNING participant.id
        ), inserted_message AS (
            INSERT INTO {_table("Message")} (
                room_id, position, comment_count, system_message, text, parameters,
                actor_type, actor_user_id, actor_guest_id, created_at
            )
            SELECT id, last_position, comment_count, '', %(text)s, '{{}}',
                %(actor_type)s, %(actor_user_pk)s, %(actor_guest_pk)s, %(now)s
            FROM updated_room
            RETURNING id
        )
        SELECT inserted_message.id, updated_room.token, updated_room.last_position,
            updated_room.comment_count, EXISTS (SELECT 1 FROM updated_author)
        FROM updated_room, inserted_message
    """  # noqa: S608 - nothing but names of our own tables


@cache
def _ping_sessions_sql() -> str:
    return f"""
        UPDATE {_table("Session")} SET last_ping = %(now)s
        WHERE id = ANY (ARRAY (
            SELECT id FROM {_table("Session")} WHERE id = ANY (%(pks)s::bigint[])
            ORDER BY id FOR UPDATE SKIP LOCKED
        ))
    """  # noqa: S608 - as above


@cache
def _raise_read_markers_sql() -> str:
    return f"""
        WITH unlocked AS (
            SELECT participant.id, goal.comment_count
            FROM {_table("Participant")} AS participant
            JOIN {_GOALS} ON goal.participant_id = participant.id
            WHERE participant.read_comments < goal.comment_count
            ORDER BY participant.id FOR UPDATE OF participant SKIP LOCKED
        )
        UPDATE {_table("Participant")} AS participant
        SET read_comments = unlocked.comment_count, unread_deleted = 0
        FROM unlocked WHERE participant.id = unlocked.id
    """  # noqa: S608 - as above


@cache
def _participants_behind_sql() -> str:
    return f"""
        SELECT participant.id FROM {_table("Participant")} AS participant
        JOIN {_GOALS} ON goal.participant_id = participant.id
        WHERE participant.read_comments < goal.comment_count
    """  # noqa: S608 - as above


_GOALS = """
    unnest(%(pks)s::bigint[], %(comment_counts)s::bigint[])
    AS goal (participant_id, comment_count)
"""


def _table(model_name: str) -> str:
    """Return the quoted name of a model's table."""
    return f'"{apps.get_model("talk", model_name)._meta.db_table}"'  # noqa: SLF001 - the documented way to it
