"""The reaper: deletes sessions that stopped pinging, and what depends on them.

Reads treat dead sessions as gone, but never delete them. Their rows, and the guests and
calls that depend on them, stay until the reaper runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from talk.constants import BY_LINK_TYPES, SESSION_LIVE_SECONDS, RoomType
from talk.domain import calls
from talk.domain.access import NOBODY
from talk.domain.participant_removal import drop_participants
from talk.domain.presence_version import note_change
from talk.domain.room_deletion import delete_room
from talk.domain.sessions import end_sessions
from talk.models import (
    BATCH,
    Participant,
    Room,
    RoomQuerySet,
    Session,
    SignalingMessage,
    SignalingQuerySet,
    atomic,
    delete_unlocked,
    on_write_database,
)

SIGNALING_SECONDS = 300
"""Age at which signaling messages are deleted; no client fetches them any more."""


@dataclass(frozen=True, kw_only=True)
class CleanupCounts:
    """The numbers of deleted rows of each kind, and of ended calls."""

    sessions: int = 0
    participants: int = 0
    calls: int = 0
    rooms: int = 0
    signaling_messages: int = 0
    guests: int = 0

    def __add__(self, other: CleanupCounts) -> CleanupCounts:
        """Return the sums of two runs, or of two steps of one."""
        names = [field.name for field in fields(self)]
        return CleanupCounts(**{n: getattr(self, n) + getattr(other, n) for n in names})


@dataclass(frozen=True, kw_only=True)
class CleanupAges:
    """The ages at which rows are deleted.

    By default, a session is deleted as soon as it is not live. A greater age keeps
    sessions, and with them guests and self-joined users, for longer. A smaller one
    would delete live sessions.
    """

    session_seconds: float = SESSION_LIVE_SECONDS
    signaling_seconds: float = SIGNALING_SECONDS

    def sessions_at(self, now: datetime) -> datetime:
        """Return the time at which sessions must have been dead to be deleted `now`."""
        return now - timedelta(seconds=self.session_seconds - SESSION_LIVE_SECONDS)

    def old_signaling(self, now: datetime) -> SignalingQuerySet:
        """Return the signaling messages that are old enough."""
        before = now - timedelta(seconds=self.signaling_seconds)
        return SignalingMessage.objects.filter(created_at__lt=before)


def clean_up(*, now: datetime) -> CleanupCounts:
    """Delete dead sessions, empty rooms and old signaling messages.

    Guests and self-joined users are removed with their last session. A call ends with
    the last session in it.
    """
    return sum(clean_up_in_steps(now=now), start=CleanupCounts())


def clean_up_in_steps(
    *, now: datetime, ages: CleanupAges | None = None, batch_size: int = BATCH
) -> Iterator[CleanupCounts]:
    """Do the work of `clean_up`, and yield the counts of each step.

    A step is one transaction: at most `batch_size` participants of one room, or as many
    signaling messages. A caller may stop after any step; the next run continues. Two
    runs at once are safe and share the work.
    """
    ages = ages or CleanupAges()
    for room_id in _rooms_to_clean(now, ages):
        is_done = False
        while not is_done:
            counts, is_done = _clean_room(room_id, now, ages, batch_size)
            yield counts
    for room_id in _empty_rooms():
        yield CleanupCounts(rooms=int(_delete_if_empty(room_id)))
    messages = ages.old_signaling(now)
    last_pk = 0
    while pks := _next_pks(messages, last_pk, batch_size):
        last_pk = pks[-1]
        deleted = delete_unlocked(SignalingMessage.objects.filter(pk__in=pks))
        yield CleanupCounts(signaling_messages=deleted)


def rooms_with_abandoned_calls(now: datetime) -> RoomQuerySet:
    """Return the rooms with a running call but no live session in it."""
    callers = Session.objects.filter(room=OuterRef("pk")).live(now).in_call()
    return Room.objects.filter(active_since__isnull=False).exclude(Exists(callers))


def abandoned_participants(at: datetime) -> QuerySet[Participant]:
    """Return the guests and self-joined users who only have dead sessions."""
    own = Session.objects.filter(participant=OuterRef("pk"))
    by_link = Participant.objects.filter(type__in=BY_LINK_TYPES)
    return by_link.filter(Exists(own.dead(at))).exclude(Exists(own.live(at)))


def empty_rooms(participants: QuerySet[Participant]) -> RoomQuerySet:
    """Return the rooms without any of `participants`.

    Includes one-to-one rooms with only one of them. Excludes rooms that belong to an
    object of the site.
    """
    own = participants.filter(room=OuterRef("pk"))
    counts = own.order_by().values("room").annotate(count=Count("pk"))
    has_pair = Exists(counts.filter(count__gte=2))
    lacks_pair = Q(type=RoomType.ONE_TO_ONE) & ~Q(has_pair)
    unbound = Room.objects.filter(object_type__isnull=True)
    return unbound.filter(lacks_pair | ~Q(Exists(own)))


def _rooms_to_clean(now: datetime, ages: CleanupAges) -> list[int]:
    """Return the keys of rooms with dead sessions or an abandoned call."""
    dead = on_write_database(Session.objects.dead(ages.sessions_at(now)))
    abandoned = on_write_database(rooms_with_abandoned_calls(now))
    room_ids = set(dead.values_list("room", flat=True).distinct())
    return sorted(room_ids | set(abandoned.values_list("pk", flat=True)))


@atomic
def _clean_room(
    room_id: int, now: datetime, ages: CleanupAges, batch_size: int
) -> tuple[CleanupCounts, bool]:
    """Clean up one batch of a room; return also whether it was the last one."""
    room = Room.objects.lock(room_id)
    if room is None:
        return CleanupCounts(), True
    had_call = room.active_since is not None
    participants = _with_dead_sessions(room, ages.sessions_at(now), batch_size)
    if not participants and not had_call:
        # Another run has cleaned up this room.
        return CleanupCounts(), True
    abandoned = [
        participant
        for participant in participants
        if _is_by_link(participant) and not participant.is_connected
    ]
    kept = [
        participant.pk for participant in participants if participant not in abandoned
    ]
    dead = Session.objects.filter(
        participant__in=[participant.pk for participant in participants]
    )
    dead = dead.dead(ages.sessions_at(now))
    sessions = on_write_database(dead).count()
    end_sessions(dead.filter(participant__in=kept), room_id=room.pk)
    if abandoned:
        drop_participants(room=room, participants=abandoned, now=now)
    else:
        calls.end_if_empty(room=room, now=now)
        note_change(room=room)
    counts = CleanupCounts(
        sessions=sessions,
        participants=len(abandoned),
        calls=int(had_call and room.active_since is None),
    )
    return counts, len(participants) < batch_size


def _with_dead_sessions(room: Room, at: datetime, count: int) -> list[Participant]:
    """Return the first `count` participants of a room that have dead sessions."""
    dead = Session.objects.filter(participant=OuterRef("pk")).dead(at)
    participants = Participant.objects.filter(Exists(dead), room=room).with_presence(at)
    return list(on_write_database(participants.with_names().order_by("pk"))[:count])


def _is_by_link(participant: Participant) -> bool:
    return participant.type in BY_LINK_TYPES


def _empty_rooms() -> list[int]:
    rows = on_write_database(empty_rooms(Participant.objects.all()))
    return sorted(rows.values_list("pk", flat=True))


@atomic
def _delete_if_empty(room_id: int) -> bool:
    room = Room.objects.lock(room_id)
    empty = empty_rooms(Participant.objects.all()).filter(pk=room_id)
    if room is None or not on_write_database(empty).exists():
        return False
    delete_room(room=room, actor=NOBODY)
    return True


def _next_pks(rows: QuerySet[SignalingMessage], after: int, count: int) -> list[int]:
    next_rows = on_write_database(rows.filter(pk__gt=after).order_by("pk"))
    return list(next_rows.values_list("pk", flat=True)[:count])
