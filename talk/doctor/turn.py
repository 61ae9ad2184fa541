"""TURN servers: do they relay for who has our credentials?"""

from __future__ import annotations

from collections.abc import Iterator

from django.utils import timezone

from talk.doctor.findings import Finding, Request, failed, ok, skipped
from talk.doctor.stun import host_and_port
from talk.doctor.stun_protocol import Refused, relay_address
from talk.domain.ice_servers import TurnServer, turn_servers

PROBE = "turn"


def probe_turn(request: Request) -> Iterator[Finding]:
    """Have each TURN server allocate a relay, by each of its protocols."""
    servers = turn_servers(now=timezone.now())
    if not servers:
        yield skipped(PROBE, "No TURN server is configured.")
    for server in servers:
        for protocol in server.protocols:
            yield _try(server, protocol)


def _try(server: TurnServer, protocol: str) -> Finding:
    host, port = host_and_port(server.server)
    name = f"{server.server} ({protocol})"
    try:
        address = relay_address(
            host,
            port,
            protocol=protocol,
            username=server.username,
            password=server.credential,
        )
    except Refused as error:
        return failed(
            PROBE,
            f"{name} does not relay for us: {error}.",
            "Its configuration must have use-auth-secret and the same "
            "static-auth-secret, and its clock must be right.",
        )
    except (OSError, ValueError) as error:
        return failed(
            PROBE,
            f"{name} does not relay for us: {error}.",
            "Look whether it runs, and whether this protocol gets through to it.",
        )
    return ok(PROBE, f"{name} relays for us at {address}.")
