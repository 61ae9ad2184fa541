"""The way to an external signaling server: signed requests, one after the other.

They leave off the request's thread, in the order in which they were queued. What a
server does not take is tried again for a few seconds, at another server if there are
several, and then logged: clients look for news themselves when they connect anew.
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
"""Of the random text that makes every signature another one; twice as many digits."""

SCHEMES = {"ws": "http", "wss": "https", "http": "http", "https": "https"}
"""How a server is asked whose address is given with one of these."""

BODY_MAX = 64 * 1024
"""Bytes that a server takes."""

TRIES = 4
PAUSES = (0.5, 2.0, 5.0)
"""Seconds before another try; enough for a server to be restarted."""

STALE_SECONDS = 60.0
"""Age at which news is no help any more: who reconnects has looked meanwhile."""


@dataclass(frozen=True, kw_only=True)
class SignalingServer:
    """A server that shares a secret with us. `url` is what clients connect to."""

    url: str
    secret: str
    is_verified: bool = True

    @property
    def http_url(self) -> str:
        """The address that requests are sent below."""
        scheme, _, rest = self.url.partition("://")
        return f"{SCHEMES[scheme.lower()]}://{rest.rstrip('/')}"


def signaling_servers() -> list[SignalingServer]:
    """Return the configured servers; one without a secret is none."""
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
    """Return one of the servers, any of them; None when there are none."""
    servers = signaling_servers()
    return secrets.choice(servers) if servers else None


def checksum(*, secret: str, random: str, body: bytes) -> str:
    """Return the signature of a body, for both directions."""
    key = secret.encode()
    return hmac.new(key, random.encode() + body, hashlib.sha256).hexdigest()


def queue_requests(*, token: str, make: Callable[[], Iterable[Request]]) -> None:
    """Send requests about a room soon; whether they arrive is only told by the log.

    `make` is called when it is their turn, in another thread, and looks up what they
    say. It is called again before another try.
    """
    deadline = time.monotonic() + STALE_SECONDS
    send = partial(_send, token, make, deadline)
    signaling_queue.put(Delivery(name=f"news of room {token}", send=send))


def _send(token: str, make: Callable[[], Iterable[Request]], deadline: float) -> None:
    server = choose_server()
    if server is None:
        return
    if time.monotonic() > deadline:
        raise Undeliverable("too much came before it")
    for request in make():
        for body in bodies_of(request):
            post(server=server, token=token, body=body)


def bodies_of(request: Request) -> list[bytes]:
    """Return a request as bytes: in parts, when it is larger than a server takes.

    The parts have parts of its lists; clients merge what they are told.

    Raises:
        Undeliverable: there is nothing to be parted.
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
        Undeliverable: the server does not want it, now or ever.
        OSError: the server has trouble of its own.
        urllib3.exceptions.HTTPError: there is no answer.
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
    """The connections of a thread, which no child of its process must share."""

    def __init__(self) -> None:
        self.by_verification: dict[bool, urllib3.PoolManager] = {}


_pools = _Pools()


def _pool(is_verified: bool) -> urllib3.PoolManager:
    """Return this thread's connections to servers, made when first needed."""
    import urllib3

    known = _pools.by_verification
    if is_verified not in known:
        options: dict[str, Any] = {} if is_verified else {"cert_reqs": "CERT_NONE"}
        known[is_verified] = urllib3.PoolManager(**options)
    return known[is_verified]


def _allow_unverified(server: SignalingServer) -> None:
    """Silence the warning for the one host whose certificate the site does not trust."""
    from urllib3.exceptions import InsecureRequestWarning
    from urllib3.util import parse_url

    host = re.escape(parse_url(server.http_url).host or "")
    warnings.filterwarnings("ignore", f".*'{host}'", InsecureRequestWarning)


signaling_queue = OutgoingQueue(
    name="talk-signaling", threads=1, pauses=PAUSES, tries=TRIES
)
atexit.register(signaling_queue.end)
