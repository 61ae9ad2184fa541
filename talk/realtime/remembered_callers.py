"""Remembered callers: they were admitted lately and need not be admitted again.

A client that polls sends the same request again and again. The result of admitting it
(who the caller is, whether they may read, the format of the response) is kept for a while
and dropped at once when the participant, the room or the login changes.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from talk.api.admitted_requests import AdmittedRequest
from talk.api.polls.base import Poll
from talk.api.responses import Headers, RenderedResponse
from talk.domain.presence import ReadMark
from talk.realtime.key_index import KeyIndex

T = TypeVar("T")

CALLERS_MAX = 20_000
"""Callers that a process remembers, about a kilobyte each; the oldest are dropped."""

CHANGES_MAX = 10_000
"""Changes that are kept for callers who are being admitted at the same time."""

LOGINS = "logins"

ChangedSubject = int | str | tuple[str, str]
"""A room by its primary key, an account by its own as text, or the logins of an account:
(`LOGINS`, account)."""


@dataclass(slots=True)
class RememberedCaller:
    """An admitted request, kept in memory with what all its responses share."""

    request: AdmittedRequest
    response: RenderedResponse
    """The response of the admission; for a poll of the chat, the one without news."""

    headers: Headers
    """Headers of every response, as the site's middleware has set them."""

    read_comments: int = 0
    """The comment count up to which the participant is known to have read."""

    pinged_at: float = float("-inf")
    """When the caller's sessions were last pinged, by the clock of the event loop."""

    expires_at: float = 0.0
    """When the caller has to be admitted again, by the monotonic clock."""

    change_count: int = 0
    """`RememberedCallers.change_count` before the admission."""

    def read_mark_at(self, comments: int) -> ReadMark | None:
        """Return the read marker after that many comments, None if it does not move."""
        if not self.request.account or comments <= self.read_comments:
            return None
        return ReadMark(participant_pk=self.request.participant_pk, comments=comments)


