"""The mail backend of the site, in all supported versions of Django."""

from __future__ import annotations

from typing import Any

from django.core.mail import get_connection


def mail_server() -> Any:
    """Return the site's mail backend, not connected yet.

    Django 6.1 has `mailers`, which fall back to the older settings; there, the function
    used before is deprecated.
    """
    try:
        from django.core.mail import mailers  # type: ignore[attr-defined,unused-ignore]
    except ImportError:
        return get_connection()
    return mailers.default
