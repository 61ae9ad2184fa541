"""Rich objects: the users and guests whom placeholders in a message stand for."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _

from talk.adapters import get_adapter
from talk.constants import DELETED_USERS, UNKNOWN_GUEST, ActorType
from talk.models import Message, Names

RichObjects = dict[str, dict[str, str]]
"""`messageParameters`: rich objects by the names of their placeholders."""

PLACEHOLDER = re.compile(r"\{([A-Za-z0-9-]+)\}")

DELETED_ACTOR = {"type": "user", "id": DELETED_USERS, "name": DELETED_USERS}
"""The actor of a message whose account is deleted."""


def render_actor(message: Message) -> dict[str, str]:
    """Return the author of a comment, or the actor of a system message."""
    if message.actor_type == ActorType.GUESTS:
        guest = message.actor_guest
        if guest is None:
            return render_guest(UNKNOWN_GUEST, "")
        return render_guest(guest.actor_id, guest.display_name)
    user = message.actor_user
    if user is None:
        return DELETED_ACTOR
    adapter = get_adapter()
    return {
        "type": "user",
        "id": adapter.user_id(user),
        "name": adapter.display_name(user),
    }


def render_user(user_id: str, names: Names) -> dict[str, str]:
    """Return a user. The name of a deleted user is their id."""
    return {"type": "user", "id": user_id, "name": names.users.get(user_id, user_id)}


def render_guest(guest_id: str, display_name: str) -> dict[str, str]:
    """Return a guest, whose name is marked as a guest's."""
    # Translators: a guest's chosen name, told apart from users' names.
    marked = _("%(name)s (guest)") % {"name": display_name}
    name = marked if display_name else _("Guest")
    return {"type": "guest", "id": guest_id, "name": name}


def fill_in(text: str, parameters: RichObjects, *, sign: str) -> str:
    """Replace placeholders by names; `sign` stands before the names of users."""
    parts = PLACEHOLDER.split(text)
    for index in range(1, len(parts), 2):
        key = parts[index]
        rich_object = parameters.get(key)
        if rich_object is None:
            parts[index] = f"{{{key}}}"
        else:
            prefix = sign if rich_object["type"] == "user" else ""
            parts[index] = f"{prefix}{rich_object['name']}"
    return "".join(parts)
