"""Headers that keep the pages to themselves."""

from __future__ import annotations

import base64
import hashlib
from urllib.parse import urlsplit

from django.conf import settings

from talk.conf import talk_settings
from talk.web.assets import PAGE_MODULE, asset_url

WEB_SOCKETS = {"http": "ws", "https": "wss"}

HEADERS = {
    "Permissions-Policy": "camera=(self), microphone=(self), display-capture=(self)",
    # Whoever knows the address of a public room may join it.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "X-Robots-Tag": "noindex",
}
"""On every page. The policy of the content comes on top."""


def content_security_policy(*, inline_script: str) -> str:
    """Return the policy of a page that extends our own base template.

    `inline_script` is the only one that may stand in the page itself; empty for none.
    """
    static_host = _origin(asset_url(PAGE_MODULE))
    media_host = _origin(settings.MEDIA_URL)
    servers = [entry["server"] for entry in talk_settings().SIGNALING_SERVERS]
    scripts = [_hash_source(inline_script)] if inline_script else []
    sources = {
        "default-src": ["'none'"],
        "script-src": ["'self'", static_host, *scripts],
        "style-src": ["'self'", static_host],
        "img-src": ["'self'", "data:", "blob:", static_host, media_host],
        "connect-src": ["'self'", *(_web_socket(server) for server in servers)],
        "media-src": ["'self'", "blob:", static_host],
        "font-src": ["'self'", static_host],
        "form-action": ["'self'"],
        "frame-ancestors": ["'self'"],
        "base-uri": ["'none'"],
        "manifest-src": ["'self'"],
    }
    return "; ".join(
        " ".join([directive, *dict.fromkeys(filter(None, values))])
        for directive, values in sources.items()
    )


def _hash_source(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _origin(url: str) -> str:
    """Return scheme and host of a URL; empty when it is one of the site's own."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme else parts.netloc


def _web_socket(server: str) -> str:
    """Return the origin that browsers connect to; servers may be named by http as well."""
    parts = urlsplit(server)
    return f"{WEB_SOCKETS.get(parts.scheme, parts.scheme)}://{parts.netloc}"
