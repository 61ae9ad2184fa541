"""Which system messages exist and what they remember. Their texts are rendered."""

from __future__ import annotations

from collections.abc import Iterable

from talk.constants import SystemMessage
from talk.domain.timeline import Line
from talk.models import Message

USER_PARAMETER = "user"
"""Key under which the id of the affected user is stored."""


def conversation_created() -> Line:
    """Say that the actor created the room; the first line of every room.

    API: System messages, `conversation_created`.
    """
    return Line(system_message=SystemMessage.CONVERSATION_CREATED)


def user_added(user_id: str) -> Line:
    """Say that the actor added a user.

    API: System messages, `user_added`.
    """
    return Line(
        system_message=SystemMessage.USER_ADDED, parameters={USER_PARAMETER: user_id}
    )


def user_ids_in(messages: Iterable[Message]) -> set[str]:
    """Return the ids of the users that these messages speak about."""
    return {
        message.parameters[USER_PARAMETER]
        for message in messages
        if USER_PARAMETER in message.parameters
    }
