"""Removing participants without a system message."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from talk.domain import calls, events, read_markers
from talk.domain.access import Actor
from talk.domain.presence_version import note_change
from talk.models import Participant, Room, in_batches, requires_transaction


@requires_transaction
def drop_participants(
    *,
    room: Room,
    participants: Sequence[Participant],
    actor: Actor | None = None,
    is_rejoining: bool = False,
    now: datetime,
) -> None:
    """Remove participants of a locked room, with their sessions.

    Adds no system message, which is right for guests and for self-joined users who
    disconnect. Without an actor the participants have left by themselves. They were
    read with `with_names`. `is_rejoining` is for a guest who is joining again at this
    moment. The call ends with its last session. The number of queries does not depend
    on the number of participants, up to 500.
    """
    if not participants:
        return
    events.record(
        events.ParticipantsRemoved(
            room=room,
            actor=actor,
            participants=participants,
            is_rejoining=is_rejoining,
        )
    )
    read_markers.save_read_markers(room=room, participants=participants)
    for batch in in_batches([participant.pk for participant in participants]):
        Participant.objects.filter(pk__in=batch).delete()
    note_change(room=room)
    calls.end_if_empty(room=room, now=now)
