"""Deleting a room with all that is in it."""

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
    """Delete a locked room: participants, sessions, timeline, and guests of its own.

    Whoever waits for news of it is told at once that it is gone.

    API: Delete a room.
    """
    events.record(events.RoomDeleted(room=room, actor=actor))
    guest_ids = _guests_of(room)
    Room.objects.filter(pk=room.pk).delete()
    for some in in_batches(guest_ids):
        Guest.objects.filter(pk__in=some).delete()


def _guests_of(room: Room) -> list[int]:
    """Return the keys of all guests that nobody will name when the room is gone."""
    participants = Participant.objects.filter(room=room, guest__isnull=False)
    authors = Message.objects.filter(room=room, actor_guest__isnull=False)
    present = set(on_write_database(participants).values_list("guest", flat=True))
    spoken = set(
        on_write_database(authors).values_list("actor_guest", flat=True).distinct()
    )
    return sorted(present | spoken)
