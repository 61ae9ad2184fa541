"""Guests: their public ids and display names."""

from __future__ import annotations

import hashlib

from talk.constants import GUEST_NAME_LENGTH_MAX
from talk.domain import events
from talk.domain.presence_version import note_change_in
from talk.domain.text import require_text
from talk.models import Guest, atomic, requires_transaction


def actor_id_of(session_id: str) -> str:
    """Return the public id of the guest who joined with this session id."""
    return hashlib.sha1(session_id.encode(), usedforsecurity=False).hexdigest()


@atomic
def rename_guest(*, guest: Guest, room_id: int, display_name: str) -> None:
    """Give a guest of a room another display name, which all their messages show.

    Raises:
        Invalid: the name has more than 64 characters, or has characters that cannot be
            stored.
        NotFound: the room is gone.

    API: Guests, Set display name.
    """
    set_display_name(guest=guest, room_id=room_id, display_name=display_name)


@requires_transaction
def set_display_name(*, guest: Guest, room_id: int, display_name: str) -> None:
    """Do what `rename_guest` does, as part of a larger change.

    API: `actorDisplayName` of a chat message.
    """
    require_text(display_name, longest=GUEST_NAME_LENGTH_MAX)
    if guest.display_name != display_name:
        note_change_in(room_id=room_id)
        guest.display_name = display_name
        Guest.objects.filter(pk=guest.pk).update(display_name=display_name)
        events.record(events.GuestRenamed(guest=guest))
