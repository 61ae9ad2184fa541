"""Attempts that are counted: wrong room passwords, and joins of anonymous people.

Counters live in the site's cache, one a window of time, and only grow by the cache's
own atomic increments.
"""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.cache import caches
from django.core.cache.backends.base import BaseCache
from django.http import HttpRequest

from talk.conf import talk_settings
from talk.exceptions import Throttled

IPV6_PREFIX = 64
"""Bits of an IPv6 address that tell one customer from another."""


@contextmanager
def password_attempt(request: HttpRequest, token: str) -> Iterator[None]:
    """Count a try of a room's password, unless it was right: nothing is raised inside.

    Raises:
        Throttled: there were too many wrong ones from this address for this room.

    API: Join a room.
    """
    settings = talk_settings()
    seconds = settings.PASSWORD_ATTEMPTS_SECONDS
    counter = Counter(f"password.{token}", request, seconds)
    counter.add(settings.PASSWORD_ATTEMPTS_MAX)
    yield
    counter.take_back()


def count_guest_join(request: HttpRequest) -> None:
    """Count a join of somebody anonymous.

    Raises:
        Throttled: there were too many from this address.

    API: Join a room.
    """
    settings = talk_settings()
    counter = Counter("guest-join", request, settings.GUEST_JOINS_SECONDS)
    counter.add(settings.GUEST_JOINS_MAX)


class Counter:
    """How often something came from one address in the current window of time."""

    def __init__(self, what: str, request: HttpRequest, seconds: int) -> None:
        self._seconds = seconds
        window = int(time.time()) // seconds
        self._key = f"talk.throttle.{what}.{client_network(request)}.{window}"

    def add(self, most: int) -> None:
        """Count one more.

        Raises:
            Throttled: that makes more than `most`.
        """
        cache = _cache()
        cache.add(self._key, 0, timeout=2 * self._seconds)
        if _increase(cache, self._key, 1) > most:
            raise Throttled("There were too many attempts.")

    def take_back(self) -> None:
        """Count one less."""
        _increase(_cache(), self._key, -1)


def client_network(request: HttpRequest) -> str:
    """Return the client's address; of IPv6, the part that its network gave it.

    It is that of the connection, or what the outermost of the site's
    ``TALK["TRUSTED_PROXIES"]`` has written into `X-Forwarded-For`.
    """
    address: str = request.META.get("REMOTE_ADDR", "")
    proxies = talk_settings().TRUSTED_PROXIES
    if proxies:
        forwarded = request.headers.get("X-Forwarded-For", "").split(",")
        address = forwarded[-min(proxies, len(forwarded))].strip() or address
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        network = ipaddress.ip_network((int(parsed), IPV6_PREFIX), strict=False)
        return network.network_address.compressed.replace(":", "-")
    return str(parsed)


def _cache() -> BaseCache:
    return caches[talk_settings().CACHE]


def _increase(cache: BaseCache, key: str, by: int) -> int:
    try:
        return cache.incr(key, by)
    except ValueError:
        # The cache has thrown the counter out, or keeps nothing at all.
        return 0
