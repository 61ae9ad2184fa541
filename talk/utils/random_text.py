"""Texts that nobody can guess."""

from __future__ import annotations

import secrets
import string

LETTERS_AND_DIGITS = string.ascii_letters + string.digits
"""Characters that need no escaping anywhere."""


def random_text(length: int, *, alphabet: str = LETTERS_AND_DIGITS) -> str:
    """Return `length` random characters of `alphabet`, from a secure source."""
    return "".join(secrets.choice(alphabet) for _ in range(length))
