"""STUN servers: do they tell clients their public address?"""

from __future__ import annotations

from collections.abc import Iterator

from talk.conf import talk_settings
from talk.doctor.findings import Finding, ProbeOptions, failed, ok, skipped

PROBE = "stun"

DEFAULT_PORT = 3478

MISSING_EXTRA = "The extra django-talk[doctor] is not installed."


def probe_stun(options: ProbeOptions) -> Iterator[Finding]:
    """Ask each STUN server for our address, over UDP as browsers do."""
    servers = talk_settings().STUN_SERVERS
    if not servers:
        yield skipped(PROBE, "No STUN server is configured.")
        return
    try:
        from talk.doctor.stun_client import ServerError, public_address
    except ImportError:
        yield skipped(PROBE, MISSING_EXTRA)
        return
    for server in servers:
        try:
            address = public_address(*host_and_port(server))
        except (OSError, ServerError, ValueError) as error:
            yield failed(
                PROBE,
                f"{server} does not tell us our address: {error}.",
                "Check that it runs, and that UDP reaches it.",
            )
        else:
            yield ok(PROBE, f"{server} sees us at {address}.")


def host_and_port(server: str) -> tuple[str, int]:
    """Split "host:port" or "[host]:port"; the port may be missing."""
    host, colon, port = server.rpartition(":")
    if not colon or not port.isdigit():
        host, port = server, ""
    return host.strip("[]"), int(port or DEFAULT_PORT)
