"""Mails, rendered and sent in background threads through Django's mail backend."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from email.utils import formataddr, parseaddr
from functools import partial

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation

from talk.outgoing.queue import Delivery, outgoing

JOINERS = "\u200c\u200d"
"""Zero-width (non-)joiners, which the spelling of some names needs."""

BREAKS = {"Cc", "Cs", "Zl", "Zp"}
"""Unicode categories of line breaks, control characters and lone surrogates."""


@dataclass(frozen=True, kw_only=True)
class Invitation:
    """An invitation to a public room by mail.

    `inviter` is a display name, `room_name` may be empty, `url` is the link to the room,
    `language` is one of Django's language codes.
    """

    address: str
    inviter: str
    room_name: str
    url: str
    language: str


@dataclass(frozen=True, kw_only=True)
class NotificationMail:
    """A notification of an unread comment by mail.

    `subject` and `text` are in `language`, one of Django's language codes. `url` is the
    link to the room, and may be empty.
    """

    address: str
    subject: str
    text: str
    url: str
    language: str


def send_invitation(invitation: Invitation) -> None:
    """Queue an invitation; failures to send it are only logged.

    Templates: ``talk/email/invitation_subject.txt``, ``invitation.txt`` and
    ``invitation.html``, with `invitation` in their context.

    API: Invite a guest by email.
    """
    name = f"the invitation of {invitation.address!r}"
    send = partial(_send, "invitation", invitation, from_name=invitation.inviter)
    outgoing.put(Delivery(name=name, send=send))


def send_notification(notification: NotificationMail) -> None:
    """Queue a mail about an unread comment; failures to send it are only logged.

    Templates: ``talk/email/notification_subject.txt``, ``notification.txt`` and
    ``notification.html``, with `notification` in their context.
    """
    name = f"the notification of {notification.address!r}"
    send = partial(_send, "notification", notification)
    outgoing.put(Delivery(name=name, send=send))


def _send(
    kind: str, content: Invitation | NotificationMail, *, from_name: str = ""
) -> None:
    context = {kind: content}
    with translation.override(content.language):
        subject = render_to_string(f"talk/email/{kind}_subject.txt", context)
        text = render_to_string(f"talk/email/{kind}.txt", context)
        html = render_to_string(f"talk/email/{kind}.html", context)
    message = EmailMultiAlternatives(
        subject=one_line(subject),
        body=text,
        from_email=sender(from_name) if from_name else None,
        to=[content.address],
    )
    message.attach_alternative(html, "text/html")
    message.send()


def sender(display_name: str) -> str:
    """Return the site's address with a display name, for the `From` header."""
    _, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    return formataddr((one_line(display_name), address))


def one_line(text: str) -> str:
    """Return `text` without line breaks and other control characters.

    Names and subjects are parts of headers, where a line break would begin another
    header. Characters that reverse or hide text are removed; joiners, which for example
    Persian names need, are kept.
    """
    return " ".join("".join(map(_plain, text)).split())


def _plain(char: str) -> str:
    category = unicodedata.category(char)
    if category == "Cf":
        return char if char in JOINERS else ""
    return " " if category in BREAKS else char
