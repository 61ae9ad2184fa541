"""The reaper: removes what has ended without a farewell.

Reading never repairs. Sessions that stopped pinging count as gone at once, but their
rows, and the guests and calls that depended on them, stay until this runs.
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
"""Age of a signaling message that nobody will fetch any more."""


@dataclass(frozen=True, kw_only=True)
class Cleaned:
    """How many rows of each kind were removed, and how many calls ended."""

    sessions: int = 0
    participants: int = 0
    calls: int = 0
    rooms: int = 0
    signaling_messages: int = 0
    guests: int = 0

    def __add__(self, other: Cleaned) -> Cleaned:
        """Return what two runs, or two steps of one, have done together."""
        names = [field.name for field in fields(self)]
        return Cleaned(**{n: getattr(self, n) + getattr(other, n) for n in names})


@dataclass(frozen=True, kw_only=True)
class Ages:
    """How old something must be to be removed.

    A session goes as soon as it does not count as connected any more. A greater age
    keeps it, and with it guests and self-joined users, for longer; with a smaller one
    people would lose what is live.
    """

    session_seconds: float = SESSION_LIVE_SECONDS
    signaling_seconds: float = SIGNALING_SECONDS

    def sessions_at(self, now: datetime) -> datetime:
        """Return when sessions were dead that are old enough `now`."""
        return now - timedelta(seconds=self.session_seconds - SESSION_LIVE_SECONDS)

    def old_signaling(self, now: datetime) -> SignalingQuerySet:
        """Return the messages of signaling that are old enough."""
        before = now - timedelta(seconds=self.signaling_seconds)
        return SignalingMessage.objects.filter(created_at__lt=before)


def clean_up(*, now: datetime) -> Cleaned:
    """Remove dead sessions with what depends on them, empty rooms, old signaling.

    Guests and self-joined users go with their last session, and a call with the last
    session in it.
    """
    return sum(cleaning_steps(now=now), start=Cleaned())


def cleaning_steps(
    *, now: datetime, ages: Ages | None = None, batch_size: int = BATCH
) -> Iterator[Cleaned]:
    """Do what `clean_up` does, and tell after each step what that has removed.

    A step is one transaction: at most `batch_size` places of one room, or as many
    messages. Whoever stops half-way leaves no more than a smaller mess; the next run
    goes on. Two runs at once are safe and share the work.
    """
    ages = ages or Ages()
    for room_id in _rooms_to_clean(now, ages):
        is_done = False
        while not is_done:
            cleaned, is_done = _clean_room(room_id, now, ages, batch_size)
            yield cleaned
    for room_id in _empty_rooms():
        yield Cleaned(rooms=int(_delete_if_empty(room_id)))
    old = ages.old_signaling(now)
    last = 0
    while pks := _next_keys(old, last, batch_size):
        last = pks[-1]
        deleted = delete_unlocked(SignalingMessage.objects.filter(pk__in=pks))
        yield Cleaned(signaling_messages=deleted)


def forgotten_calls(now: datetime) -> RoomQuerySet:
    """Return the rooms with a call that nobody is in."""
    callers = Session.objects.filter(room=OuterRef("pk")).live(now).in_call()
    return Room.objects.filter(active_since__isnull=False).exclude(Exists(callers))


def lost_participants(at: datetime) -> QuerySet[Participant]:
    """Return the places of guests and self-joined users that go with dead sessions."""
    own = Session.objects.filter(participant=OuterRef("pk"))
    by_link = Participant.objects.filter(type__in=BY_LINK_TYPES)
    return by_link.filter(Exists(own.dead(at))).exclude(Exists(own.live(at)))


def empty_rooms(people: QuerySet[Participant]) -> RoomQuerySet:
    """Return the rooms that none of `people` are in, and half one-to-one rooms.

    Rooms of the site's own objects stay, empty or not.
    """
    present = people.filter(room=OuterRef("pk"))
    pairs = present.order_by().values("room").annotate(count=Count("pk"))
    is_whole = Exists(pairs.filter(count__gte=2))
    is_alone = Q(type=RoomType.ONE_TO_ONE) & ~Q(is_whole)
    unbound = Room.objects.filter(object_type__isnull=True)
    return unbound.filter(is_alone | ~Q(Exists(present)))


def _rooms_to_clean(now: datetime, ages: Ages) -> list[int]:
    """Return the keys of rooms with dead sessions or with a call nobody is in."""
    dead = on_write_database(Session.objects.dead(ages.sessions_at(now)))
    forgotten = on_write_database(forgotten_calls(now))
    room_ids = set(dead.values_list("room", flat=True).distinct())
    return sorted(room_ids | set(forgotten.values_list("pk", flat=True)))


@atomic
def _clean_room(
    room_id: int, now: datetime, ages: Ages, batch_size: int
) -> tuple[Cleaned, bool]:
    """Clean a part of a room, and tell whether it was the last one."""
    room = Room.objects.lock(room_id)
    if room is None:
        return Cleaned(), True
    had_call = room.active_since is not None
    participants = _silent_places(room, ages.sessions_at(now), batch_size)
    if not participants and not had_call:
        # Somebody else has cleaned it meanwhile.
        return Cleaned(), True
    gone = [
        participant
        for participant in participants
        if _is_by_link(participant) and not participant.is_connected
    ]
    kept = [participant.pk for participant in participants if participant not in gone]
    dead = Session.objects.filter(
        participant__in=[participant.pk for participant in participants]
    )
    dead = dead.dead(ages.sessions_at(now))
    sessions = on_write_database(dead).count()
    end_sessions(dead.filter(participant__in=kept), room_id=room.pk)
    if gone:
        drop_participants(room=room, participants=gone, now=now)
    else:
        calls.end_if_empty(room=room, now=now)
        note_change(room=room)
    cleaned = Cleaned(
        sessions=sessions,
        participants=len(gone),
        calls=int(had_call and room.active_since is None),
    )
    return cleaned, len(participants) < batch_size


def _silent_places(room: Room, at: datetime, count: int) -> list[Participant]:
    """Return the first places of a room that have dead sessions."""
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


def _next_keys(rows: QuerySet[SignalingMessage], after: int, count: int) -> list[int]:
    found = on_write_database(rows.filter(pk__gt=after).order_by("pk"))
    return list(found.values_list("pk", flat=True)[:count])
