"""What a clean-up would remove, counted without writing or locking anything."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Exists, OuterRef

from talk.domain.cleanup import (
    Ages,
    Cleaned,
    empty_rooms,
    forgotten_calls,
    lost_participants,
)
from talk.domain.guest_cleanup import forgotten_guests, unnamed_among
from talk.models import (
    BATCH,
    CallAttendance,
    Message,
    Participant,
    Session,
    on_write_database,
)


def preview_cleanup(*, now: datetime, ages: Ages | None = None) -> Cleaned:
    """Count what `cleaning_steps` and `forgetting_steps` would remove at this moment.

    What goes with something else, as messages go with their room, is not counted, here
    as there.
    """
    ages = ages or Ages()
    at = ages.sessions_at(now)
    lost = lost_participants(at)
    is_lost = Exists(lost.filter(pk=OuterRef("pk")))
    staying = Participant.objects.exclude(is_lost)
    rooms = empty_rooms(staying)
    signaling = ages.old_signaling(now).exclude(
        Exists(Session.objects.filter(pk=OuterRef("recipient")).dead(at))
    )
    attendances = CallAttendance.objects.exclude(room__in=forgotten_calls(now))
    guests = forgotten_guests(participants=staying, attendances=attendances)
    messages = Message.objects.exclude(room__in=rooms)
    return Cleaned(
        sessions=on_write_database(Session.objects.dead(at)).count(),
        participants=on_write_database(lost).count(),
        calls=on_write_database(forgotten_calls(now)).count(),
        rooms=on_write_database(rooms).count(),
        signaling_messages=on_write_database(
            signaling.exclude(recipient__room__in=rooms)
        ).count(),
        guests=sum(map(len, unnamed_among(guests, messages, BATCH))),
    )
