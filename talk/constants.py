"""Enums and limits of the Talk API v1."""

from __future__ import annotations

from enum import IntFlag

from django.db import models
from django.utils.translation import gettext_lazy as _


class RoomType(models.IntegerChoices):
    """API: Constants, room types."""

    ONE_TO_ONE = 1, _("one-to-one")
    GROUP = 2, _("group")
    PUBLIC = 3, _("public")


class ParticipantType(models.IntegerChoices):
    """API: Constants, participant types. Clients know 6; the document does not."""

    OWNER = 1, _("owner")
    MODERATOR = 2, _("moderator")
    USER = 3, _("user")
    GUEST = 4, _("guest")
    SELF_JOINED = 5, _("user following a public link")
    GUEST_MODERATOR = 6, _("guest moderator")

    @property
    def is_guest(self) -> bool:
        """Whether participants of this type are guests."""
        return self in GUEST_TYPES

    @property
    def is_moderator(self) -> bool:
        """Whether participants of this type may moderate."""
        return self in MODERATOR_TYPES

    @property
    def is_permanent(self) -> bool:
        """Whether a room exists as long as it has participants of this type."""
        return self in PERMANENT_TYPES


GUEST_TYPES = frozenset({ParticipantType.GUEST, ParticipantType.GUEST_MODERATOR})
MODERATOR_TYPES = frozenset(
    {
        ParticipantType.OWNER,
        ParticipantType.MODERATOR,
        ParticipantType.GUEST_MODERATOR,
    }
)
PERMANENT_TYPES = frozenset(ParticipantType) - {
    ParticipantType.GUEST,
    ParticipantType.SELF_JOINED,
}
BY_LINK_TYPES = GUEST_TYPES | {ParticipantType.SELF_JOINED}
"""Types of participants who joined by the link of a public room."""


class NotificationLevel(models.IntegerChoices):
    """API: Set notification level. 0 is stored, but never shown or accepted."""

    DEFAULT = 0, _("default")
    ALWAYS = 1, _("always")
    MENTION = 2, _("when mentioned")
    NEVER = 3, _("never")


class InCall(IntFlag):
    """API: `participantFlags`, the in-call flags of a session."""

    DISCONNECTED = 0
    IN_CALL = 1
    WITH_AUDIO = 2
    WITH_VIDEO = 4


class ActorType(models.TextChoices):
    """API: `actorType` of a message."""

    USERS = "users", _("user")
    GUESTS = "guests", _("guest")


DELETED_USERS = "deleted_users"
"""`actorType` and `actorId` of messages by deleted accounts."""

UNKNOWN_GUEST = "failed-to-get-session"
"""`actorId` of system messages without an actor in the room."""

NO_SESSION = "0"
"""`sessionId` of a participant that is not connected."""


class SystemMessage(models.TextChoices):
    """API: Chat, System messages: the keys."""

    CONVERSATION_CREATED = "conversation_created"
    CONVERSATION_RENAMED = "conversation_renamed"
    CALL_STARTED = "call_started"
    CALL_JOINED = "call_joined"
    CALL_LEFT = "call_left"
    CALL_ENDED = "call_ended"
    GUESTS_ALLOWED = "guests_allowed"
    GUESTS_DISALLOWED = "guests_disallowed"
    PASSWORD_SET = "password_set"  # noqa: S105 - a key, no secret
    PASSWORD_REMOVED = "password_removed"  # noqa: S105 - as above
    USER_ADDED = "user_added"
    USER_REMOVED = "user_removed"
    MODERATOR_PROMOTED = "moderator_promoted"
    MODERATOR_DEMOTED = "moderator_demoted"
    GUEST_MODERATOR_PROMOTED = "guest_moderator_promoted"
    GUEST_MODERATOR_DEMOTED = "guest_moderator_demoted"


SESSION_ID_LENGTH = 512
SESSION_LIVE_SECONDS = 100
"""A session without a ping for this long is dead, and so is its guest."""

ACTIVE_SECONDS = 30
"""Participants are active, and counted in `count`, for this long after a ping."""

TOKEN_PATTERN = "[a-z0-9]{4,30}"  # noqa: S105 - a pattern, no secret
TOKEN_LENGTH = 8
TOKEN_ALPHABET = "abcdefghijkmnopqrstuvwxyz23456789"  # noqa: S105 - no l, 0, 1
RESERVED_TOKENS = frozenset({"settings", "backend"})
"""Paths below `/signaling/` that no token may equal."""

ROOM_NAME_LENGTH_MAX = 255
NEW_ROOM_NAME_LENGTH_MAX = 200
"""Code points of a new name of a room; fewer than a room may be created with."""

OBJECT_FIELD_MAX = 64
APP_PASSWORD_LABEL_MAX = 128
GUEST_NAME_LENGTH_MAX = 64
MESSAGE_LENGTH_MAX = 1000
"""Code points of a chat message after trimming."""

SEARCH_MAX = 1000
"""Code points of a search text; SQLite refuses longer patterns, and no name is longer."""

PEOPLE_LIMIT_DEFAULT = 10
PEOPLE_LIMIT_MAX = 200
"""Matches of each kind in a search for people; apps ask for ten thousand."""

SUGGESTIONS_LIMIT_DEFAULT = 20
SUGGESTIONS_LIMIT_MAX = 200

MESSAGES_LIMIT_DEFAULT = 100
MESSAGES_LIMIT_MAX = 200
SIGNALING_MESSAGE_MAX = 64 * 1024
"""Characters of a signaling message; session descriptions need a tenth of that."""

SIGNALING_QUEUE_MAX = 1000
"""Messages in the signaling queue of a session; a call of ten needs some hundreds."""

POLL_TIMEOUT_DEFAULT = 30
POLL_TIMEOUT_MAX = 60
"""Seconds; the timeout of a long poll that a client may ask for."""
