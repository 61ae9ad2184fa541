"""Retention: deleting messages that are older than a site wants to keep."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile

from talk.domain import events
from talk.exceptions import NotFound
from talk.models import (
    BATCH,
    Message,
    Participant,
    ReadMarker,
    Room,
    atomic,
    in_batches,
    on_write_database,
)


@dataclass(frozen=True, kw_only=True)
class Expired:
    """How many messages of a room were deleted, or would be."""

    room_id: int
    messages: int


def find_room_ids(*, tokens: Sequence[str]) -> list[int]:
    """Return the keys of the rooms with these tokens.

    Raises:
        NotFound: there is no such room.
    """
    ids: dict[str, int] = {}
    for batch in in_batches(tokens):
        rooms = Room.objects.filter(token__in=batch)
        ids |= dict(rooms.values_list("token", "pk"))
    missing = sorted(set(tokens) - ids.keys())
    if missing:
        raise NotFound(f"There is no room {', '.join(missing)}.")
    return sorted(ids.values())


def expire_messages(
    *, before: datetime, room_ids: Sequence[int] | None, batch_size: int = BATCH
) -> Iterator[Expired]:
    """Delete messages that were written before a moment, of all rooms for None.

    A room loses the beginning of its timeline, comments and system messages, up to its
    first younger message. Positions, counts and ids of other messages do not change.
    Deleted comments no longer count as unread. The room and its participants stay.

    Yields after each step what was deleted. A step is one transaction of at most
    `batch_size` messages of one room, which is locked meanwhile. After an interrupted
    run the next one goes on. Two runs at once are safe and share the work.

    API: Receive chat messages; `lastMessage` and `unreadMessages`.
    """
    for room_id in _rooms_to_shorten(before, room_ids):
        position: int | None = 0
        while position is not None:
            expired, position = _shorten(room_id, position, before, batch_size)
            yield expired


def preview_expiry(
    *, before: datetime, room_ids: Sequence[int] | None
) -> Iterator[Expired]:
    """Yield for each room how many messages `expire_messages` would delete now."""
    for room_id in _rooms_to_shorten(before, room_ids):
        timeline = on_write_database(Message.objects.filter(room=room_id))
        young = timeline.filter(created_at__gte=before).order_by("position")
        first = young.values_list("position", flat=True).first()
        old = timeline if first is None else timeline.filter(position__lt=first)
        yield Expired(room_id=room_id, messages=old.count())


def _rooms_to_shorten(
    before: datetime, room_ids: Sequence[int] | None
) -> Iterator[int]:
    """Yield the keys of rooms whose oldest message is old enough.

    One query for 500 rooms, which reads one message of each.
    """
    if room_ids is None:
        room_ids = list(
            on_write_database(Room.objects.order_by("pk")).values_list("pk", flat=True)
        )
    for batch in in_batches(room_ids):
        rooms = Room.objects.filter(pk__in=batch).older_than(before).order_by("pk")
        yield from list(on_write_database(rooms).values_list("pk", flat=True))


@atomic
def _shorten(
    room_id: int, after: int, before: datetime, count: int
) -> tuple[Expired, int | None]:
    """Delete the first messages of a room after a position, at most `count`.

    Returns the position of the last deleted one as well, None when no more are old.
    """
    if Room.objects.lock(room_id) is None:
        return Expired(room_id=room_id, messages=0), None
    timeline = Message.objects.filter(room=room_id, position__gt=after)
    rows = on_write_database(timeline.order_by("position"))
    first = rows.values_list("position", "comment_count", "created_at")[:count]
    old = list(takewhile(lambda row: row[2] < before, first))
    if not old:
        return Expired(room_id=room_id, messages=0), None
    position, comments, _ = old[-1]
    timeline.filter(position__lte=position).delete()
    for marks in (Participant.objects, ReadMarker.objects):
        marks.filter(room=room_id, read_comments__lt=comments).update(
            read_comments=comments
        )
    events.record(events.MessagesChanged(room_id=room_id))
    expired = Expired(room_id=room_id, messages=len(old))
    return expired, position if len(old) == count else None
