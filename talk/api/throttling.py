"""Attempts that are counted: wrong passwords, and joins of anonymous people.

Counters live in the site's cache and change by the cache's own atomic increments. While
it does not answer, each process counts for itself, in a memory of bounded size, so that
a site of several processes allows that many times as much. The cache's counts go on
where they were as soon as it answers again; what was counted meanwhile is not added.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.locmem import LocMemCache
from django.http import HttpRequest
from rest_framework.exceptions import AuthenticationFailed

from talk.api.site_cache import ask_cache
from talk.conf import talk_settings
from talk.exceptions import TalkError, Throttled

WITH_PORT = re.compile(r"([0-9.]+):[0-9]+|\[([0-9a-fA-F:.]+)\](?::[0-9]+)?")

TOO_MANY = "There were too many attempts."

IPV6_PREFIX = 64
"""Bits of an IPv6 address that tell one customer from another."""

COUNTERS_MAX = 10_000
"""Counters that a process keeps itself, some hundred bytes each; those that were not
looked at for the longest time go first."""

own_counters = LocMemCache("talk.throttle", {"OPTIONS": {"MAX_ENTRIES": COUNTERS_MAX}})
"""Where is counted while the site's cache does not answer."""


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


@contextmanager
def login_attempt(request: HttpRequest, name: str) -> Iterator[None]:
    """Count a try of an account's password if it was wrong: `AuthenticationFailed` is raised.

    Right ones are not counted even while they are checked, because bots send many at
    once. The account may exist or not.

    Raises:
        Throttled: there were too many wrong ones from this address for this name.
    """
    settings = talk_settings()
    seconds = settings.PASSWORD_ATTEMPTS_SECONDS
    counter = Counter(f"login.{_digest_of(name)}", request, seconds)
    counter.require_less_than(settings.PASSWORD_ATTEMPTS_MAX)
    try:
        yield
    except AuthenticationFailed:
        counter.add_one()
        raise


@contextmanager
def guest_join(request: HttpRequest) -> Iterator[None]:
    """Count a join of somebody anonymous, unless it was refused inside.

    Raises:
        Throttled: there were too many from this address.

    API: Join a room.
    """
    settings = talk_settings()
    counter = Counter("guest-join", request, settings.GUEST_JOINS_SECONDS)
    with counter.unless_refused(settings.GUEST_JOINS_MAX):
        yield


@contextmanager
def guest_message(request: HttpRequest) -> Iterator[None]:
    """Count a message of a guest, unless it was refused inside.

    Raises:
        Throttled: there were too many from this address.

    API: Sending a new chat message.
    """
    settings = talk_settings()
    counter = Counter("guest-message", request, settings.GUEST_MESSAGES_SECONDS)
    with counter.unless_refused(settings.GUEST_MESSAGES_MAX):
        yield


class Counter:
    """How often something came from one address, since it came first."""

    def __init__(self, what: str, request: HttpRequest, seconds: int) -> None:
        self._seconds = seconds
        self._key = f"talk.throttle.{what}.{client_network(request)}"
        self._counted_here = False

    def add(self, most: int) -> None:
        """Count one more; the count begins anew when its time has passed.

        Raises:
            Throttled: that makes more than `most`.
        """
        if self.add_one() > most:
            raise Throttled(TOO_MANY)

    def add_one(self) -> int:
        """Count one more and return how many that makes, as far as is known."""
        self._counted_here = False
        return ask_cache(self._add_to, otherwise=self._add_here)

    def require_less_than(self, most: int) -> None:
        """Look without counting.

        Raises:
            Throttled: there were `most` already.
        """
        if ask_cache(self._count_in, otherwise=self._count_here) >= most:
            raise Throttled(TOO_MANY)

    @contextmanager
    def unless_refused(self, most: int) -> Iterator[None]:
        """Count one more, unless what is done inside is refused.

        Raises:
            Throttled: that makes more than `most`.
        """
        self.add(most)
        try:
            yield
        except TalkError:
            self.take_back()
            raise

    def take_back(self) -> None:
        """Count one less, where one more was counted; it stays if that is away now."""
        if self._counted_here:
            _increase(own_counters, self._key, -1)
        else:
            ask_cache(self._take_from, otherwise=lambda: None)

    def _add_to(self, cache: BaseCache) -> int:
        cache.add(self._key, 0, timeout=self._seconds)
        return _increase(cache, self._key, 1)

    def _add_here(self) -> int:
        self._counted_here = True
        return self._add_to(own_counters)

    def _count_in(self, cache: BaseCache) -> int:
        return int(cache.get(self._key, 0))

    def _count_here(self) -> int:
        return self._count_in(own_counters)

    def _take_from(self, cache: BaseCache) -> None:
        _increase(cache, self._key, -1)


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
    if match := WITH_PORT.fullmatch(address):
        address = match[1] or match[2]
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


def _digest_of(name: str) -> str:
    """Return a part of a cache's key that is one for all ways to write a name.

    To some databases case, accents and spaces make no other name.
    """
    plain = filter(str.isalnum, unicodedata.normalize("NFKD", name).casefold())
    return hashlib.sha256("".join(plain).encode()).hexdigest()


def _increase(cache: BaseCache, key: str, by: int) -> int:
    try:
        # Back ends that hide their errors return None, which is one here.
        return int(cache.incr(key, by))
    except ValueError:
        # The cache has thrown the counter out, or keeps nothing at all.
        return 0
