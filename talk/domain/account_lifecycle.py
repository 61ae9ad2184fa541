"""Accounts that are changed, log out or are deleted: ending logins, leaving rooms."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from talk.domain import events
from talk.domain.access import NOBODY
from talk.domain.participants import remove_for_good
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
    """Remove an account that is about to be deleted from all its rooms.

    Its one-to-one rooms are deleted, and so are rooms whose last permanent participant
    it was. From other rooms it is removed as by a moderator. Its messages stay, without
    its name.

    API: `user_removed`; `deleted_users`.
    """
    now = now or timezone.now()
    _leave_all_rooms(user, now)
    lock_account_for_deletion(user)
    # Meanwhile it may have joined another room. The lock prevents that from now on.
    _leave_all_rooms(user, now)
    ReadMarker.objects.filter(user=user).delete()


def _leave_all_rooms(user: User, now: datetime) -> None:
    participants = on_write_database(Participant.objects.filter(user=user))
    for room in Room.objects.filter(pk__in=participants.values("room")).lock_all():
        participant = participants.filter(room=room).with_names().first()
        if participant is not None:
            remove_for_good(room=room, participant=participant, actor=NOBODY, now=now)


def note_logout(*, user: User | None, **_: Any) -> None:
    """Receive Django's `user_logged_out`: callers with that login are admitted again."""
    if user is not None:
        events.record(events.LoginsEnded(user_pk=user.pk))


def note_changed_account(
    *, instance: User, update_fields: Collection[str] | None, **_: Any
) -> None:
    """Receive `post_save` of the site's user model: it may be disabled, or renamed.

    Django has no other signal for a changed password or account. A login, which saves
    `last_login`, changes nothing. Some sites save accounts with each request to track
    presence; that must not end polls, so only changes that end logins do.
    """
    changed = set(update_fields or ())
    if changed == {"last_login"}:
        return
    # `set_password` sets this attribute; `save` clears it at its end.
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
