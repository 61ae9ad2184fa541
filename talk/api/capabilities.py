"""What this installation can do, as clients ask before anything else."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from talk.constants import MESSAGE_MAX

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
"""Names of what works; clients decide by their presence which calls they make."""

POLL_INTERVAL = 60
"""Seconds between two questions of clients that do not wait for news."""

VERSION = {
    "major": 15,
    "minor": 0,
    "micro": 0,
    "string": "15.0.0",
    "edition": "",
    "extendedSupport": False,
}
"""The server generation whose API this is; some clients refuse older ones."""


def capabilities() -> dict[str, Any]:
    """Return version and capabilities; every capability is an object.

    API: Capabilities.
    """
    return {
        "version": VERSION,
        "capabilities": {
            "core": {"pollinterval": POLL_INTERVAL},
            "spreed": {
                "features": list(FEATURES),
                "config": {"chat": {"max-length": MESSAGE_MAX}},
            },
        },
    }


def configuration_hash() -> str:
    """Return a text that changes when the capabilities do; clients compare it."""
    text = json.dumps(capabilities(), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
