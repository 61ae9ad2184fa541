"""Notifications of comments, as adapters and receivers of signals get them.

Public API.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from talk.models import Message, Names, Participant, Room

if TYPE_CHECKING:
    from django.contrib.auth.models import User

__all__ = ["Notification", "NotificationKind"]


class NotificationKind(StrEnum):
    """The reason for a notification."""

    MENTION = "mention"
    MESSAGE = "chat"


@dataclass(frozen=True, kw_only=True)
class Notification:
    """The notification of one recipient about one comment.

    `names` are the display names of the users that the comment mentions. `is_connected`
    tells whether the recipient has a live session in the room.
    """

    kind: NotificationKind
    room: Room
    message: Message
    names: Names
    recipient: User
    participant: Participant
    is_connected: bool
