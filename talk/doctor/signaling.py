"""External signaling servers: do they answer, and do they have our secret?"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from dataclasses import replace

from talk.doctor.findings import Finding, ProbeOptions, failed, ok, skipped
from talk.outgoing.queue import Undeliverable
from talk.outgoing.signaling_requests import message
from talk.outgoing.signaling_server import SignalingServer, post, signaling_servers

PROBE = "signaling"

NO_ROOM = "talkdoctor"
"""Token of a room without participants, so that the update concerns nobody."""


def probe_signaling(options: ProbeOptions) -> Iterator[Finding]:
    """Send each server an update about a room without participants."""
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
            f"It refuses our update: {error}.",
            "Its configuration must have the same secret, and the `url` of this site.",
        )
    except Exception as error:  # noqa: BLE001 - any error on the way to the server
        return failed(
            PROBE,
            f"{server.url} does not answer: {error}",
            "Check that it runs, and that this machine may connect to it.",
        )
    if _accepts_any_signature(server, body):
        return failed(
            PROBE,
            f"{server.url} accepts a wrong signature: this is no signaling server.",
            "Check the address; a proxy may answer in its place.",
        )
    return ok(PROBE, f"{server.url} answers and has our secret.")


def _accepts_any_signature(server: SignalingServer, body: bytes) -> bool:
    other = replace(server, secret=secrets.token_hex(32))
    try:
        post(server=other, token=NO_ROOM, body=body)
    except Undeliverable:
        return False
    return True
