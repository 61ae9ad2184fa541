"""STUN and TURN servers, through which participants in a call reach each other."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from talk.conf import talk_settings
from talk.utils.random_text import random_text

PROTOCOLS = ("udp", "tcp")
"""Protocols of a TURN server whose setting names none."""


@dataclass(frozen=True, kw_only=True)
class TurnServer:
    """A TURN server with temporary credentials."""

    server: str
    protocols: tuple[str, ...]
    username: str
    credential: str


def choose_stun_server() -> str | None:
    """Return "host:port" of one of the STUN servers; None when there are none.

    API: Get signaling settings, `stunservers`.
    """
    servers = talk_settings().STUN_SERVERS
    return secrets.choice(servers) if servers else None


def choose_turn_server(*, now: datetime) -> TurnServer | None:
    """Return one of the TURN servers with new credentials; None when there are none.

    API: Get signaling settings, `turnservers`.
    """
    entries = _usable_entries()
    return _turn_server(secrets.choice(entries), now) if entries else None


def turn_servers(*, now: datetime) -> list[TurnServer]:
    """Return all TURN servers, each with new credentials."""
    return [_turn_server(entry, now) for entry in _usable_entries()]


def turn_credential(*, secret: str, username: str) -> str:
    """Return the password that a coturn server with this secret expects for a username.

    The username begins with its time of expiry in seconds. coturn calls this scheme
    ``use-auth-secret``.
    """
    digest = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def _usable_entries() -> list[Mapping[str, Any]]:
    return [entry for entry in talk_settings().TURN_SERVERS if entry.get("secret")]


def _turn_server(entry: Mapping[str, Any], now: datetime) -> TurnServer:
    expires = int(now.timestamp()) + talk_settings().TURN_CREDENTIAL_SECONDS
    username = f"{expires}:{random_text(16)}"
    return TurnServer(
        server=entry["server"],
        protocols=tuple(entry.get("protocols", PROTOCOLS)),
        username=username,
        credential=turn_credential(secret=entry["secret"], username=username),
    )
