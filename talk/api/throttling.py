"""Throttles of wrong passwords, and of joins and messages of guests.

Counters live in the site's cache, which increments them atomically. While the cache
fails, each process counts in its own memory, so that n processes allow n times as many
attempts. When the cache works again, its counts continue; attempts counted in a process
meanwhile are not added.
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

TOO_MANY_ATTEMPTS = "There were too many attempts."

IPV6_PREFIX = 64
"""Bits of an IPv6 address that identify a provider's customer."""

COUNTERS_MAX = 10_000
"""Counters that a process keeps, some hundred bytes each. The least recently used are
dropped first."""

local_counters = LocMemCache(
    "talk.throttle", {"OPTIONS": {"MAX_ENTRIES": COUNTERS_MAX}}
)
"""Counters of this process, used while the site's cache fails."""


@contextmanager
def throttle_room_passwords(request: HttpRequest, token: str) -> Iterator[None]:
    """Throttle wrong passwords of a room.

    An attempt counts while its password is checked, and stays counted if the body of
    the `with` statement raises.

    Raises:
        Throttled: too many wrong passwords for this room came from this network.

    API: Join a room.
    """
    settings = talk_settings()
    seconds = settings.PASSWORD_ATTEMPTS_SECONDS
    counter = AttemptCounter(f"password.{token}", request, seconds)
    counter.add(settings.PASSWORD_ATTEMPTS_MAX)
    yield
    counter.take_back()


@contextmanager
def throttle_logins(request: HttpRequest, name: str) -> Iterator[None]:
    """Throttle wrong passwords of a user, who may not even exist.

    An attempt counts if the body of the `with` statement raises
    `AuthenticationFailed`. It does not count while its password is checked, because
    bots send many correct passwords at once.

    Raises:
        Throttled: too many wrong passwords for this name came from this network.
    """
    settings = talk_settings()
    seconds = settings.PASSWORD_ATTEMPTS_SECONDS
    counter = AttemptCounter(f"login.{_digest_of(name)}", request, seconds)
    counter.require_less_than(settings.PASSWORD_ATTEMPTS_MAX)
    try:
        yield
    except AuthenticationFailed:
        counter.add_one()
        raise


@contextmanager
def throttle_guest_joins(request: HttpRequest) -> Iterator[None]:
    """Throttle joins of anonymous callers. A refused join does not count.

    Raises:
        Throttled: too many joins came from this network.

    API: Join a room.
    """
    settings = talk_settings()
    counter = AttemptCounter("guest-join", request, settings.GUEST_JOINS_SECONDS)
    with counter.unless_refused(settings.GUEST_JOINS_MAX):
        yield


@contextmanager
def throttle_guest_messages(request: HttpRequest) -> Iterator[None]:
    """Throttle messages of guests. A refused message does not count.

    Raises:
        Throttled: too many messages came from this network.

    API: Sending a new chat message.
    """
    settings = talk_settings()
    counter = AttemptCounter("guest-message", request, settings.GUEST_MESSAGES_SECONDS)
    with counter.unless_refused(settings.GUEST_MESSAGES_MAX):
        yield


class AttemptCounter:
    """Number of attempts from one network, within some seconds of the first one."""

    def __init__(self, name: str, request: HttpRequest, seconds: int) -> None:
        self._seconds = seconds
        self._key = f"talk.throttle.{name}.{client_network(request)}"
        self._is_counted_locally = False

    def add(self, maximum: int) -> None:
        """Count an attempt. The count restarts at 0 when its time has passed.

        Raises:
            Throttled: there are more than `maximum` attempts now.
        """
        if self.add_one() > maximum:
            raise Throttled(TOO_MANY_ATTEMPTS)

    def add_one(self) -> int:
        """Count an attempt and return the number of attempts, as far as is known."""
        self._is_counted_locally = False
        return ask_cache(self._add_to, otherwise=self._add_locally)

    def require_less_than(self, maximum: int) -> None:
        """Check the number of attempts without counting one.

        Raises:
            Throttled: there are `maximum` attempts already.
        """
        if ask_cache(self._count_in, otherwise=self._count_locally) >= maximum:
            raise Throttled(TOO_MANY_ATTEMPTS)

    @contextmanager
    def unless_refused(self, maximum: int) -> Iterator[None]:
        """Count an attempt, unless the body of the `with` statement is refused.

        Raises:
            Throttled: there are more than `maximum` attempts now.
        """
        self.add(maximum)
        try:
            yield
        except TalkError:
            self.take_back()
            raise

    def take_back(self) -> None:
        """Undo the last count where it was made, unless the cache fails now."""
        if self._is_counted_locally:
            _increase(local_counters, self._key, -1)
        else:
            ask_cache(self._take_from, otherwise=lambda: None)

    def _add_to(self, cache: BaseCache) -> int:
        cache.add(self._key, 0, timeout=self._seconds)
        return _increase(cache, self._key, 1)

    def _add_locally(self) -> int:
        self._is_counted_locally = True
        return self._add_to(local_counters)

    def _count_in(self, cache: BaseCache) -> int:
        return int(cache.get(self._key, 0))

    def _count_locally(self) -> int:
        return self._count_in(local_counters)

    def _take_from(self, cache: BaseCache) -> None:
        _increase(cache, self._key, -1)


def client_network(request: HttpRequest) -> str:
    """Return the client's IPv4 address, or its IPv6 network.

    The address is that of the connection. With ``TALK["TRUSTED_PROXIES"]``, it is the
    one that the outermost trusted proxy has written into `X-Forwarded-For`.
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
    """Return a digest that is the same for all spellings of a name.

    Some databases ignore case, accents and spaces when they compare names.
    """
    plain = filter(str.isalnum, unicodedata.normalize("NFKD", name).casefold())
    return hashlib.sha256("".join(plain).encode()).hexdigest()


def _increase(cache: BaseCache, key: str, by: int) -> int:
    try:
        # Backends that hide their errors return None; `int` raises a TypeError, which
        # counts as an error of the cache.
        return int(cache.incr(key, by))
    except ValueError:
        # The cache has dropped the counter, or stores nothing at all.
        return 0
