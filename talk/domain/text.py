"""What any text must satisfy before it is stored."""

from __future__ import annotations

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
