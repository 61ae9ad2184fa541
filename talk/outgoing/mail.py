"""Mails: rendered and sent off the request's thread, through Django's mail backend."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import formataddr, parseaddr
from functools import partial

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation

from talk.outgoing.queue import Delivery, outgoing


@dataclass(frozen=True, kw_only=True)
class Invitation:
    """A mail that invites somebody to a public room.

    `inviter` is a display name, `room_name` may be empty, `url` leads to the room,
    `language` is a code of Django's.
    """

    address: str
    inviter: str
    room_name: str
    url: str
    language: str


def send_invitation(invitation: Invitation) -> None:
    """Queue an invitation; whether it can be sent is only told by the log.

    Templates: ``talk/email/invitation_subject.txt``, ``invitation.txt`` and
    ``invitation.html``, with `invitation` in their context.

    API: Invite a guest by email.
    """
    name = f"the invitation of {invitation.address!r}"
    outgoing.put(Delivery(name=name, send=partial(_send, invitation)))


def _send(invitation: Invitation) -> None:
    context = {"invitation": invitation}
    with translation.override(invitation.language):
        subject = render_to_string("talk/email/invitation_subject.txt", context)
        text = render_to_string("talk/email/invitation.txt", context)
        html = render_to_string("talk/email/invitation.html", context)
    message = EmailMultiAlternatives(
        subject=one_line(subject),
        body=text,
        from_email=sender(invitation.inviter),
        to=[invitation.address],
    )
    message.attach_alternative(html, "text/html")
    message.send()


def sender(display_name: str) -> str:
    """Return the site's own address under somebody's name, for the `From` header."""
    _, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    return formataddr((one_line(display_name), address))


def one_line(text: str) -> str:
    """Return `text` without line breaks and other control characters.

    Names and subjects stand in headers, where a line break would begin another one.
    """
    printable = (char if char.isprintable() else " " for char in text)
    return " ".join("".join(printable).split())
