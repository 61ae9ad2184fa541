"""Readers, for whom texts are rendered: a text calls its reader "you"."""

from __future__ import annotations

from dataclasses import dataclass

from talk.adapters import get_adapter
from talk.domain.access import Caller


@dataclass(frozen=True, kw_only=True, slots=True)
class Reader:
    """The public id of a user or a guest who reads; the other id is None.

    Without either id, no text calls the reader "you".
    """

    user_id: str | None = None
    guest_id: str | None = None


def reader_of(caller: Caller) -> Reader:
    """Return the reader that the caller is."""
    if caller.user is not None:
        return Reader(user_id=get_adapter().user_id(caller.user))
    return Reader(guest_id=caller.guest.actor_id if caller.guest else None)
