"""Counts of what a clean-up would delete, without writes and locks."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Exists, OuterRef

from talk.domain.cleanup import (
    CleanupAges,
    CleanupCounts,
    abandoned_participants,
    empty_rooms,
    rooms_with_abandoned_calls,
)
from talk.domain.guest_cleanup import unmentioned_guests_in_batches, unused_guests
from talk.models import (
    BATCH,
    CallAttendance,
    Message,
    Participant,
    Session,
    on_write_database,
)


def preview_cleanup(*, now: datetime, ages: CleanupAges | None = None) -> CleanupCounts:
    """Count what `clean_up_in_steps` and `delete_unused_guests` would delete at `now`.

    Like them, do not count rows that are deleted together with others, such as the
    messages of a room.
    """
    ages = ages or CleanupAges()
    at = ages.sessions_at(now)
    abandoned = abandoned_participants(at)
    is_abandoned = Exists(abandoned.filter(pk=OuterRef("pk")))
    remaining = Participant.objects.exclude(is_abandoned)
    rooms = empty_rooms(remaining)
    signaling = ages.old_signaling(now).exclude(
        Exists(Session.objects.filter(pk=OuterRef("recipient")).dead(at))
    )
    attendances = CallAttendance.objects.exclude(
        room__in=rooms_with_abandoned_calls(now)
    )
    guests = unused_guests(participants=remaining, attendances=attendances)
    messages = Message.objects.exclude(room__in=rooms)
    return CleanupCounts(
        sessions=on_write_database(Session.objects.dead(at)).count(),
        participants=on_write_database(abandoned).count(),
        calls=on_write_database(rooms_with_abandoned_calls(now)).count(),
        rooms=on_write_database(rooms).count(),
        signaling_messages=on_write_database(
            signaling.exclude(recipient__room__in=rooms)
        ).count(),
        guests=sum(map(len, unmentioned_guests_in_batches(guests, messages, BATCH))),
    )
