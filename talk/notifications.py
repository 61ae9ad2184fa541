"""Notifications: who is to be told of a comment, as adapters and signals receive it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from talk.models import Message, Names, Participant, Room

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class NotificationKind(StrEnum):
    """Why somebody is told of a comment."""

    MENTION = "mention"
    MESSAGE = "chat"


@dataclass(frozen=True, kw_only=True)
class Notification:
    """Somebody who is to be told of a comment, with all that it takes to say so.

    `names` are of those whom the comment mentions. `is_connected` is whether the
    recipient has a live session in the room.
    """

    kind: NotificationKind
    room: Room
    message: Message
    names: Names
    recipient: User
    participant: Participant
    is_connected: bool
