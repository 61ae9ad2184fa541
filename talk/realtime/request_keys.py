"""Keys of requests: repeated requests of one client have the same key."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping
from typing import Any

NUMBERS = re.compile(rb"(?:^|&)(lastKnownMessageId|timeout|limit)=([0-9]{1,18})(?=&|$)")
"""Parameters that change from one poll to the next."""

UNPARSED_NUMBERS = re.compile(rb"lastKnownMessageId|timeout|limit|[%+\[]")
"""Matches what `NUMBERS` leaves of a query that spells such a parameter differently."""

IGNORED_HEADERS = frozenset(
    {
        b"content-length",
        b"traceparent",
        b"tracestate",
        b"x-amzn-trace-id",
        b"x-correlation-id",
        b"x-request-id",
        b"x-request-start",
    }
)
"""Headers that proxies and clients set to a new value in each request."""

PBKDF2_ROUNDS = 1000
"""Rounds for a password in a header; they take well below a millisecond."""


class RequestKeys:
    """Makes the keys of one process. They reveal nothing about their requests."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)

    def of_poll(self, scope: Mapping[str, Any]) -> tuple[bytes, dict[str, int]] | None:
        """Return the key of a poll, and the numbers in its query.

        None for a request that has to be admitted each time: it has a body, does not
        wait, or has no credentials.
        """
        query: bytes = scope["query_string"]
        numbers = {k.decode(): int(v) for k, v in NUMBERS.findall(query)}
        rest = NUMBERS.sub(b"", query)
        if numbers.get("timeout") == 0 or UNPARSED_NUMBERS.search(rest):
            return None
        if any(_announces_body(name, value) for name, value in scope["headers"]):
            return None
        key = self._digest(scope, rest)
        return None if key is None else (key, numbers)

    def of_message(self, scope: Mapping[str, Any]) -> bytes | None:
        """Return the key of a request that sends a message; its body does not count."""
        return self._digest(scope, scope["query_string"])

    def _digest(self, scope: Mapping[str, Any], query: bytes) -> bytes | None:
        """Return the digest of all that a request has in common with the next one.

        That is all that middleware can see except `IGNORED_HEADERS`. Passwords are
        stretched first, because the key is kept. None for a request without credentials.
        """
        client = scope.get("client") or ("",)
        target = (
            scope["method"],
            scope["path"],
            scope.get("root_path"),
            scope.get("scheme"),
            client[0],
            query,
        )
        digest = hashlib.blake2b(
            repr(target).encode(), key=self._secret, digest_size=16
        )
        has_credentials = False
        for name, value in scope["headers"]:
            if name in IGNORED_HEADERS:
                continue
            hashed = value
            if name == b"authorization":
                has_credentials = True
                hashed = hashlib.pbkdf2_hmac(
                    "sha256", value, self._secret, PBKDF2_ROUNDS
                )
            elif name == b"cookie":
                has_credentials = True
            digest.update(b"%d %b %d " % (len(name), name, len(hashed)))
            digest.update(hashed)
        return digest.digest() if has_credentials else None


def _announces_body(name: bytes, value: bytes) -> bool:
    has_length = name == b"content-length" and value != b"0"
    return has_length or name == b"transfer-encoding"
