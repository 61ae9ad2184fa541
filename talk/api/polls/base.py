"""A request that may wait: what it looks for, and how it is answered."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from rest_framework.response import Response

from talk.api.admitted_requests import AdmittedRequest, admit
from talk.domain.presence import ReadMark, ping_sessions, raise_read_markers
from talk.hints import HintKind

WAIT_ATTRIBUTE = "talk_wait"
"""Attribute of a Django request whose sender waits for it in a better place."""

SERVED_BY_HEADER, SERVED_BY = "X-Talk-Served-By", "talk.asgi"
"""Header of all answers to polls that hold no worker while they wait."""


@dataclass(frozen=True, slots=True)
class PollResult:
    """What one look at the database has found.

    `position` is how far the room had come before it; `news` is None when there is
    nothing new for the client.
    """

    position: int
    news: Any | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Poll(AdmittedRequest, ABC):
    """An admitted long poll: its caller is known and may read.

    It does not know how it waits, and it keeps nothing of its request, because
    thousands of them wait. Its methods run queries or render, so they belong into a
    thread, but for properties and `again`.
    """

    kind: ClassVar[HintKind]
    """The kind of news that it waits for."""

    is_confirmed: ClassVar[bool] = False
    """Whether `confirm` does anything."""

    token: str

    position: int
    """How far the room had come, as hints of `kind` count, when the caller was resolved."""

    timeout: int
    """Seconds that the client is ready to wait; 0 for not at all."""

    session_pk: int | None
    """The session of the caller's device, if it has joined."""

    needs_session: bool
    """Whether the poll ends with the session of the device."""

    comments: int = 0
    """The room's comments, all of which the caller has read by asking."""

    read_comments: int = 0
    """How many they were known to have read."""

    marks_read: bool = True
    """Whether asking means to have read."""

    @property
    def mark(self) -> ReadMark | None:
        """How far the caller has read, if that is new; nothing is kept for guests."""
        is_new = self.marks_read and self.read_comments < self.comments
        if not self.account or not is_new:
            return None
        return ReadMark(participant_pk=self.participant_pk, comments=self.comments)

    def begin(self, now: datetime) -> None:
        """Note that the caller is there and how far they have read."""
        ping_sessions(pks=self.session_pks, now=now)
        if self.mark is not None:
            raise_read_markers({self.mark.participant_pk: self.mark.comments})

    def again(self, numbers: Mapping[str, int]) -> Poll:
        """Return the next poll of the same caller, with the numbers in its query.

        The same object, if it asks the same.
        """
        return self

    @abstractmethod
    def look(self) -> PollResult:
        """Look for what is new for the client.

        Raises:
            NotFound: the room, or the session that the poll depends on, is gone.
        """

    def look_first(self) -> PollResult:
        """Look once, for a poll that was admitted just now and has not waited.

        Raises:
            NotFound: as for `look`.
        """
        return self.look()

    def look_after(self, seen: int) -> PollResult:
        """Look again, for who looked when the room had come to `seen`, and wait.

        Cheaper than another look where that can be, as long as nothing has changed.

        Raises:
            NotFound: as for `look`.
        """
        return self.look()

    @abstractmethod
    def respond(self, news: Any) -> Response:
        """Make the answer from what a look has found."""

    @abstractmethod
    def expire(self) -> Response:
        """Make the answer to a client for whom nothing came in time."""

    def fail(self, error: Exception) -> Response:
        """Make the answer when waiting ended with an error.

        Raises:
            Exception: that error, unless there is a special answer to it.
        """
        raise error

    def confirm(self, news: Any, *, is_sent: bool) -> None:
        """Learn whether the answer made from `news` has left; most need not know."""
        return


Wait = Callable[[Poll], HttpResponseBase]
"""Waits for news, or arranges for it, and returns an answer."""


def defer_to(wait: Wait, request: HttpRequest) -> None:
    """Have the view of `request` hand its poll to `wait`."""
    setattr(request, WAIT_ATTRIBUTE, wait)


def deferred_wait(request: HttpRequest) -> Wait | None:
    """Return what `defer_to` has set, if anything."""
    return getattr(request, WAIT_ATTRIBUTE, None)


def stand_in_for(poll: Poll) -> Response:
    """Return a response that stands in for the answer to `poll` while it waits.

    It is also the answer to a poll of the chat for which nothing comes.
    """
    response = Response(status=304)
    admit(poll, response)
    return response


def answer_at_once(poll: Poll) -> HttpResponseBase:
    """Look once and answer, whatever the client's timeout is."""
    poll.begin(timezone.now())
    look = poll.look_first()
    return poll.expire() if look.news is None else poll.respond(look.news)
