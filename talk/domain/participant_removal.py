"""Taking places in a room from those who have them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from talk import hints, signals
from talk.domain import calls, read_markers, signaling_external
from talk.domain.access import Actor
from talk.domain.news import announce
from talk.domain.presence_version import note_change
from talk.models import Participant, Room, in_batches, requires_transaction


@requires_transaction
def drop_participants(
    *,
    room: Room,
    participants: Sequence[Participant],
    actor: Actor | None = None,
    is_back: bool = False,
    now: datetime,
) -> None:
    """Take places in a locked room, with their sessions, without a word.

    That is what happens to guests, and to self-joined users who disconnect. `actor`
    is who does it; None stands for themselves. `places` were read with their names.
    `is_back` is for a guest who is joining again at this moment.
    The call ends if nobody is left in it. The number of queries does not depend on
    the number of places, up to 500.
    """
    if not participants:
        return
    signaling_external.tell_dropped(
        room=room, participants=participants, is_back=is_back
    )
    read_markers.keep(room=room, participants=participants)
    for some in in_batches([participant.pk for participant in participants]):
        Participant.objects.filter(pk__in=some).delete()
    hints.record_departure(room_id=room.pk)
    note_change(room=room)
    calls.end_if_empty(room=room, now=now)
    for participant in participants:
        own = Actor(user=participant.user, guest=participant.guest)
        announce(
            signals.participant_removed,
            room=room,
            actor=actor or own,
            participant=participant,
        )
