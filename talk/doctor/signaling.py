"""External signaling servers: do they answer, and do they know our secret?"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from dataclasses import replace

from talk.doctor.findings import Finding, Request, failed, ok, skipped
from talk.outgoing.queue import Undeliverable
from talk.outgoing.signaling_requests import message
from talk.outgoing.signaling_server import SignalingServer, post, signaling_servers

PROBE = "signaling"

NO_ROOM = "talkdoctor"
"""Token of a room that nobody is in, so that the news is none for anybody."""


def probe_signaling(request: Request) -> Iterator[Finding]:
    """Send each server news of a room that nobody is in."""
    servers = signaling_servers()
    if not servers:
        yield skipped(PROBE, "No signaling server is configured.")
    for server in servers:
        yield _try(server)


def _try(server: SignalingServer) -> Finding:
    body = json.dumps(message()).encode()
    try:
        post(server=server, token=NO_ROOM, body=body)
    except Undeliverable as error:
        return failed(
            PROBE,
            f"It does not take our news: {error}.",
            "Its configuration must have the same secret, and the `url` of this site.",
        )
    except Exception as error:  # noqa: BLE001 - whatever is wrong with the way to it
        return failed(
            PROBE,
            f"{server.url} does not answer: {error}",
            "Look whether it runs, and whether this machine may connect to it.",
        )
    if _takes_anything(server, body):
        return failed(
            PROBE,
            f"{server.url} takes what has a wrong signature: this is no signaling server.",
            "Look at the address; a proxy may answer in its place.",
        )
    return ok(PROBE, f"{server.url} answers and knows our secret.")


def _takes_anything(server: SignalingServer, body: bytes) -> bool:
    stranger = replace(server, secret=secrets.token_hex(32))
    try:
        post(server=stranger, token=NO_ROOM, body=body)
    except Undeliverable:
        return False
    return True
