"""News of who is connected to a room, and how: the doorbell of signaling."""

from __future__ import annotations

from django.db.models import F

from talk import hints
from talk.exceptions import NotFound
from talk.models import Room, on_write_database, requires_transaction


@requires_transaction
def note_change(*, room: Room) -> None:
    """Count a change of a locked room's people and tell who waits for it, after commit.

    Somebody has connected or gone, joined or left the call, changed flags or a name.
    One query.

    API: `usersInRoom` of signaling.
    """
    room.presence_version += 1
    rows = Room.objects.filter(pk=room.pk)
    rows.update(presence_version=room.presence_version)
    hints.record_presence(room_id=room.pk, version=room.presence_version)


@requires_transaction
def note_change_in(*, room_id: int) -> None:
    """Do what `note_change` does for a room that is not at hand, and lock it.

    Two queries.

    Raises:
        NotFound: the room is gone.
    """
    rows = Room.objects.filter(pk=room_id)
    rows.update(presence_version=F("presence_version") + 1)
    version = on_write_database(rows).values_list("presence_version", flat=True).first()
    if version is None:
        raise NotFound
    hints.record_presence(room_id=room_id, version=version)
