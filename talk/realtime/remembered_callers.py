"""Callers who were admitted a moment ago, and need not be asked again.

A client that polls sends the same request again and again. What admitting it has
found, who it is, whether they may read, how they want their answer, is remembered
for a while and dropped at once when the participant, the room or the login changes.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from talk.api.admitted_requests import AdmittedRequest
from talk.api.responses import Headers, RenderedResponse
from talk.domain.presence import ReadMark
from talk.realtime.key_index import KeyIndex

T = TypeVar("T")

SEATS_MAX = 20_000
"""Callers that a process remembers, about a kilobyte each; the oldest go first."""

NUMBERS = re.compile(rb"(?:^|&)(lastKnownMessageId|timeout|limit)=([0-9]{1,18})(?=&|$)")
"""Parameters of a poll that change from one to the next."""

CHANGES_MAX = 10_000
"""Changes that are remembered for those who are being admitted meanwhile."""

LOGINS = "logins"

Changing = int | str | tuple[str, str]
"""A room by its key, an account by its own as text, or `LOGINS` of one."""

SUSPICIOUS = re.compile(rb"lastKnownMessageId|timeout|limit|[%+\[]")
"""What is left of a query in which such a parameter is written in another way."""

CHANGING_HEADERS = frozenset(
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
"""Headers that proxies and clients make up anew for each request."""

STRETCHING = 1000
"""Rounds by which a password in a header is stretched, well below a millisecond."""


@dataclass(slots=True)
class RememberedCaller:
    """An admitted caller.

    `answer` is what they were answered, which for a poll is what it gets when nothing
    comes. `headers` stand in every answer, as the site's middleware has made them.
    """

    caller: AdmittedRequest
    answer: RenderedResponse
    headers: Headers
    pinged_at: float = float("-inf")
    """When its sessions were pinged last, by the clock of the event loop."""

    marked: int = 0
    """The comment count up to which its participant is known to have read."""

    guest_address: str = ""
    """The network that a guest comes from; empty for users."""

    until: float = 0.0
    """When it has to be admitted again, by the monotonic clock."""

    since: int = 0
    """The changes that admitting it has seen; see `Seats.moment`."""

    def mark_for(self, comments: int) -> ReadMark | None:
        """Return the read mark of somebody who knows so many comments, if it is new."""
        if not self.caller.account or comments <= self.marked:
            return None
        return ReadMark(participant_pk=self.caller.participant_pk, comments=comments)


class RememberedCallers:
    """The seats of one process, by what the requests had in common."""

    def __init__(
        self, seconds: float, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds = seconds
        self._clock = clock
        self._secret = secrets.token_bytes(32)
        self._seats: OrderedDict[bytes, RememberedCaller] = OrderedDict()
        self._by_room = KeyIndex[int]()
        self._by_participant = KeyIndex[int]()
        self._by_account = KeyIndex[str]()
        self._doubted: dict[int, int] = {}
        self._changes: OrderedDict[Changing, int] = OrderedDict()
        self._moment = 0
        self._forgotten = 0
        self._said: dict[Any, Any] = {}

    def __len__(self) -> int:
        return len(self._seats)

    def key_of(self, scope: Mapping[str, Any]) -> tuple[bytes, dict[str, int]] | None:
        """Return what a poll has in common with the next one, and its numbers.

        None for one that cannot have a seat: it has a body, does not wait, or names
        nobody.
        """
        query: bytes = scope["query_string"]
        numbers = {k.decode(): int(v) for k, v in NUMBERS.findall(query)}
        rest = NUMBERS.sub(b"", query)
        if numbers.get("timeout") == 0 or SUSPICIOUS.search(rest):
            return None
        if any(_announces_body(name, value) for name, value in scope["headers"]):
            return None
        key = self._digest(scope, rest)
        return None if key is None else (key, numbers)

    def sender_key_of(self, scope: Mapping[str, Any]) -> bytes | None:
        """Return what a message has in common with the next one, but for its body."""
        return self._digest(scope, scope["query_string"])

    def _digest(self, scope: Mapping[str, Any], query: bytes) -> bytes | None:
        """Return what stands for a client and what it asks; None when it names nobody.

        All that middleware could look at is in it, but for what differs each time.
        Passwords are stretched first, because the key is kept.
        """
        if not self._seconds:
            return None
        client = scope.get("client") or ("",)
        where = (
            scope["method"],
            scope["path"],
            scope.get("root_path"),
            scope.get("scheme"),
            client[0],
            query,
        )
        digest = hashlib.blake2b(repr(where).encode(), key=self._secret, digest_size=16)
        is_known = False
        for name, value in scope["headers"]:
            if name in CHANGING_HEADERS:
                continue
            said = value
            if name == b"authorization":
                is_known = True
                said = hashlib.pbkdf2_hmac("sha256", value, self._secret, STRETCHING)
            elif name == b"cookie":
                is_known = True
            digest.update(b"%d %b %d " % (len(name), name, len(said)))
            digest.update(said)
        return digest.digest() if is_known else None

    def recall(self, key: bytes) -> RememberedCaller | None:
        """Return the seat of a caller, None if they have to be admitted."""
        remembered = self._seats.get(key)
        if remembered is None:
            return None
        if remembered.until <= self._clock():
            self._drop([key])
            return None
        if remembered.since < self._doubted.get(remembered.caller.room_id, 0):
            return None
        self._seats.move_to_end(key)
        return remembered

    @property
    def moment(self) -> int:
        """The number of changes so far, to be noted before somebody is admitted."""
        return self._moment

    def have_logins_ended(self, account: str, *, since: int) -> bool:
        """Whether logins of an account may have ended since a moment."""
        return self._has_changed((LOGINS, account), since)

    def keep(self, key: bytes, remembered: RememberedCaller, *, since: int) -> None:
        """Remember a caller who has been admitted just now.

        Not if the room or the account has changed since the moment `since`, because
        whoever admitted them may not have seen that.
        """
        caller = remembered.caller
        if self._has_changed(caller.room_id, since):
            return
        if self._has_changed(caller.account, since):
            return
        self._drop([key])
        remembered.until = self._clock() + self._seconds
        remembered.since = since
        self._seats[key] = remembered
        self._by_room.add(caller.room_id, key)
        self._by_participant.add(caller.participant_pk, key)
        if caller.account:
            self._by_account.add(caller.account, key)
        if len(self._seats) > SEATS_MAX:
            self._drop([next(iter(self._seats))])

    def seat_for(
        self,
        caller: AdmittedRequest,
        answer: RenderedResponse,
        headers: Headers,
        *,
        marked: int = 0,
        guest_address: str = "",
    ) -> RememberedCaller:
        """Return the seat of somebody who was admitted; see `Seat` for what is given."""
        return RememberedCaller(
            caller=replace(caller, form=self._same(caller.form)),
            answer=self._same(answer),
            headers=self._same(headers),
            marked=marked,
            guest_address=guest_address,
        )

    def drop_room(self, room_id: int) -> None:
        """Forget all callers of a room."""
        self._note_change(room_id)
        self._drop(self._by_room.keys_of(room_id))

    def drop_account(self, account: str) -> None:
        """Forget all callers with an account."""
        self._note_change(account)
        self._drop(self._by_account.keys_of(account))

    def end_logins(self, account: str) -> None:
        """Forget all callers with an account, logins of which have ended."""
        self._note_change((LOGINS, account))
        self.drop_account(account)

    def drop_all(self) -> None:
        """Forget everybody, also those who are being admitted."""
        self._moment += 1
        self._forgotten = self._moment
        self._drop(self._seats)

    def drop_expired(self) -> None:
        """Forget those whose time is up and who did not come back."""
        now = self._clock()
        self._drop(
            [key for key, remembered in self._seats.items() if remembered.until <= now]
        )
        for room_id in [pk for pk in self._doubted if pk not in self._by_room]:
            del self._doubted[room_id]

    def doubt(self, room_id: int) -> int | None:
        """Have all who are remembered of a room admitted anew until `trust` is called.

        Once each: who has been admitted since then is beyond doubt. Returns the moment
        of the change to call it with, None when there are none.
        """
        self._note_change(room_id)
        if room_id not in self._by_room:
            return None
        self._doubted[room_id] = self._moment
        return self._moment

    def trust(self, room_id: int, moment: int) -> None:
        """End a doubt, unless there has been another one since."""
        if self._doubted.get(room_id) == moment:
            del self._doubted[room_id]

    @property
    def room_ids(self) -> Collection[int]:
        """The rooms that callers are remembered of."""
        return self._by_room.subjects

    def callers(self, room_ids: Iterable[int]) -> dict[int, set[int]]:
        """Return the participants who have seats in rooms, with their sessions."""
        found: dict[int, set[int]] = {}
        for room_id in room_ids:
            for key in self._by_room.keys_of(room_id):
                caller = self._seats[key].caller
                sessions = found.setdefault(caller.participant_pk, set())
                sessions.update(caller.session_pks)
        return found

    def drop_participants(self, participants: Iterable[int]) -> None:
        """Forget all callers who are of these participants."""
        for pk in participants:
            self._drop(self._by_participant.keys_of(pk))

    def _same(self, said: T) -> T:
        """Return the same object for what is equal; thousands of callers share it."""
        if len(self._said) > SEATS_MAX:
            self._said.clear()
        same: T = self._said.setdefault(said, said)
        return same

    def _has_changed(self, subject: Changing, since: int) -> bool:
        return max(self._changes.get(subject, 0), self._forgotten) > since

    def _note_change(self, subject: Changing) -> None:
        self._moment += 1
        self._changes[subject] = self._moment
        self._changes.move_to_end(subject)
        if len(self._changes) > CHANGES_MAX:
            _, self._forgotten = self._changes.popitem(last=False)

    def _drop(self, keys: Collection[bytes]) -> None:
        for key in list(keys):
            remembered = self._seats.pop(key, None)
            if remembered is None:
                continue
            self._by_room.discard(remembered.caller.room_id, key)
            self._by_participant.discard(remembered.caller.participant_pk, key)
            self._by_account.discard(remembered.caller.account, key)


def _announces_body(name: bytes, value: bytes) -> bool:
    is_length = name == b"content-length" and value != b"0"
    return is_length or name == b"transfer-encoding"
