"""The system messages and their parameters.

`talk.rendering.system_messages` has their texts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from talk.constants import RoomType, SystemMessage
from talk.models import Guest, Message

USER_PARAMETER = "user"
"""Key under which the id of the affected user is stored."""

USERS_PARAMETER = "users"
"""Key under which the ids of all users in a call are stored."""

GUEST_PARAMETER = "session"
"""Key under which the actor id of the affected guest is stored."""


@dataclass(frozen=True, kw_only=True)
class MessageDraft:
    """A message to be added: a comment's text, or a system message's parameters."""

    text: str = ""
    system_message: SystemMessage | None = None
    parameters: dict[str, Any] = field(default_factory=dict)


def conversation_created() -> MessageDraft:
    """Say that the actor created the room; the first message of every room.

    API: System messages, `conversation_created`.
    """
    return MessageDraft(system_message=SystemMessage.CONVERSATION_CREATED)


def conversation_renamed(*, old_name: str, new_name: str) -> MessageDraft:
    """Say that the actor renamed the room; either name may be empty.

    API: System messages, `conversation_renamed`.
    """
    return MessageDraft(
        system_message=SystemMessage.CONVERSATION_RENAMED,
        parameters={"oldName": old_name, "newName": new_name},
    )


def guests_allowed(*, old_type: RoomType) -> MessageDraft:
    """Say that the actor made the room public.

    API: System messages, `guests_allowed`.
    """
    return MessageDraft(
        system_message=SystemMessage.GUESTS_ALLOWED,
        parameters={"oldType": int(old_type), "newType": int(RoomType.PUBLIC)},
    )


def guests_disallowed(*, new_type: RoomType) -> MessageDraft:
    """Say that the actor made the room private.

    API: System messages, `guests_disallowed`.
    """
    return MessageDraft(
        system_message=SystemMessage.GUESTS_DISALLOWED,
        parameters={"oldType": int(RoomType.PUBLIC), "newType": int(new_type)},
    )


def password_changed(*, is_set: bool) -> MessageDraft:
    """Say that the actor set or removed the room's password.

    API: System messages, `password_set` and `password_removed`.
    """
    if is_set:
        return MessageDraft(system_message=SystemMessage.PASSWORD_SET)
    return MessageDraft(system_message=SystemMessage.PASSWORD_REMOVED)


def user_added(user_id: str) -> MessageDraft:
    """Say that the actor added a user.

    API: System messages, `user_added`.
    """
    return _about_user(SystemMessage.USER_ADDED, user_id)


def user_removed(user_id: str) -> MessageDraft:
    """Say that the actor removed a user, or left.

    API: System messages, `user_removed`.
    """
    return _about_user(SystemMessage.USER_REMOVED, user_id)


def moderator_changed(user_id: str, *, is_promoted: bool) -> MessageDraft:
    """Say that the actor promoted a user to a moderator, or demoted a moderator.

    API: System messages, `moderator_promoted` and `moderator_demoted`.
    """
    key = (
        SystemMessage.MODERATOR_PROMOTED
        if is_promoted
        else SystemMessage.MODERATOR_DEMOTED
    )
    return _about_user(key, user_id)


def guest_moderator_changed(guest: Guest, *, is_promoted: bool) -> MessageDraft:
    """Say that the actor promoted a guest to a moderator, or demoted a moderator.

    API: System messages, `guest_moderator_promoted` and `guest_moderator_demoted`.
    """
    key = (
        SystemMessage.GUEST_MODERATOR_PROMOTED
        if is_promoted
        else SystemMessage.GUEST_MODERATOR_DEMOTED
    )
    return MessageDraft(
        system_message=key, parameters={GUEST_PARAMETER: guest.actor_id}
    )


def call_started() -> MessageDraft:
    """Say that the actor is the first in a call.

    API: System messages, `call_started`.
    """
    return MessageDraft(system_message=SystemMessage.CALL_STARTED)


def call_joined() -> MessageDraft:
    """Say that the actor joined a call that others are in.

    API: System messages, `call_joined`.
    """
    return MessageDraft(system_message=SystemMessage.CALL_JOINED)


def call_left() -> MessageDraft:
    """Say that the actor left the call.

    API: System messages, `call_left`.
    """
    return MessageDraft(system_message=SystemMessage.CALL_LEFT)


def call_ended(*, user_ids: Sequence[str], guests: int, seconds: int) -> MessageDraft:
    """Sum up a call: who took part, how many guests, and for how long.

    API: System messages, `call_ended`.
    """
    return MessageDraft(
        system_message=SystemMessage.CALL_ENDED,
        parameters={
            USERS_PARAMETER: list(user_ids),
            "guests": guests,
            "duration": seconds,
        },
    )


def user_ids_in(messages: Iterable[Message]) -> set[str]:
    """Return the ids of the users in the parameters of these messages."""
    user_ids: set[str] = set()
    for message in messages:
        if USER_PARAMETER in message.parameters:
            user_ids.add(message.parameters[USER_PARAMETER])
        user_ids.update(message.parameters.get(USERS_PARAMETER, []))
    return user_ids


def guest_ids_in(messages: Iterable[Message]) -> set[str]:
    """Return the actor ids of the guests in the parameters of these messages."""
    return {
        message.parameters[GUEST_PARAMETER]
        for message in messages
        if GUEST_PARAMETER in message.parameters
    }


def _about_user(key: SystemMessage, user_id: str) -> MessageDraft:
    return MessageDraft(system_message=key, parameters={USER_PARAMETER: user_id})
