"""Who does something in a room."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from talk.constants import ActorType
from talk.models import Guest

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who caused a change: a user, a guest, or nobody in the room."""

    user: User | None = None
    guest: Guest | None = None

    @property
    def type(self) -> ActorType:
        """The kind of actor; nobody is written down as a guest without a name."""
        return ActorType.GUESTS if self.user is None else ActorType.USERS


NOBODY = Actor()
"""Acts when time has passed, an account was deleted or a command was run."""
