"""What any text must satisfy before it is stored, and texts that nobody can guess."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from talk.exceptions import Invalid


def require_text(text: str, *, longest: int | None = None) -> str:
    """Return `text` as it is, if every database can keep it.

    `longest` is in code points. No database keeps lone surrogates, PostgreSQL no NUL.

    Raises:
        Invalid: it has such characters, or more than `longest`.
    """
    if longest is not None and len(text) > longest:
        raise Invalid(f"The text is longer than {longest} characters.")
    if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise Invalid("The text has characters that cannot be stored.")
    return text


def is_email_address(text: str) -> bool:
    """Return whether mail can be sent to `text`."""
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True
