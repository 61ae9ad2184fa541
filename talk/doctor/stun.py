"""STUN servers: do they tell us an address?"""

from __future__ import annotations

from collections.abc import Iterator

from talk.conf import talk_settings
from talk.doctor.findings import Finding, Request, failed, ok, skipped
from talk.doctor.stun_protocol import Refused, own_address

PROBE = "stun"

DEFAULT_PORT = 3478


def probe_stun(request: Request) -> Iterator[Finding]:
    """Ask each STUN server where it sees us, over UDP as browsers do."""
    servers = talk_settings().STUN_SERVERS
    if not servers:
        yield skipped(PROBE, "No STUN server is configured.")
    for server in servers:
        host, port = host_and_port(server)
        try:
            address = own_address(host, port)
        except (OSError, Refused, ValueError) as error:
            yield failed(
                PROBE,
                f"{server} does not tell us our address: {error}.",
                "Look whether it runs, and whether UDP gets through to it.",
            )
        else:
            yield ok(PROBE, f"{server} sees us at {address}.")


def host_and_port(server: str) -> tuple[str, int]:
    """Return the parts of "host:port" or "[host]:port"; the port may be missing."""
    host, colon, port = server.rpartition(":")
    if not colon or not port.isdigit():
        host, port = server, ""
    return host.strip("[]"), int(port or DEFAULT_PORT)
