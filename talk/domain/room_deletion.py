"""Deleting a room with everything in it."""

from __future__ import annotations

from talk.domain import events
from talk.domain.access import Actor
from talk.models import (
    Guest,
    Message,
    Participant,
    Room,
    in_batches,
    on_write_database,
    requires_transaction,
)


@requires_transaction
def delete_room(*, room: Room, actor: Actor) -> None:
    """Delete a locked room with its participants, sessions, messages and guests.

    Polls in the room end at once.

    API: Delete a room.
    """
    events.record(events.RoomDeleted(room=room, actor=actor))
    guest_ids = _guest_ids(room)
    Room.objects.filter(pk=room.pk).delete()
    for batch in in_batches(guest_ids):
        Guest.objects.filter(pk__in=batch).delete()


def _guest_ids(room: Room) -> list[int]:
    """Return the keys of all guests that only this room refers to."""
    participants = Participant.objects.filter(room=room, guest__isnull=False)
    messages = Message.objects.filter(room=room, actor_guest__isnull=False)
    present = on_write_database(participants).values_list("guest", flat=True)
    authors = on_write_database(messages).values_list("actor_guest", flat=True)
    return sorted({*present, *authors.distinct()})
