"""Tickets, by which clients authenticate themselves to an external signaling server.

The server asks us whether a ticket is valid. Nothing is stored: the secrets are derived
from the site's `SECRET_KEY`.
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
    """Return a new ticket for a user, or for a guest if the id is empty.

    It does not expire, because clients use the same ticket for each new connection.

    API: Get signaling settings, `ticket`.
    """
    data = f"{random_text(16)}:{int(now.timestamp())}:{user_id}"
    return sign_ticket(data=data, secret=ticket_secret(user_id, settings.SECRET_KEY))


def is_valid_ticket(*, ticket: str, user_id: str) -> bool:
    """Return whether we made the ticket for this user, or for a guest without an id.

    Accepts tickets made with one of `SECRET_KEY_FALLBACKS`.
    """
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return any(
        is_signed_ticket(ticket=ticket, secret=ticket_secret(user_id, k)) for k in keys
    )


def ticket_secret(user_id: str, key: str | bytes) -> str:
    """Return the secret of a user's tickets; guests, without an id, share one."""
    signature = salted_hmac(SALT, _bytes(user_id), secret=key, algorithm="sha256")
    return signature.hexdigest()


def sign_ticket(*, data: str, secret: str) -> str:
    """Return a ticket that contains `data`."""
    return f"{data}:{_signature(data, secret)}"


def is_signed_ticket(*, ticket: str, secret: str) -> bool:
    """Return whether a ticket has a signature by this secret.

    User ids in it may contain colons.
    """
    data, _, signature = ticket.rpartition(":")
    expected = _signature(data, secret)
    return bool(data) and hmac.compare_digest(_bytes(signature), expected.encode())


def _signature(data: str, secret: str) -> str:
    return hmac.new(secret.encode(), _bytes(data), hashlib.sha256).hexdigest()


def _bytes(text: str) -> bytes:
    """Return a text as bytes, even if it has lone surrogates."""
    return text.encode("utf-8", "surrogatepass")
