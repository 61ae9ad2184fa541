"""STUN and TURN servers, which help callers behind routers to reach each other."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime

from talk.conf import talk_settings
from talk.domain.text import random_text

PROTOCOLS = ("udp", "tcp")
"""How a TURN server can be reached, where the setting does not say it."""


@dataclass(frozen=True, kw_only=True)
class TurnServer:
    """A TURN server with a name and password that work for a while."""

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
    servers = [entry for entry in talk_settings().TURN_SERVERS if entry.get("secret")]
    if not servers:
        return None
    chosen = secrets.choice(servers)
    expires = int(now.timestamp()) + talk_settings().TURN_CREDENTIAL_SECONDS
    username = f"{expires}:{random_text(16)}"
    return TurnServer(
        server=chosen["server"],
        protocols=tuple(chosen.get("protocols", PROTOCOLS)),
        username=username,
        credential=turn_credential(secret=chosen["secret"], username=username),
    )


def turn_credential(*, secret: str, username: str) -> str:
    """Return the password that a coturn server with this secret expects of a name.

    The name begins with the second in which it expires; coturn calls this scheme
    ``use-auth-secret``.
    """
    digest = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()
