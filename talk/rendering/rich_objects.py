"""Rich objects: the people that placeholders of a message stand for."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _

from talk.adapters import get_adapter
from talk.constants import DELETED_USERS, UNKNOWN_GUEST, ActorType
from talk.models import Message, Names

RichObjects = dict[str, dict[str, str]]
"""`messageParameters`: what each placeholder stands for, by its name."""

PLACEHOLDER = re.compile(r"\{([A-Za-z0-9-]+)\}")

DELETED_ACTOR = {"type": "user", "id": DELETED_USERS, "name": DELETED_USERS}
"""Stands for whoever acted and has no account any more."""


def render_actor(message: Message) -> dict[str, str]:
    """Return who wrote a message, or did what it tells of."""
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
    """Return a user; without an account, the id has to do for a name."""
    return {"type": "user", "id": user_id, "name": names.users.get(user_id, user_id)}


def render_guest(guest_id: str, display_name: str) -> dict[str, str]:
    """Return a guest, whose name is told apart from users' names."""
    # Translators: a guest's chosen name, told apart from users' names.
    named = _("%(name)s (guest)") % {"name": display_name}
    name = named if display_name else _("Guest")
    return {"type": "guest", "id": guest_id, "name": name}


def fill_in(text: str, parameters: RichObjects, *, sign: str) -> str:
    """Put names where the placeholders of a text are; users are marked by `sign`."""
    parts = PLACEHOLDER.split(text)
    for index in range(1, len(parts), 2):
        known = parameters.get(parts[index])
        mark = sign if known is not None and known["type"] == "user" else ""
        parts[index] = f"{mark}{known['name']}" if known else f"{{{parts[index]}}}"
    return "".join(parts)
