"""Notifications of comments: subject and text, in the recipient's language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from talk.adapters import get_adapter
from talk.constants import ActorType, RoomType
from talk.models import Room
from talk.notifications import Notification, NotificationKind
from talk.rendering.mentions import render_comment
from talk.rendering.rich_objects import RichObjects, fill_in, render_actor

ONE_TO_ONE, NAMED, UNNAMED = "one-to-one", "named", "unnamed"
"""Kinds of rooms that have different subjects."""

USER, DELETED, GUEST = "user", "deleted", "guest"
"""Kinds of authors that have different subjects."""

SUBJECTS: Mapping[tuple[NotificationKind, str, str], Promise] = {
    (NotificationKind.MENTION, ONE_TO_ONE, USER): gettext_lazy(
        "{user} mentioned you in a private conversation"
    ),
    (NotificationKind.MENTION, ONE_TO_ONE, DELETED): gettext_lazy(
        "A deleted user mentioned you in a private conversation"
    ),
    (NotificationKind.MENTION, ONE_TO_ONE, GUEST): gettext_lazy(
        "A guest mentioned you in a private conversation"
    ),
    (NotificationKind.MENTION, NAMED, USER): gettext_lazy(
        "{user} mentioned you in the conversation {call}"
    ),
    (NotificationKind.MENTION, NAMED, DELETED): gettext_lazy(
        "A deleted user mentioned you in the conversation {call}"
    ),
    (NotificationKind.MENTION, NAMED, GUEST): gettext_lazy(
        "A guest mentioned you in the conversation {call}"
    ),
    (NotificationKind.MENTION, UNNAMED, USER): gettext_lazy(
        "{user} mentioned you in a conversation"
    ),
    (NotificationKind.MENTION, UNNAMED, DELETED): gettext_lazy(
        "A deleted user mentioned you in a conversation"
    ),
    (NotificationKind.MENTION, UNNAMED, GUEST): gettext_lazy(
        "A guest mentioned you in a conversation"
    ),
    (NotificationKind.MESSAGE, ONE_TO_ONE, USER): gettext_lazy(
        "{user} sent you a private message"
    ),
    (NotificationKind.MESSAGE, ONE_TO_ONE, DELETED): gettext_lazy(
        "A deleted user sent you a private message"
    ),
    (NotificationKind.MESSAGE, ONE_TO_ONE, GUEST): gettext_lazy(
        "A guest sent you a private message"
    ),
    (NotificationKind.MESSAGE, NAMED, USER): gettext_lazy(
        "{user} sent a message in the conversation {call}"
    ),
    (NotificationKind.MESSAGE, NAMED, DELETED): gettext_lazy(
        "A deleted user sent a message in the conversation {call}"
    ),
    (NotificationKind.MESSAGE, NAMED, GUEST): gettext_lazy(
        "A guest sent a message in the conversation {call}"
    ),
    (NotificationKind.MESSAGE, UNNAMED, USER): gettext_lazy(
        "{user} sent a message in a conversation"
    ),
    (NotificationKind.MESSAGE, UNNAMED, DELETED): gettext_lazy(
        "A deleted user sent a message in a conversation"
    ),
    (NotificationKind.MESSAGE, UNNAMED, GUEST): gettext_lazy(
        "A guest sent a message in a conversation"
    ),
}

CALL_TYPES: Mapping[int, str] = {
    RoomType.ONE_TO_ONE: "one2one",
    RoomType.GROUP: "group",
    RoomType.PUBLIC: "public",
}


@dataclass(frozen=True, kw_only=True)
class RenderedNotification:
    """Subject and text of a notification, plain and with placeholders.

    `language` is the code of their language.
    """

    language: str
    subject: str
    text: str
    rich_subject: str
    subject_parameters: RichObjects
    rich_text: str
    text_parameters: RichObjects


def render_notification(notification: Notification) -> RenderedNotification:
    """Return subject and text of a notification, without queries.

    The language is that of the recipient, or else that of the site.

    API: notifications of the kinds `chat` and `mention`.
    """
    language = get_adapter().language(notification.recipient) or settings.LANGUAGE_CODE
    with translation.override(language):
        rich_subject, subject_parameters = _render_subject(notification)
        rich_text, text_parameters = render_comment(
            notification.message.text, notification.names
        )
    return RenderedNotification(
        language=language,
        subject=fill_in(rich_subject, subject_parameters, sign=""),
        text=fill_in(rich_text, text_parameters, sign="@"),
        rich_subject=rich_subject,
        subject_parameters=subject_parameters,
        rich_text=rich_text,
        text_parameters=text_parameters,
    )


def _render_subject(notification: Notification) -> tuple[str, RichObjects]:
    room, message = notification.room, notification.message
    parameters = {"call": _render_call(room)}
    if message.actor_type == ActorType.GUESTS:
        author = GUEST
    elif message.actor_user is None:
        author = DELETED
    else:
        author = USER
        parameters["user"] = render_actor(message)
    text = SUBJECTS[notification.kind, _room_kind(room), author]
    return str(text), parameters


def _room_kind(room: Room) -> str:
    if room.is_one_to_one:
        return ONE_TO_ONE
    return NAMED if room.name else UNNAMED


def _render_call(room: Room) -> dict[str, str]:
    return {
        "type": "call",
        "id": str(room.pk),
        "name": room.name or _("a conversation"),
        "call-type": CALL_TYPES[room.type],
    }
