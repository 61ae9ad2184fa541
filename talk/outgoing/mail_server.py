"""The mail server that a site has, whatever Django calls it."""

from __future__ import annotations

from typing import Any

from django.core.mail import get_connection


def mail_server() -> Any:
    """Return a mail backend as the site has configured it; it is not connected yet.

    Django 6.1 has `MAILERS`, falls back to the settings before it by itself, and warns
    of whoever asks in the old way.
    """
    try:
        from django.core.mail import mailers  # type: ignore[attr-defined,unused-ignore]
    except ImportError:
        return get_connection()
    return mailers.default
