"""Noting for many at once who is there and how far they have read, on PostgreSQL.

One statement for all of them, whatever their rooms. Rows that somebody else has locked
are passed over: two batches that wait for each other's rows would lock each other out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache

from django.db import connections

from talk.models.database import table_of, talk_database
from talk.models.participant import Participant
from talk.models.session import Session


def can_note_at_once() -> bool:
    """Whether the functions below work on the database that Talk writes to."""
    return connections[talk_database()].vendor == "postgresql"


def note_pings(pks: Sequence[int], now: datetime) -> None:
    """Note that these sessions are there at `now`, but for those that are locked."""
    with connections[talk_database()].cursor() as cursor:
        cursor.execute(_pings_statement(), {"pks": list(pks), "now": now})


def note_read_marks(marks: Mapping[int, int]) -> set[int]:
    """Move read markers forward, never back; `marks` are comment counts by participant.

    Returns those of them who are still behind because their row is locked.
    """
    parameters = {"pks": list(marks), "counts": list(marks.values())}
    with connections[talk_database()].cursor() as cursor:
        cursor.execute(_marks_statement(), parameters)
        if cursor.rowcount == len(marks):
            return set()
        # The others were as far already, are gone, or are locked.
        cursor.execute(_behind_statement(), parameters)
        return {pk for (pk,) in cursor.fetchall()}


@cache
def _pings_statement() -> str:
    table = table_of(Session)
    return f"""
        UPDATE {table} SET last_ping = %(now)s
        WHERE id = ANY (ARRAY (
            SELECT id FROM {table} WHERE id = ANY (%(pks)s::bigint[])
            ORDER BY id FOR UPDATE SKIP LOCKED
        ))
    """  # noqa: S608 - nothing but names of our own tables


@cache
def _marks_statement() -> str:
    table = table_of(Participant)
    return f"""
        WITH free AS (
            SELECT place.id, mark.comments
            FROM {table} AS place JOIN {_MARKS} ON mark.id = place.id
            WHERE place.read_comments < mark.comments
            ORDER BY place.id FOR UPDATE OF place SKIP LOCKED
        )
        UPDATE {table} AS place
        SET read_comments = free.comments, unread_deleted = 0
        FROM free WHERE place.id = free.id
    """  # noqa: S608 - as above


@cache
def _behind_statement() -> str:
    return f"""
        SELECT place.id FROM {table_of(Participant)} AS place
        JOIN {_MARKS} ON mark.id = place.id
        WHERE place.read_comments < mark.comments
    """  # noqa: S608 - as above


_MARKS = "unnest(%(pks)s::bigint[], %(counts)s::bigint[]) AS mark (id, comments)"
