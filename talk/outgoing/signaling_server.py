"""Signed requests to external signaling servers.

A background thread sends them one after the other, in the order in which they were
queued. A failed request is tried again for a few seconds, with another server if there
are several, and then logged. No more is needed, because clients fetch the current state
when they reconnect.
"""

from __future__ import annotations

import atexit
import hashlib
import hmac
import json
import re
import secrets
import threading
import time
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from talk.conf import talk_settings
from talk.outgoing.queue import Delivery, OutgoingQueue, Undeliverable

if TYPE_CHECKING:
    import urllib3

    from talk.outgoing.signaling_requests import Request

RANDOM_HEADER = "Spreed-Signaling-Random"
CHECKSUM_HEADER = "Spreed-Signaling-Checksum"

RANDOM_BYTES = 32
"""Random bytes in each signature, written as twice as many hexadecimal digits."""

SCHEMES = {"ws": "http", "wss": "https", "http": "http", "https": "https"}
"""Schemes of our requests, by the scheme of the server's address."""

BODY_MAX = 64 * 1024
"""Bytes that a server accepts in a body."""

TRIES = 4
PAUSES = (0.5, 2.0, 5.0)
"""Seconds before the next attempts; enough for a restart of the server."""

STALE_SECONDS = 60.0
"""Age at which a request is dropped, because clients that reconnected fetched the state."""


@dataclass(frozen=True, kw_only=True)
class SignalingServer:
    """A signaling server, which shares a secret with us. Clients connect to `url`."""

    url: str
    secret: str
    is_verified: bool = True

    @property
    def http_url(self) -> str:
        """The base address of our requests."""
        scheme, _, rest = self.url.partition("://")
        return f"{SCHEMES[scheme.lower()]}://{rest.rstrip('/')}"


def signaling_servers() -> list[SignalingServer]:
    """Return the configured servers, except those without a secret."""
    return [
        SignalingServer(
            url=entry["server"],
            secret=entry["secret"],
            is_verified=entry.get("verify", True),
        )
        for entry in talk_settings().SIGNALING_SERVERS
        if entry.get("secret")
    ]


def choose_server() -> SignalingServer | None:
    """Return a random server; None when there are none."""
    servers = signaling_servers()
    return secrets.choice(servers) if servers else None


def checksum(*, secret: str, random: str, body: bytes) -> str:
    """Return the signature of a body, in either direction."""
    key = secret.encode()
    return hmac.new(key, random.encode() + body, hashlib.sha256).hexdigest()


def queue_requests(*, token: str, make: Callable[[], Iterable[Request]]) -> None:
    """Queue requests about a room; failures to send them are only logged.

    `make` returns the requests. It is called in the background thread before each
    attempt, and may query the database.
    """
    deadline = time.monotonic() + STALE_SECONDS
    send = partial(_send, token, make, deadline)
    signaling_queue.put(Delivery(name=f"signaling requests of room {token}", send=send))


def _send(token: str, make: Callable[[], Iterable[Request]], deadline: float) -> None:
    server = choose_server()
    if server is None:
        return
    if time.monotonic() > deadline:
        raise Undeliverable("it has waited too long")
    for request in make():
        for body in bodies_of(request):
            post(server=server, token=token, body=body)


def bodies_of(request: Request) -> list[bytes]:
    """Return the body of a request, split into several if it is too large for a server.

    Each body has a part of the lists; clients merge them.

    Raises:
        Undeliverable: the request is too large, and has no list to split.
    """
    body = json.dumps(request, separators=(",", ":")).encode()
    if len(body) <= BODY_MAX:
        return [body]
    content = request[request["type"]]
    lists = {key: value for key, value in content.items() if isinstance(value, list)}
    if max(map(len, lists.values()), default=0) < 2:
        raise Undeliverable(f"{len(body)} bytes are too many")
    middles = {key: (len(value) + 1) // 2 for key, value in lists.items()}
    first = {key: value[: middles[key]] for key, value in lists.items()}
    second = {key: value[middles[key] :] for key, value in lists.items()}
    return [
        part
        for half in (first, second)
        for part in bodies_of({**request, request["type"]: {**content, **half}})
    ]


def post(*, server: SignalingServer, token: str, body: bytes) -> None:
    """Send one request and wait for the answer.

    Raises:
        Undeliverable: the server refuses it.
        OSError: the server has an internal error.
        urllib3.exceptions.HTTPError: the server does not answer.
    """
    import urllib3

    random = secrets.token_hex(RANDOM_BYTES)
    if not server.is_verified:
        _allow_unverified(server)
    response = _pool(server.is_verified).request(
        "POST",
        f"{server.http_url}/api/v1/room/{token}",
        body=body,
        headers={
            "Content-Type": "application/json",
            RANDOM_HEADER: random,
            CHECKSUM_HEADER: checksum(secret=server.secret, random=random, body=body),
        },
        timeout=urllib3.Timeout(total=talk_settings().SIGNALING_TIMEOUT_SECONDS),
        retries=False,
        redirect=False,
    )
    if response.status >= 500:
        raise OSError(f"{server.http_url} answered {response.status}")
    if response.status != 200:
        raise Undeliverable(f"{server.http_url} answered {response.status}")


class _Pools(threading.local):
    """The connections of a thread, which forked children must not share."""

    def __init__(self) -> None:
        self.by_verification: dict[bool, urllib3.PoolManager] = {}


_pools = _Pools()


def _pool(is_verified: bool) -> urllib3.PoolManager:
    """Return the connection pool of this thread; create it at the first use."""
    import urllib3

    known = _pools.by_verification
    if is_verified not in known:
        options: dict[str, Any] = {} if is_verified else {"cert_reqs": "CERT_NONE"}
        known[is_verified] = urllib3.PoolManager(**options)
    return known[is_verified]


def _allow_unverified(server: SignalingServer) -> None:
    """Silence the warning about unverified certificates for this server's host."""
    from urllib3.exceptions import InsecureRequestWarning
    from urllib3.util import parse_url

    host = re.escape(parse_url(server.http_url).host or "")
    warnings.filterwarnings("ignore", f".*'{host}'", InsecureRequestWarning)


signaling_queue = OutgoingQueue(
    name="talk-signaling", threads=1, pauses=PAUSES, tries=TRIES
)
atexit.register(signaling_queue.end)
