"""Validating texts."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from talk.exceptions import Invalid


def require_text(text: str, *, longest: int | None = None) -> str:
    """Return `text` if every database can store it.

    `longest` is in code points. No database stores lone surrogates, and PostgreSQL no
    NUL.

    Raises:
        Invalid: the text has such characters, or more than `longest`.
    """
    if longest is not None and len(text) > longest:
        raise Invalid(f"The text is longer than {longest} characters.")
    if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise Invalid("The text has characters that cannot be stored.")
    return text


def is_email_address(text: str) -> bool:
    """Return whether `text` is a valid mail address."""
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True
