"""Texts of system messages, for the actor, the affected participant, and others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, ngettext

from talk.adapters import get_adapter
from talk.constants import SystemMessage
from talk.domain.system_messages import (
    GUEST_PARAMETER,
    USER_PARAMETER,
    USERS_PARAMETER,
)
from talk.models import Message, Names
from talk.rendering.readers import Reader
from talk.rendering.rich_objects import (
    DELETED_ACTOR,
    RichObjects,
    render_actor,
    render_guest,
    render_user,
)


@dataclass(frozen=True, kw_only=True)
class Wording:
    """The texts of a system message by reader. `{…}` are placeholders.

    `self_others` and `self_actor` apply if actor and affected participant are the same.
    """

    others: Promise
    actor: Promise
    affected: Promise | None = None
    self_others: Promise | None = None
    self_actor: Promise | None = None


PROMOTED = Wording(
    others=gettext_lazy("{actor} promoted {user} to moderator"),
    actor=gettext_lazy("You promoted {user} to moderator"),
    affected=gettext_lazy("{actor} promoted you to moderator"),
)
DEMOTED = Wording(
    others=gettext_lazy("{actor} demoted {user} from moderator"),
    actor=gettext_lazy("You demoted {user} from moderator"),
    affected=gettext_lazy("{actor} demoted you from moderator"),
)

SUMMARIES: Mapping[int, Promise] = {
    2: gettext_lazy("Call with {user1} and {user2} (Duration %(duration)s)"),
    3: gettext_lazy("Call with {user1}, {user2} and {user3} (Duration %(duration)s)"),
    4: gettext_lazy(
        "Call with {user1}, {user2}, {user3} and {user4} (Duration %(duration)s)"
    ),
    5: gettext_lazy(
        "Call with {user1}, {user2}, {user3}, {user4} and {user5}"
        " (Duration %(duration)s)"
    ),
}
"""The summary of a call, by the number of users named."""

SUMMARIES_WITH_OTHERS: Mapping[int, Promise] = {
    # Translators: "others" is "2 guests" or "3 others".
    1: gettext_lazy("Call with {user1} and %(others)s (Duration %(duration)s)"),
    2: gettext_lazy(
        "Call with {user1}, {user2} and %(others)s (Duration %(duration)s)"
    ),
    3: gettext_lazy(
        "Call with {user1}, {user2}, {user3} and %(others)s (Duration %(duration)s)"
    ),
    4: gettext_lazy(
        "Call with {user1}, {user2}, {user3}, {user4} and %(others)s"
        " (Duration %(duration)s)"
    ),
}

WORDINGS: Mapping[str, Wording] = {
    SystemMessage.CONVERSATION_CREATED: Wording(
        others=gettext_lazy("{actor} created the conversation"),
        actor=gettext_lazy("You created the conversation"),
    ),
    SystemMessage.CALL_STARTED: Wording(
        others=gettext_lazy("{actor} started a call"),
        actor=gettext_lazy("You started a call"),
    ),
    SystemMessage.CALL_JOINED: Wording(
        others=gettext_lazy("{actor} joined the call"),
        actor=gettext_lazy("You joined the call"),
    ),
    SystemMessage.CALL_LEFT: Wording(
        others=gettext_lazy("{actor} left the call"),
        actor=gettext_lazy("You left the call"),
    ),
    SystemMessage.CONVERSATION_RENAMED: Wording(
        # The names are part of the text, not placeholders.
        others=gettext_lazy(
            '{actor} renamed the conversation from "%(oldName)s" to "%(newName)s"'
        ),
        actor=gettext_lazy(
            'You renamed the conversation from "%(oldName)s" to "%(newName)s"'
        ),
    ),
    SystemMessage.GUESTS_ALLOWED: Wording(
        others=gettext_lazy("{actor} allowed guests in the conversation"),
        actor=gettext_lazy("You allowed guests in the conversation"),
    ),
    SystemMessage.GUESTS_DISALLOWED: Wording(
        others=gettext_lazy("{actor} disallowed guests in the conversation"),
        actor=gettext_lazy("You disallowed guests in the conversation"),
    ),
    SystemMessage.PASSWORD_SET: Wording(
        others=gettext_lazy("{actor} set a password for the conversation"),
        actor=gettext_lazy("You set a password for the conversation"),
    ),
    SystemMessage.PASSWORD_REMOVED: Wording(
        others=gettext_lazy("{actor} removed the password for the conversation"),
        actor=gettext_lazy("You removed the password for the conversation"),
    ),
    SystemMessage.USER_ADDED: Wording(
        others=gettext_lazy("{actor} added {user} to the conversation"),
        actor=gettext_lazy("You added {user} to the conversation"),
        affected=gettext_lazy("{actor} added you to the conversation"),
        self_others=gettext_lazy("{actor} joined the conversation"),
        self_actor=gettext_lazy("You joined the conversation"),
    ),
    SystemMessage.USER_REMOVED: Wording(
        others=gettext_lazy("{actor} removed {user} from the conversation"),
        actor=gettext_lazy("You removed {user} from the conversation"),
        affected=gettext_lazy("{actor} removed you from the conversation"),
        self_others=gettext_lazy("{actor} left the conversation"),
        self_actor=gettext_lazy("You left the conversation"),
    ),
    SystemMessage.MODERATOR_PROMOTED: PROMOTED,
    SystemMessage.MODERATOR_DEMOTED: DEMOTED,
    SystemMessage.GUEST_MODERATOR_PROMOTED: PROMOTED,
    SystemMessage.GUEST_MODERATOR_DEMOTED: DEMOTED,
}

NAMED_USERS_MAX = 5
"""Users named in the summary of a call; one less if it counts others too."""


def render_system_message(
    message: Message, *, reader: Reader, names: Names
) -> tuple[str, RichObjects]:
    """Return text and parameters of a system message, in the active language.

    API: System messages.
    """
    if message.system_message == SystemMessage.CALL_ENDED:
        return _sum_up_call(message.parameters, names)
    wording = WORDINGS[message.system_message]
    parameters = {"actor": render_actor(message)}
    affected = _render_affected(message, names)
    if affected is not None:
        parameters["user"] = affected
    text = str(_choose(wording, parameters, reader))
    return _insert(text, message.parameters), parameters


def readers_addressed(message: Message) -> set[Reader]:
    """Return the readers who may see another text of the message than others.

    These are its actor and the affected participant.
    """
    if message.system_message in ("", SystemMessage.CALL_ENDED):
        return set()
    addressed = set()
    if message.actor_user is not None:
        addressed.add(Reader(user_id=get_adapter().user_id(message.actor_user)))
    if message.actor_guest is not None:
        addressed.add(Reader(guest_id=message.actor_guest.actor_id))
    if (user_id := message.parameters.get(USER_PARAMETER)) is not None:
        addressed.add(Reader(user_id=user_id))
    if (guest_id := message.parameters.get(GUEST_PARAMETER)) is not None:
        addressed.add(Reader(guest_id=guest_id))
    return addressed


def _insert(text: str, values: Mapping[str, Any]) -> str:
    """Insert values into a text, if it has placeholders for them."""
    return text % values if "%(" in text else text


def _render_affected(message: Message, names: Names) -> dict[str, str] | None:
    user_id = message.parameters.get(USER_PARAMETER)
    if user_id is not None:
        return render_user(user_id, names)
    guest_id = message.parameters.get(GUEST_PARAMETER)
    if guest_id is not None:
        return render_guest(guest_id, names.guests.get(guest_id, ""))
    return None


def _sum_up_call(
    parameters: Mapping[str, Any], names: Names
) -> tuple[str, RichObjects]:
    """Return participants and duration of a call; the text has no reader."""
    user_ids: list[str] = parameters[USERS_PARAMETER]
    guests: int = parameters["guests"]
    named = len(user_ids)
    if named > NAMED_USERS_MAX or (named == NAMED_USERS_MAX and guests):
        named = NAMED_USERS_MAX - 1
    others = len(user_ids) - named + guests
    values: dict[str, Any] = {"duration": _duration(parameters["duration"])}
    if len(user_ids) > named:
        text = ngettext("%(count)d other", "%(count)d others", others)
        values["others"] = text % {"count": others}
    elif guests:
        text = ngettext("%(count)d guest", "%(count)d guests", guests)
        values["others"] = text % {"count": guests}
    summaries = SUMMARIES_WITH_OTHERS if "others" in values else SUMMARIES
    users = {
        f"user{number}": render_user(user_id, names)
        for number, user_id in enumerate(user_ids[:named], start=1)
    }
    return str(summaries[named]) % values, users


def _duration(seconds: int) -> str:
    """Return `M:SS`, or `H:MM:SS` for an hour or more."""
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02}:{seconds:02}"
    return f"{minutes}:{seconds:02}"


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
        # A user may have this very user name.
        return False
    reader_id = reader.user_id if person["type"] == "user" else reader.guest_id
    return reader_id is not None and person["id"] == reader_id
