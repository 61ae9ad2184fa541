"""An index from subjects to keys that uses little memory."""

from __future__ import annotations

from collections.abc import Collection, Hashable
from typing import Generic, TypeVar

Subject = TypeVar("Subject", bound=Hashable)


class KeyIndex(Generic[Subject]):
    """The keys of each subject.

    Most subjects have a single key, which is stored without a set: the sets would use
    several times as much memory as all the rest.
    """

    __slots__ = ("_keys",)

    def __init__(self) -> None:
        self._keys: dict[Subject, bytes | set[bytes]] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def __contains__(self, subject: Subject) -> bool:
        return subject in self._keys

    @property
    def subjects(self) -> Collection[Subject]:
        """All subjects that have keys."""
        return self._keys.keys()

    def keys_of(self, subject: Subject) -> Collection[bytes]:
        """Return the keys of a subject. Do not change the collection."""
        keys = self._keys.get(subject, ())
        return (keys,) if isinstance(keys, bytes) else keys

    def add(self, subject: Subject, key: bytes) -> None:
        """Add a key; idempotent."""
        keys = self._keys.setdefault(subject, key)
        if isinstance(keys, set):
            keys.add(key)
        elif keys != key:
            self._keys[subject] = {keys, key}

    def discard(self, subject: Subject, key: bytes) -> None:
        """Remove a key; idempotent."""
        keys = self._keys.get(subject)
        if isinstance(keys, set):
            keys.discard(key)
            if len(keys) == 1:
                self._keys[subject] = keys.pop()
        elif keys == key:
            del self._keys[subject]
