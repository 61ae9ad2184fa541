"""Counting the changes of a room's sessions, in-call flags and guests' names."""

from __future__ import annotations

from django.db.models import F

from talk.domain import events
from talk.exceptions import NotFound
from talk.models import Room, on_write_database, requires_transaction


@requires_transaction
def note_change(*, room: Room) -> None:
    """Count a change in a locked room, and record the event.

    To be called when a session starts or ends, joins or leaves the call, or has other
    in-call flags, and when a guest is renamed. One query.

    API: `usersInRoom` of signaling.
    """
    room.presence_version += 1
    rows = Room.objects.filter(pk=room.pk)
    rows.update(presence_version=room.presence_version)
    _record(room.pk, room.presence_version)


@requires_transaction
def note_change_in(*, room_id: int) -> None:
    """Do what `note_change` does for a room that was not read, and lock it.

    Two queries.

    Raises:
        NotFound: the room is gone.
    """
    rows = Room.objects.filter(pk=room_id)
    rows.update(presence_version=F("presence_version") + 1)
    versions = on_write_database(rows).values_list("presence_version", flat=True)
    version = versions.first()
    if version is None:
        raise NotFound
    _record(room_id, version)


def _record(room_id: int, version: int) -> None:
    events.record(events.PresenceChanged(room_id=room_id, version=version))
