"""Devices: the browsers and apps that HTTP sessions identify."""

from __future__ import annotations

import secrets
from dataclasses import replace

from django.conf import settings
from django.contrib.sessions.backends import signed_cookies
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from talk.domain.access import Identity

DEVICE_KEY = "talk_device"
"""Key of the device id in the HTTP session."""

DEVICE_BYTES = 32


def device_of(request: HttpRequest) -> str | None:
    """Return the device id; empty if the HTTP session has none yet.

    None if the request has no HTTP session.
    """
    http_session = getattr(request, "session", None)
    if http_session is None or settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return None
    device = http_session.get(DEVICE_KEY, "")
    return device if isinstance(device, str) else ""


def with_device(request: HttpRequest, identity: Identity) -> Identity:
    """Return the identity with a device id, which is created if it is missing.

    Concurrent requests with the same HTTP session get the same device id, because it
    is derived from the session key. Sessions stored in cookies have no key of their
    own: two browsers may have equal cookies. Their device ids are random.
    """
    if identity.device:
        return identity
    http_session = request.session
    session_key = http_session.session_key
    if session_key is None or isinstance(http_session, signed_cookies.SessionStore):
        return replace(identity, device=secrets.token_hex(DEVICE_BYTES))
    device = salted_hmac(DEVICE_KEY, session_key, algorithm="sha256").hexdigest()
    return replace(identity, device=device)


def remember_device(request: HttpRequest, identity: Identity) -> None:
    """Store the device id in the HTTP session for later requests."""
    http_session = request.session
    if http_session.get(DEVICE_KEY) != identity.device:
        http_session[DEVICE_KEY] = identity.device
