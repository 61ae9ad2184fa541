"""System messages, their actors and their readers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.models import User

from talk.constants import ActorType, SystemMessage
from talk.models import Guest, Message, Names
from talk.rendering.readers import Reader

ALICE = User(username="alice", first_name="Alice", last_name="Adams")
BOB = User(username="bob")
GWEN = Guest(actor_id="a" * 40, display_name="Gwen")
NAMES = Names(
    users={"alice": "Alice Adams", "bob": "bob", "carol": "Carol Clark"},
    guests={"a" * 40: "Gwen"},
)

READERS = {
    "alice": Reader(user_id="alice"),
    "bob": Reader(user_id="bob"),
    "carol": Reader(user_id="carol"),
    "gwen": Reader(guest_id="a" * 40),
    "another guest": Reader(guest_id="b" * 40),
    "nobody": Reader(),
}


def make_message(
    key: SystemMessage,
    *,
    user: User | None = None,
    guest: Guest | None = None,
    is_guest: bool = False,
    parameters: dict[str, Any] | None = None,
) -> Message:
    """Return a system message that is not saved."""
    is_guest = is_guest or guest is not None
    return Message(
        pk=7,
        system_message=key,
        parameters=parameters or {},
        actor_type=ActorType.GUESTS if is_guest else ActorType.USERS,
        actor_user=user,
        actor_guest=guest,
        created_at=datetime(2018, 12, 16, 22, 15, 23, 999_999, tzinfo=UTC),
    )


PARAMETERS: dict[SystemMessage, dict[str, Any]] = {
    SystemMessage.CONVERSATION_RENAMED: {"oldName": "Old", "newName": "New"},
    SystemMessage.CALL_ENDED: {"users": ["alice", "bob"], "guests": 1, "duration": 9},
    SystemMessage.GUESTS_ALLOWED: {"oldType": 2, "newType": 3},
    SystemMessage.GUESTS_DISALLOWED: {"oldType": 3, "newType": 2},
    SystemMessage.USER_ADDED: {"user": "bob"},
    SystemMessage.USER_REMOVED: {"user": "bob"},
    SystemMessage.MODERATOR_PROMOTED: {"user": "bob"},
    SystemMessage.MODERATOR_DEMOTED: {"user": "bob"},
    SystemMessage.GUEST_MODERATOR_PROMOTED: {"session": "a" * 40},
    SystemMessage.GUEST_MODERATOR_DEMOTED: {"session": "a" * 40},
}
"""Parameters of system messages by key; other keys have none."""
