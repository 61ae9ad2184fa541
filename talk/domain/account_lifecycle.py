"""What becomes of rooms when an account is deleted."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from talk.domain import events
from talk.domain.access import NOBODY
from talk.domain.participants import abandon
from talk.models import (
    Participant,
    ReadMarker,
    Room,
    atomic,
    lock_account_for_deletion,
    on_write_database,
)

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import User


@atomic
def forget_account(*, user: User, now: datetime | None = None) -> None:
    """Take all places of an account that is about to be deleted.

    Its one-to-one rooms go, and so do rooms in which it was the last permanent
    participant; from others it is removed as if somebody had done so. What it said
    stays, and names nobody any more.

    API: `user_removed`; `deleted_users`.
    """
    now = now or timezone.now()
    _abandon_all(user, now)
    lock_account_for_deletion(user)
    # Into a room that was not locked they may have come meanwhile; into others, no more.
    _abandon_all(user, now)
    ReadMarker.objects.filter(user=user).delete()


def _abandon_all(user: User, now: datetime) -> None:
    participants = on_write_database(Participant.objects.filter(user=user))
    for room in Room.objects.filter(pk__in=participants.values("room")).lock_all():
        participant = participants.filter(room=room).with_names().first()
        if participant is not None:
            abandon(room=room, participant=participant, actor=NOBODY, now=now)


def note_logout(*, user: User | None, **_: Any) -> None:
    """Receive Django's `user_logged_out`: nobody is to be remembered by that login."""
    if user is not None:
        events.record(events.LoginsEnded(user_pk=user.pk))


def note_changed_account(
    *, instance: User, update_fields: Collection[str] | None, **_: Any
) -> None:
    """Receive `post_save` of the site's user model: it may be disabled, or renamed.

    That is the only way in which Django tells of a changed password or account. That
    somebody has logged in changes nothing. Some sites save accounts with each request,
    to know who is there, which must end no poll.
    """
    changed = set(update_fields or ())
    if changed == {"last_login"}:
        return
    # What `set_password` leaves there until `save` has ended.
    is_set = getattr(instance, "_password", None) is not None
    is_disabled = not getattr(instance, "is_active", True)
    if is_set or is_disabled or "password" in changed:
        events.record(events.LoginsEnded(user_pk=instance.pk))
    else:
        events.record(events.AccountChanged(user_pk=instance.pk))


def forget_deleted_account(*, instance: User, **_: Any) -> None:
    """Receive Django's `pre_delete` of the site's user model."""
    events.record(events.LoginsEnded(user_pk=instance.pk))
    forget_account(user=instance)
