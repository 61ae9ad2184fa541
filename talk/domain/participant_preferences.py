"""A participant's own preferences for a room."""

from __future__ import annotations

from typing import Any

from talk.constants import NotificationLevel
from talk.domain.access import Caller
from talk.exceptions import Invalid, NotFound
from talk.models import Participant, atomic


def set_favorite(*, caller: Caller, favorite: bool) -> None:
    """Mark the room as the caller's favourite, or not.

    Raises:
        NotFound: the caller is a guest, or is no participant any more.

    API: Add room to favorites; Remove room from favorites.
    """
    _update(caller, favorite=favorite)


def set_notification_level(*, caller: Caller, level: int) -> None:
    """Set which messages the caller is notified of.

    Raises:
        Invalid: the level is not 1, 2 or 3.
        NotFound: the caller is a guest, or is no participant any more.

    API: Set notification level.
    """
    if level not in NotificationLevel.values or level == NotificationLevel.DEFAULT:
        raise Invalid("level must be 1, 2 or 3.")
    _update(caller, notification_level=level)


@atomic
def _update(caller: Caller, **values: Any) -> None:
    participant = Participant.objects.filter(pk=caller.participant.pk, user=caller.user)
    if caller.user is None or not participant.update(**values):
        raise NotFound