class RememberedCallers:
    """The remembered callers of one process, by the keys of `RequestKeys`."""

    def __init__(
        self, seconds: float, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds = seconds
        self._clock = clock
        self._callers: OrderedDict[bytes, RememberedCaller] = OrderedDict()
        self._by_room = KeyIndex[int]()
        self._by_participant = KeyIndex[int]()
        self._by_account = KeyIndex[str]()
        self._suspended: dict[int, int] = {}
        """The change count of each suspended room at its suspension."""
        self._changes: OrderedDict[ChangedSubject, int] = OrderedDict()
        self._change_count = 0
        self._all_changed_at = 0
        """The change count up to which `_changes` is incomplete."""
        self._shared: dict[Any, Any] = {}

    def __len__(self) -> int:
        return len(self._callers)

    @property
    def change_count(self) -> int:
        """The number of changes so far. Read it before admitting a caller."""
        return self._change_count

    @property
    def room_ids(self) -> Collection[int]:
        """The rooms of the remembered callers."""
        return self._by_room.subjects

    def find(self, key: bytes) -> RememberedCaller | None:
        """Return the remembered caller of a request, None if it must be admitted."""
        remembered = self._callers.get(key)
        if remembered is None:
            return None
        if remembered.expires_at <= self._clock():
            self._drop([key])
            return None
        suspended_at = self._suspended.get(remembered.request.room_id, 0)
        if remembered.change_count < suspended_at:
            return None
        self._callers.move_to_end(key)
        return remembered

    def make(
        self, request: AdmittedRequest, response: RenderedResponse, headers: Headers
    ) -> RememberedCaller:
        """Return a caller, not kept yet, that shares equal objects with others."""
        shared_format = self._share(request.response_format)
        return RememberedCaller(
            request=replace(request, response_format=shared_format),
            response=self._share(response),
            headers=self._share(headers),
            read_comments=request.read_comments if isinstance(request, Poll) else 0,
        )

    def keep(self, key: bytes, remembered: RememberedCaller, *, since: int) -> None:
        """Remember a caller who was admitted when the change count was `since`.

        Does nothing if the room or the account has changed since then, because the
        admission may have read what was there before.
        """
        request = remembered.request
        if not self._seconds:
            return
        if self._has_changed(request.room_id, since):
            return
        if self._has_changed(request.account, since):
            return
        self._drop([key])
        remembered.expires_at = self._clock() + self._seconds
        remembered.change_count = since
        self._callers[key] = remembered
        self._by_room.add(request.room_id, key)
        self._by_participant.add(request.participant_pk, key)
        if request.account:
            self._by_account.add(request.account, key)
        if len(self._callers) > CALLERS_MAX:
            self._drop([next(iter(self._callers))])

    def have_logins_ended(self, account: str, *, since: int) -> bool:
        """Whether logins of an account may have ended since a change count."""
        return self._has_changed((LOGINS, account), since)

    def drop_room(self, room_id: int) -> None:
        """Forget all callers of a room."""
        self._note_change(room_id)
        self._drop(self._by_room.keys_of(room_id))

    def drop_account(self, account: str) -> None:
        """Forget all callers with an account."""
        self._note_change(account)
        self._drop(self._by_account.keys_of(account))

    def end_logins(self, account: str) -> None:
        """Forget all callers with an account whose logins have ended."""
        self._note_change((LOGINS, account))
        self.drop_account(account)

    def drop_participants(self, participants: Iterable[int]) -> None:
        """Forget all callers that are these participants."""
        for pk in participants:
            self._drop(self._by_participant.keys_of(pk))

    def drop_all(self) -> None:
        """Forget all callers, including those who are being admitted."""
        self._change_count += 1
        self._all_changed_at = self._change_count
        self._drop(self._callers)

    def drop_expired(self) -> None:
        """Forget callers whose time is up, and suspensions of rooms without callers."""
        now = self._clock()
        callers = self._callers.items()
        self._drop([key for key, caller in callers if caller.expires_at <= now])
        for room_id in [pk for pk in self._suspended if pk not in self._by_room]:
            del self._suspended[room_id]

    def suspend_room(self, room_id: int) -> int | None:
        """Require admission of all callers of a room until `resume_room` is called.

        Once for each caller: those who are admitted afterwards are remembered. Returns
        the change count to pass to `resume_room`, None if the room has no callers.
        """
        self._note_change(room_id)
        if room_id not in self._by_room:
            return None
        self._suspended[room_id] = self._change_count
        return self._change_count

    def resume_room(self, room_id: int, suspended_at: int) -> None:
        """End a suspension, unless the room has been suspended again since."""
        if self._suspended.get(room_id) == suspended_at:
            del self._suspended[room_id]

    def sessions_by_participant(self, room_ids: Iterable[int]) -> dict[int, set[int]]:
        """Return the participants who are remembered in rooms, with their sessions."""
        found: dict[int, set[int]] = {}
        for room_id in room_ids:
            for key in self._by_room.keys_of(room_id):
                request = self._callers[key].request
                sessions = found.setdefault(request.participant_pk, set())
                sessions.update(request.session_pks)
        return found

    def _share(self, value: T) -> T:
        """Return one object for all equal values, for thousands of callers to share."""
        if len(self._shared) > CALLERS_MAX:
            self._shared.clear()
        shared: T = self._shared.setdefault(value, value)
        return shared

    def _has_changed(self, subject: ChangedSubject, since: int) -> bool:
        return max(self._changes.get(subject, 0), self._all_changed_at) > since

    def _note_change(self, subject: ChangedSubject) -> None:
        self._change_count += 1
        self._changes[subject] = self._change_count
        self._changes.move_to_end(subject)
        if len(self._changes) > CHANGES_MAX:
            _, self._all_changed_at = self._changes.popitem(last=False)

    def _drop(self, keys: Collection[bytes]) -> None:
        for key in list(keys):
            remembered = self._callers.pop(key, None)
            if remembered is None:
                continue
            request = remembered.request
            self._by_room.discard(request.room_id, key)
            self._by_participant.discard(request.participant_pk, key)
            self._by_account.discard(request.account, key)
