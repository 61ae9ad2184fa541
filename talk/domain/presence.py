"""Who is there and how far they have read, as asking for new messages tells it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from talk.domain.access import Caller
from talk.models import (
    Participant,
    Session,
    can_note_at_once,
    in_batches,
    note_pings,
    note_read_marks,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadMark:
    """How far a participant has read: up to a comment count of the room."""

    participant_pk: int
    comments: int


def present_sessions(*, caller: Caller, now: datetime) -> tuple[int, ...]:
    """Return the keys of the sessions that a caller who asks for messages is there with.

    That is the session of the caller's device. A user's request without a device
    speaks for all live sessions of the user, which costs a query.

    API: `lastPing`, refreshed by asking for messages.
    """
    if caller.session_pk is not None:
        return (caller.session_pk,)
    if caller.device is None:
        live = Session.objects.filter(participant=caller.participant).live(now)
        return tuple(live.values_list("pk", flat=True))
    return ()


def ping_sessions(*, pks: Sequence[int], now: datetime) -> None:
    """Note that these sessions are there; none of no sessions is a query.

    A query on PostgreSQL, else two for up to 500.

    API: `lastPing`, refreshed while a long poll waits.
    """
    if len(pks) > 1 and can_note_at_once():
        note_pings(pks, now)
        return
    for some in in_batches(pks):
        sessions = Session.objects.filter(pk__in=some)
        if len(some) == 1:
            sessions.update(last_ping=now)
        else:
            sessions.ping(now)


def raise_read_marks(marks: Mapping[int, int]) -> set[int]:
    """Move the read markers of participants forward, never back.

    `marks` are comment counts by participant. Returns those whose row somebody else is
    changing at this moment: waiting for each other's rows, two batches would lock each
    other out, so they have to be tried again. A query or two on PostgreSQL, else for
    all who have read equally far, up to 500.

    API: `unreadMessages`.
    """
    if len(marks) > 1 and can_note_at_once():
        return note_read_marks(marks)
    by_count: dict[int, list[int]] = defaultdict(list)
    for pk, comments in marks.items():
        by_count[comments].append(pk)
    busy: set[int] = set()
    for comments, pks in by_count.items():
        for some in in_batches(sorted(pks)):
            busy |= Participant.objects.raise_read_marks(some, comments)
    return busy
