"""Guests: their identity and their names."""

from __future__ import annotations

import hashlib

from talk.constants import GUEST_NAME_MAX
from talk.domain.text import require_text
from talk.models import Guest


def actor_id_of(session_id: str) -> str:
    """Return the public id of the guest who joined with this session id."""
    return hashlib.sha1(session_id.encode(), usedforsecurity=False).hexdigest()


def set_display_name(*, guest: Guest, display_name: str) -> None:
    """Give a guest a name, which all their messages show from now on.

    Raises:
        Invalid: the name has more than 64 characters, or some that cannot be stored.

    API: Guests, Set display name; `actorDisplayName` of a chat message.
    """
    require_text(display_name, longest=GUEST_NAME_MAX)
    if guest.display_name != display_name:
        guest.display_name = display_name
        Guest.objects.filter(pk=guest.pk).update(display_name=display_name)
