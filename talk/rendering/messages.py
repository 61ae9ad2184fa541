"""Messages of the chat."""

from __future__ import annotations

from typing import Any

from talk.adapters import get_adapter
from talk.constants import DELETED_USERS, UNKNOWN_GUEST, ActorType
from talk.models import Message, Names
from talk.rendering.mentions import render_comment
from talk.rendering.readers import Reader
from talk.rendering.rich_objects import fill_in
from talk.rendering.system_messages import render_system_message


def render_message(
    message: Message, *, token: str, reader: Reader, names: Names
) -> dict[str, Any]:
    """Return a message as `reader` sees it, in the active language.

    `names` are the display names of the users and guests in its parameters and
    mentions. The actor must have been selected with the message.

    API: Receive chat messages of a room, the message.
    """
    actor_type, actor_id, actor_name = _render_actor(message)
    if message.system_message:
        text, parameters = render_system_message(message, reader=reader, names=names)
    else:
        text, parameters = render_comment(message.text, names)
    return {
        "id": message.pk,
        "token": token,
        "actorType": actor_type,
        "actorId": actor_id,
        "actorDisplayName": actor_name,
        "timestamp": int(message.created_at.timestamp()),
        "message": text,
        "messageParameters": parameters or [],
        "systemMessage": message.system_message,
    }


def render_text(message: Message, *, names: Names) -> str:
    """Return a message as plain text, for readers other than its actor.

    The text is in the active language. `names` and the actor are needed as for
    `render_message`.
    """
    if message.system_message:
        text, parameters = render_system_message(message, reader=Reader(), names=names)
        return fill_in(text, parameters, sign="")
    text, parameters = render_comment(message.text, names)
    return fill_in(text, parameters, sign="@")


def _render_actor(message: Message) -> tuple[str, str, str]:
    """Return type, id and display name; a missing name is empty."""
    if message.actor_type == ActorType.GUESTS:
        guest = message.actor_guest
        if guest is None:
            return ActorType.GUESTS.value, UNKNOWN_GUEST, ""
        return ActorType.GUESTS.value, guest.actor_id, guest.display_name
    user = message.actor_user
    if user is None:
        return DELETED_USERS, DELETED_USERS, ""
    adapter = get_adapter()
    return ActorType.USERS.value, adapter.user_id(user), adapter.display_name(user)
