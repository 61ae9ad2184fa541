"""Deleting guests that nothing refers to any more.

Messages and the attendance of calls refer to guests, and need their rows long after the
participants were removed. Guests who left without writing are referred to by nothing.
Finding them means reading all guests, so a command does it and not the reaper.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Exists, OuterRef, QuerySet

from talk.domain.system_messages import guest_ids_in
from talk.models import (
    BATCH,
    CallAttendance,
    Guest,
    Message,
    MessageQuerySet,
    Participant,
    delete_unlocked,
    on_write_database,
)


def delete_unused_guests(*, batch_size: int = BATCH) -> Iterator[int]:
    """Delete guests that are in no room and that nothing refers to.

    Yields the number of deleted guests after each batch. A guest that is in no room
    never enters one again and is not mentioned again, so no lock is needed against
    that. Two runs at once are safe.
    """
    guests = unused_guests(
        participants=Participant.objects.all(), attendances=CallAttendance.objects.all()
    )
    messages = Message.objects.all()
    for pks in unmentioned_guests_in_batches(guests, messages, batch_size):
        yield delete_unlocked(Guest.objects.filter(pk__in=pks))


def unused_guests(
    *,
    participants: QuerySet[Participant],
    attendances: QuerySet[CallAttendance],
) -> QuerySet[Guest]:
    """Return guests without messages that none of these rows refers to."""
    guest = OuterRef("pk")
    return Guest.objects.exclude(
        Exists(participants.filter(guest=guest))
        | Exists(Message.objects.filter(actor_guest=guest))
        | Exists(attendances.filter(guest=guest))
    )


def unmentioned_guests_in_batches(
    guests: QuerySet[Guest], messages: MessageQuerySet, batch_size: int
) -> Iterator[list[int]]:
    """Yield, in batches, the keys of `guests` that no system message is about.

    Guests without a name are not searched for in `messages`: system messages about
    them read the same when their row is gone.
    """
    last_pk = 0
    while batch := _next_batch(guests, last_pk, batch_size):
        last_pk = batch[-1].pk
        named = [guest.actor_id for guest in batch if guest.display_name]
        mentioned = (
            guest_ids_in(on_write_database(messages.about_guests(named)))
            if named
            else set()
        )
        yield [guest.pk for guest in batch if guest.actor_id not in mentioned]


def _next_batch(guests: QuerySet[Guest], after: int, count: int) -> list[Guest]:
    return list(on_write_database(guests.filter(pk__gt=after).order_by("pk"))[:count])
