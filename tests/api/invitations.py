"""Inviting by e-mail in both ways, and reading the mail."""

from __future__ import annotations

import email
import re
from collections.abc import Callable
from email.message import EmailMessage
from email.policy import default
from typing import Any

from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend

from tests.client import Answer, TalkClient

ADDRESS = "gwen@example.org"
"""The address that most tests invite."""

WAYS: dict[str, tuple[str, dict[str, str]]] = {
    "own endpoint": ("participants/guests", {}),
    "source": ("participants", {"source": "emails"}),
}
"""Path and further parameters of the requests that invite."""

Invite = Callable[..., Answer]


def inviter(way: str, capture: Any) -> Invite:
    """Return a function of client, token and address that invites in one of `WAYS`.

    `capture` is the fixture that runs callbacks of `transaction.on_commit`.
    """
    path, rest = WAYS[way]

    def ask(
        client: TalkClient, token: str, address: Any = ADDRESS, **more: Any
    ) -> Answer:
        body = {"newParticipant": address, **rest, **more}
        with capture(execute=True):
            return client.post_json(f"/room/{token}/{path}", body)

    return ask


class BrokenBackend(BaseEmailBackend):
    """Raises an error instead of sending mails."""

    def send_messages(self, messages: Any) -> int:
        raise OSError("the mail server is gone")


BROKEN = f"{__name__}.BrokenBackend"


def received(message: EmailMultiAlternatives) -> EmailMessage:
    """Return a mail as its recipient parses it."""
    return email.message_from_bytes(message.message().as_bytes(), policy=default)


def parts_of(message: EmailMultiAlternatives) -> dict[str, str]:
    """Return the texts of a mail by their type."""
    return {
        part.get_content_type(): part.get_content()
        for part in received(message).walk()
        if not part.is_multipart()
    }


def links_in(text: str) -> set[str]:
    """Return all URLs in a text."""
    return set(re.findall(r"https?://[^\s\"'<>]+", text))
