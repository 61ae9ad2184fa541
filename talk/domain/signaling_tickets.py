"""Tickets: with one, a client proves to a signaling server who it is.

The server asks us whether it is ours. Nothing is stored: the secrets are made of the
site's `SECRET_KEY`.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime

from django.conf import settings
from django.utils.crypto import salted_hmac

from talk.utils.random_text import random_text

SALT = "talk.tickets"


def make_ticket(*, user_id: str, now: datetime) -> str:
    """Return a new ticket for a user, or with an empty id for a guest.

    It does not expire: clients show the one they have for every new connection.

    API: Get signaling settings, `ticket`.
    """
    data = f"{random_text(16)}:{int(now.timestamp())}:{user_id}"
    return sign_ticket(data=data, secret=ticket_secret(user_id, settings.SECRET_KEY))


def is_valid_ticket(*, ticket: str, user_id: str) -> bool:
    """Whether we made the ticket for this user, or for a guest when there is no id.

    Secrets made of `SECRET_KEY_FALLBACKS` still count.
    """
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return any(
        is_signed_ticket(ticket=ticket, secret=ticket_secret(user_id, k)) for k in keys
    )


def ticket_secret(user_id: str, key: str | bytes) -> str:
    """Return the secret of a user's tickets, or of all guests' when there is no id."""
    signature = salted_hmac(SALT, _bytes(user_id), secret=key, algorithm="sha256")
    return signature.hexdigest()


def sign_ticket(*, data: str, secret: str) -> str:
    """Return the ticket that says `data`."""
    return f"{data}:{_signature(data, secret)}"


def is_signed_ticket(*, ticket: str, secret: str) -> bool:
    """Whether a ticket was signed with this secret; user ids in it may have colons."""
    data, _, signature = ticket.rpartition(":")
    expected = _signature(data, secret)
    return bool(data) and hmac.compare_digest(_bytes(signature), expected.encode())


def _signature(data: str, secret: str) -> str:
    return hmac.new(secret.encode(), _bytes(data), hashlib.sha256).hexdigest()


def _bytes(text: str) -> bytes:
    """Return any text as bytes, also one that no client should have sent."""
    return text.encode("utf-8", "surrogatepass")
