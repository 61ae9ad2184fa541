"""TURN servers: do they relay with the credentials that callers get?"""

from __future__ import annotations

from collections.abc import Iterator

from django.utils import timezone

from talk.doctor.findings import Finding, ProbeOptions, failed, ok, skipped
from talk.doctor.stun import MISSING_EXTRA, host_and_port
from talk.domain.ice_servers import TurnServer, turn_servers

PROBE = "turn"


def probe_turn(options: ProbeOptions) -> Iterator[Finding]:
    """Allocate a relay at each TURN server, with each of its protocols."""
    servers = turn_servers(now=timezone.now())
    if not servers:
        yield skipped(PROBE, "No TURN server is configured.")
    for server in servers:
        for protocol in server.protocols:
            yield _allocate(server, protocol)


def _allocate(server: TurnServer, protocol: str) -> Finding:
    try:
        from talk.doctor.stun_client import ServerError, relay_address
    except ImportError:
        return skipped(PROBE, MISSING_EXTRA)
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
    except ServerError as error:
        return failed(
            PROBE,
            f"{name} does not relay for us: {error}.",
            "Its configuration must have use-auth-secret and the same "
            "static-auth-secret, and its clock must be right.",
        )
    except OSError as error:
        return failed(
            PROBE,
            f"{name} does not relay for us: {error}.",
            "Check that it runs, and that this protocol reaches it.",
        )
    return ok(PROBE, f"{name} relays for us at {address}.")
