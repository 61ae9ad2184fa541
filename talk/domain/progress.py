"""The progress of rooms, which polls compare with what their client knows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from talk.exceptions import NotFound
from talk.models import Room, on_write_database


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The end of a room's timeline: its newest message, and the comments up to it."""

    position: int
    comments: int
    newest_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomVersions:
    """Two counters of a room.

    `position` counts its messages, `presence_version` the changes of its sessions,
    in-call flags and guests' names.
    """

    position: int
    presence_version: int


def room_versions(*, room_ids: Iterable[int]) -> dict[int, RoomVersions]:
    """Return the counters of rooms by id, without those that are gone; one query."""
    rows = Room.objects.filter(pk__in=room_ids)
    return {
        room_id: RoomVersions(position=position, presence_version=presence_version)
        for room_id, position, presence_version in rows.values_list(
            "pk", "last_position", "presence_version"
        )
    }


def newest_position(*, room_id: int) -> int:
    """Return the position of a room's newest message; one query.

    Raises:
        NotFound: the room is gone.
    """
    versions = room_versions(room_ids=[room_id]).get(room_id)
    if versions is None:
        raise NotFound
    return versions.position


def room_progress(*, room_id: int) -> Progress:
    """Return the end of a room's timeline; one query.

    Reads the database that was written to: messages after `newest_id` are read there.

    Raises:
        NotFound: the room is gone.
    """
    room = on_write_database(Room.objects.filter(pk=room_id).with_newest_id()).first()
    if room is None:
        raise NotFound
    return Progress(
        position=room.last_position,
        comments=room.comment_count,
        newest_id=room.newest_id or 0,
    )
