"""Who reads, which decides about "you"."""

from __future__ import annotations

from dataclasses import dataclass

from talk.adapters import get_adapter
from talk.domain.access import Caller


@dataclass(frozen=True, kw_only=True, slots=True)
class Reader:
    """The reader's public ids: a user's, or a guest's; the other one is None."""

    user_id: str | None = None
    guest_id: str | None = None


def reader_of(caller: Caller) -> Reader:
    """Return the caller as a reader."""
    if caller.user is not None:
        return Reader(user_id=get_adapter().user_id(caller.user))
    return Reader(guest_id=caller.guest.actor_id if caller.guest else None)
