"""Passwords that were right a moment ago, so that bots do not cost a slow hash each time.

Nothing is kept that tells a password, nor anything in a cache, where others could
read it. What a process keeps is good for one period: then a new random key is drawn,
and the old one is thrown away with all that was made with it.
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
"""Half a millisecond a request. It comes on top of what protects the password: without
the stored hash, nothing here tells whether a guess is right."""

KEY_BYTES = 32

NAMES_MAX = 1_000
"""Names that a process remembers, some 300 bytes each; bots are fewer."""

WAIT_SECONDS = 10.0
"""How long requests wait for the first of those with the same password to be checked,
before they check it themselves; a directory may be slow."""


@dataclass(frozen=True, kw_only=True)
class _Remembered:
    """Whose password was right, by which back end, and how to know it again."""

    user_pk: Any
    backend: str | None
    digest: bytes


class _Period:
    """What is remembered under one key."""

    def __init__(self, start: float) -> None:
        self.start = start
        self._key = secrets.token_bytes(KEY_BYTES)
        self._names: dict[str, _Remembered] = {}
        self.checks: ThreadSingleFlight[bytes] = ThreadSingleFlight()
        self._lock = threading.Lock()

    def stretch(self, name: str, password: str) -> bytes:
        """Return what stands for a name and password as long as they are looked at."""
        pair = f"{name}\0{password}".encode()
        return hashlib.pbkdf2_hmac("sha256", pair, self._key, ROUNDS)

    def recall(self, name: str, stretched: bytes) -> User | None:
        """Return whose password it still is, as far as is known. One query or none."""
        known = self._names.get(name)
        user = read_account(known.user_pk) if known is not None else None
        if known is None or user is None or not user.is_active:
            return None
        if not hmac.compare_digest(known.digest, _bind(stretched, user)):
            return None
        if known.backend is not None:
            # As `authenticate` does, which is not asked now.
            user.backend = known.backend
        return user

    def remember(self, name: str, stretched: bytes, user: User) -> None:
        """Keep that the password was right; of too many names the oldest go."""
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
    """What a process remembers of passwords; safe for threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._period: _Period | None = None
        self._lock = threading.Lock()

    def verify(self, name: str, password: str, check: Callable[[], User]) -> User:
        """Return whose name and password these are; `check` is asked unless it just was.

        `check` raises what it likes when they are wrong, which is never remembered. The
        account is read each time: one that is disabled or gone, or has another name
        or password in the database, is checked anew.
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
        """Throw away the key, and with it all that is remembered."""
        with self._lock:
            self._period = None

    def _current(self, seconds: float) -> _Period:
        now = self._clock()
        with self._lock:
            if self._period is None or now - self._period.start >= seconds:
                self._period = _Period(now)
            return self._period


def _bind(stretched: bytes, user: User) -> bytes:
    """Return a digest that is another one as soon as the stored password changes.

    Without the stored hash, which is not in here, it says nothing about the password.
    Accounts of a directory have none, or always the same. A name that is given up
    belongs to the account no longer.
    """
    stored = f"{user.get_username()}\0{getattr(user, 'password', '')}"
    return hmac.digest(stretched, stored.encode(), "sha256")


memory = PasswordMemory()
