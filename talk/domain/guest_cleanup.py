"""Forgetting guests whom nobody can come across any more.

Messages name their guests, and so does the summary of a call; both need the row when
the place is long gone. A guest who left without a word is named by nothing. Telling
them apart means to look at all guests, which is why the reaper leaves it to a command.
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


def forgetting_steps(*, batch_size: int = BATCH) -> Iterator[int]:
    """Delete guests who have no place and whom nothing names; tell how many, in steps.

    Who has no place never gets one again, and is named by nothing new; so nobody has to
    be kept from coming back meanwhile. Two runs at once are safe.
    """
    guests = forgotten_guests(
        participants=Participant.objects.all(), attendances=CallAttendance.objects.all()
    )
    for pks in unnamed_among(guests, Message.objects.all(), batch_size):
        yield delete_unlocked(Guest.objects.filter(pk__in=pks))


def forgotten_guests(
    *,
    participants: QuerySet[Participant],
    attendances: QuerySet[CallAttendance],
) -> QuerySet[Guest]:
    """Return the guests without such a place and attendance who have said nothing."""
    own = OuterRef("pk")
    return Guest.objects.exclude(
        Exists(participants.filter(guest=own))
        | Exists(Message.objects.filter(actor_guest=own))
        | Exists(attendances.filter(guest=own))
    )


def unnamed_among(
    guests: QuerySet[Guest], messages: MessageQuerySet, batch_size: int
) -> Iterator[list[int]]:
    """Yield the keys of those of `guests` about whom `messages` tell nothing.

    Nameless guests look the same without their row, so that nobody looks for what is
    told about them.
    """
    last = 0
    while found := _next(guests, last, batch_size):
        last = found[-1].pk
        named = [guest.actor_id for guest in found if guest.display_name]
        told = (
            guest_ids_in(on_write_database(messages.about_guests(named)))
            if named
            else set()
        )
        yield [guest.pk for guest in found if guest.actor_id not in told]


def _next(guests: QuerySet[Guest], after: int, count: int) -> list[Guest]:
    return list(on_write_database(guests.filter(pk__gt=after).order_by("pk"))[:count])
