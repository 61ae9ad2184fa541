"""A memory of correct passwords, so that bots do not cost a slow hash with each request.

It holds no passwords, only digests of them, and is not in a cache, which others could
read. The digests are made with a random key, and last for one period. Then a new key is
drawn, and the old key is dropped with all its digests.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from talk.conf import talk_settings
from talk.models import read_account
from talk.utils.single_flight import ThreadSingleFlight

if TYPE_CHECKING:
    from django.contrib.auth.models import User

ROUNDS = 1_000
"""Half a millisecond for each request. This is an additional protection: nobody can
check a guess with a digest but without the password's stored hash."""

KEY_BYTES = 32

NAMES_MAX = 1_000
"""Usernames that a process remembers, at about 300 bytes each; bots are fewer."""

WAIT_SECONDS = 10.0
"""Time for which requests wait while another one checks the same password; then they
check it themselves. A directory may be slow."""


@dataclass(frozen=True, kw_only=True)
class _Remembered:
    """A user with a correct password, the back end that checked it, and the digest."""

    user_pk: Any
    backend: str | None
    digest: bytes


class _Period:
    """The digests made with one key."""

    def __init__(self, start: float) -> None:
        self.start = start
        self._key = secrets.token_bytes(KEY_BYTES)
        self._names: dict[str, _Remembered] = {}
        self.checks: ThreadSingleFlight[bytes] = ThreadSingleFlight()
        self._lock = threading.Lock()

    def stretch(self, name: str, password: str) -> bytes:
        """Return a key derived from a username and password; kept only while checked."""
        pair = f"{name}\0{password}".encode()
        return hashlib.pbkdf2_hmac("sha256", pair, self._key, ROUNDS)

    def recall(self, name: str, stretched: bytes) -> User | None:
        """Return the user if this is still their password. At most one query."""
        known = self._names.get(name)
        user = read_account(known.user_pk) if known is not None else None
        if known is None or user is None or not user.is_active:
            return None
        if not hmac.compare_digest(known.digest, _bind(stretched, user)):
            return None
        if known.backend is not None:
            # `authenticate`, which is not called now, sets it too.
            user.backend = known.backend
        return user

    def remember(self, name: str, stretched: bytes, user: User) -> None:
        """Remember a correct password; drop the oldest names if there are too many."""
        known = _Remembered(
            user_pk=user.pk,
            backend=getattr(user, "backend", None),
            digest=_bind(stretched, user),
        )
        with self._lock:
            self._names.pop(name, None)
            self._names[name] = known
            while len(self._names) > NAMES_MAX:
                del self._names[next(iter(self._names))]


class PasswordMemory:
    """The correct passwords of a process; safe for threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._period: _Period | None = None
        self._lock = threading.Lock()

    def verify(self, name: str, password: str, check: Callable[[], User]) -> User:
        """Return the user with this name and password; call `check` if not remembered.

        `check` raises an exception when they are wrong; that is never remembered. The
        account is read each time. If it is disabled or gone, or its name or password
        in the database has changed, `check` is called.
        """
        seconds = talk_settings().BASIC_MEMORY_SECONDS
        if not seconds:
            return check()
        period = self._current(seconds)
        stretched = period.stretch(name, password)
        user = period.recall(name, stretched)
        if user is not None:
            return user
        with period.checks.lead(stretched, timeout=WAIT_SECONDS) as is_first:
            user = None if is_first else period.recall(name, stretched)
            if user is None:
                user = check()
                period.remember(name, stretched, user)
            return user

    def forget(self) -> None:
        """Drop the key with all digests."""
        with self._lock:
            self._period = None

    def _current(self, seconds: float) -> _Period:
        now = self._clock()
        with self._lock:
            if self._period is None or now - self._period.start >= seconds:
                self._period = _Period(now)
            return self._period


def _bind(stretched: bytes, user: User) -> bytes:
    """Return a digest that changes with the username and with the stored password.

    Nobody can check a guess with it without the stored hash, which is not kept here.
    Accounts of a directory have no stored hash, or always the same. The username is
    part of it because a renamed account does not own its old name.
    """
    stored = f"{user.get_username()}\0{getattr(user, 'password', '')}"
    return hmac.digest(stretched, stored.encode(), "sha256")


memory = PasswordMemory()
