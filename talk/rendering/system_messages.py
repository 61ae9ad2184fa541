"""The words of system messages, for those who did it, whom it befell, and others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from talk.adapters import get_adapter
from talk.constants import DELETED_USERS, UNKNOWN_GUEST, ActorType, SystemMessage
from talk.domain.system_messages import USER_PARAMETER
from talk.models import Message
from talk.rendering.readers import Reader

RichObjects = dict[str, dict[str, str]]
"""`messageParameters`: what each placeholder stands for, by its name."""


DELETED_ACTOR = {"type": "user", "id": DELETED_USERS, "name": DELETED_USERS}
"""Stands for whoever acted and has no account any more."""


@dataclass(frozen=True, kw_only=True)
class Wording:
    """One system message from each point of view. `{…}` are placeholders."""

    others: Promise
    actor: Promise
    affected: Promise | None = None
    self_others: Promise | None = None
    self_actor: Promise | None = None
    """When actor and affected user are the same."""


WORDINGS: Mapping[str, Wording] = {
    SystemMessage.CONVERSATION_CREATED: Wording(
        others=gettext_lazy("{actor} created the conversation"),
        actor=gettext_lazy("You created the conversation"),
    ),
    SystemMessage.USER_ADDED: Wording(
        others=gettext_lazy("{actor} added {user} to the conversation"),
        actor=gettext_lazy("You added {user} to the conversation"),
        affected=gettext_lazy("{actor} added you to the conversation"),
        self_others=gettext_lazy("{actor} joined the conversation"),
        self_actor=gettext_lazy("You joined the conversation"),
    ),
}


def render_system_message(
    message: Message, *, reader: Reader, names: Mapping[str, str]
) -> tuple[str, RichObjects]:
    """Return text and parameters of a system message, in the active language.

    API: System messages.
    """
    wording = WORDINGS[message.system_message]
    parameters = {"actor": _render_actor(message)}
    user_id = message.parameters.get(USER_PARAMETER)
    if user_id is not None:
        name = names.get(user_id, user_id)
        parameters["user"] = {"type": "user", "id": user_id, "name": name}
    return str(_choose(wording, parameters, reader)), parameters


def _choose(wording: Wording, parameters: RichObjects, reader: Reader) -> Promise:
    actor, user = parameters["actor"], parameters.get("user")
    is_actor = _is_reader(actor, reader)
    if wording.self_others is not None and user is not None and _is_same(user, actor):
        chosen = wording.self_actor if is_actor else wording.self_others
    elif is_actor:
        chosen = wording.actor
    elif user is not None and _is_reader(user, reader):
        chosen = wording.affected
    else:
        chosen = wording.others
    return chosen or wording.others


def _is_same(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    return (one["type"], one["id"]) == (other["type"], other["id"])


def _is_reader(person: Mapping[str, str], reader: Reader) -> bool:
    if person is DELETED_ACTOR:
        # Somebody may well have taken this for a user name.
        return False
    own_id = reader.user_id if person["type"] == "user" else reader.guest_id
    return own_id is not None and person["id"] == own_id


def _render_actor(message: Message) -> dict[str, str]:
    if message.actor_type == ActorType.GUESTS:
        guest = message.actor_guest
        name = guest.display_name if guest is not None else ""
        return {
            "type": "guest",
            "id": guest.actor_id if guest is not None else UNKNOWN_GUEST,
            # Translators: a guest's chosen name, told apart from users' names.
            "name": _("%(name)s (guest)") % {"name": name} if name else _("Guest"),
        }
    user = message.actor_user
    if user is None:
        return DELETED_ACTOR
    adapter = get_adapter()
    return {
        "type": "user",
        "id": adapter.user_id(user),
        "name": adapter.display_name(user),
    }
