"""Security headers of the pages, with the Content-Security-Policy."""

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
    # The URL of a public room lets anybody join it.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "X-Robots-Tag": "noindex",
}
"""Headers of every page, besides the Content-Security-Policy."""


def content_security_policy(*, inline_script: str) -> str:
    """Return the Content-Security-Policy of a page with our own base template.

    `inline_script` is the only inline script that the page may have; empty for none.
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
    """Return scheme and host of a URL; empty if the URL is relative."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme else parts.netloc


def _web_socket(server: str) -> str:
    """Return the WebSocket origin of a server; the setting may also use http(s) URLs."""
    parts = urlsplit(server)
    return f"{WEB_SOCKETS.get(parts.scheme, parts.scheme)}://{parts.netloc}"
