"""The reaper: removes what has ended without a farewell.

Reading never repairs. Sessions that stopped pinging count as gone at once, but their
rows, and the guests and calls that depended on them, stay until this runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from talk.constants import BY_LINK_TYPES, RoomType
from talk.domain import calls
from talk.domain.actors import NOBODY
from talk.domain.deletion import delete_room
from talk.domain.people import note_change
from talk.domain.places import drop_places
from talk.domain.sessions import end_sessions
from talk.models import (
    BATCH,
    Participant,
    Room,
    Session,
    SignalingMessage,
    atomic,
    in_batches,
    primary,
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


def clean_up(*, now: datetime) -> Cleaned:
    """Remove dead sessions with what depends on them, empty rooms, old signaling.

    Guests and self-joined users go with their last session, and a call with the last
    session in it. Each room is a transaction of its own; two runs at once are safe.
    """
    found = [_clean_room(room_id, now) for room_id in _rooms_to_clean(now)]
    return Cleaned(
        sessions=sum(cleaned.sessions for cleaned in found),
        participants=sum(cleaned.participants for cleaned in found),
        calls=sum(cleaned.calls for cleaned in found),
        rooms=sum(_delete_if_empty(room_id) for room_id in _empty_rooms()),
        signaling_messages=_delete_signaling(now),
    )


def _rooms_to_clean(now: datetime) -> list[int]:
    """Return the keys of rooms with dead sessions or with a call nobody is in."""
    dead = primary(Session.objects.dead(now))
    callers = Session.objects.filter(room=OuterRef("pk")).live(now).in_call()
    forgotten = Room.objects.filter(active_since__isnull=False).exclude(Exists(callers))
    room_ids = set(dead.values_list("room", flat=True).distinct())
    return sorted(room_ids | set(primary(forgotten).values_list("pk", flat=True)))


@atomic
def _clean_room(room_id: int, now: datetime) -> Cleaned:
    room = Room.objects.lock(room_id)
    if room is None:
        return Cleaned()
    had_call = room.active_since is not None
    dead = Session.objects.filter(room=room).dead(now)
    sessions = primary(dead).count()
    own = Session.objects.filter(participant=OuterRef("pk"))
    places = Participant.objects.filter(room=room, type__in=BY_LINK_TYPES)
    lost = places.filter(Exists(own.dead(now))).exclude(Exists(own.live(now)))
    gone = list(primary(lost.with_names().order_by("pk")))
    drop_places(room=room, places=gone, now=now)
    end_sessions(dead, room_id=room.pk)
    calls.end_if_empty(room=room, now=now)
    note_change(room=room)
    return Cleaned(
        sessions=sessions,
        participants=len(gone),
        calls=int(had_call and room.active_since is None),
    )


def _empty_rooms() -> list[int]:
    return sorted(primary(_empty(Room.objects.all())).values_list("pk", flat=True))


def _empty(rooms: QuerySet[Room]) -> QuerySet[Room]:
    """Return those of `rooms` that nobody is in, and half one-to-one rooms.

    Rooms of the site's own objects stay, empty or not.
    """
    people = Participant.objects.filter(room=OuterRef("pk"))
    pairs = people.order_by().values("room").annotate(count=Count("pk"))
    is_whole = Exists(pairs.filter(count__gte=2))
    is_alone = Q(type=RoomType.ONE_TO_ONE) & ~Q(is_whole)
    unbound = rooms.filter(object_type__isnull=True)
    return unbound.filter(is_alone | ~Q(Exists(people)))


@atomic
def _delete_if_empty(room_id: int) -> bool:
    room = Room.objects.lock(room_id)
    is_empty = primary(_empty(Room.objects.filter(pk=room_id))).exists()
    if room is None or not is_empty:
        return False
    delete_room(room=room, actor=NOBODY)
    return True


def _delete_signaling(now: datetime) -> int:
    old = SignalingMessage.objects.filter(
        created_at__lt=now - timedelta(seconds=SIGNALING_SECONDS)
    )
    pks = list(primary(old).values_list("pk", flat=True)[: 100 * BATCH])
    for some in in_batches(pks):
        SignalingMessage.objects.filter(pk__in=some).delete()
    return len(pks)
