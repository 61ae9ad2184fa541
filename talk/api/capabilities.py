"""The capabilities of the server, and its version."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from talk.constants import MESSAGE_LENGTH_MAX

FEATURES = (
    "audio",
    "video",
    "chat-v2",
    "guest-signaling",
    "empty-group-room",
    "guest-display-names",
    "multi-room-users",
    "favorites",
    "last-room-activity",
    "no-ping",
    "system-messages",
    "mention-flag",
    "invite-by-mail",
    "in-call-flags",
    "notification-levels",
    "invite-group",
    "invite-groups-and-mails",
)
"""Names of supported features. Clients only use features that are listed here."""

POLL_INTERVAL = 60
"""Seconds between two requests of a client that does not use long polls."""

VERSION = {
    "major": 15,
    "minor": 0,
    "micro": 0,
    "string": "15.0.0",
    "edition": "",
    "extendedSupport": False,
}
"""Version of Nextcloud with this API; some clients refuse older ones."""


def capabilities() -> dict[str, Any]:
    """Return version and capabilities.

    API: Capabilities.
    """
    return {
        "version": VERSION,
        "capabilities": {
            "core": {"pollinterval": POLL_INTERVAL},
            "spreed": {
                "features": list(FEATURES),
                "config": {"chat": {"max-length": MESSAGE_LENGTH_MAX}},
            },
        },
    }


def configuration_hash() -> str:
    """Return a hash of the capabilities, by which clients notice changes."""
    text = json.dumps(capabilities(), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
