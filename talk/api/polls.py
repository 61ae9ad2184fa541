"""A request that may wait: what it looks for, and how it is answered."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponseBase
from rest_framework.response import Response

from talk.hints import Kind

WAIT_ATTRIBUTE = "talk_wait"
"""Attribute of a Django request whose sender waits for it in a better place."""

POLL_ATTRIBUTE = "talk_poll"
"""Attribute of a response that stands in for an answer which is still waited for."""

SERVED_BY_HEADER, SERVED_BY = "X-Talk-Served-By", "talk.asgi"
"""Header of all answers to polls that hold no worker while they wait."""


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at the database has found.

    `position` is how far the room had come before it; `news` is None when there is
    nothing new for the client.
    """

    position: int
    news: Any | None


@dataclass(frozen=True, kw_only=True)
class Poll(ABC):
    """An admitted long poll: its caller is known and may read.

    It does not know how it waits. All its methods run queries or render, so they
    belong into a thread.
    """

    kind: ClassVar[Kind]
    """The kind of news that it waits for."""

    expires_as_stand_in: ClassVar[bool] = False
    """Whether `expire` answers just what stood in for the answer, a 304."""

    is_confirmed: ClassVar[bool] = False
    """Whether `confirm` does anything."""

    room_id: int
    position: int
    """How far the room had come, as hints of `kind` count, when the caller was resolved."""

    timeout: int
    """Seconds that the client is ready to wait; 0 for not at all."""

    session_pks: Sequence[int]
    """Sessions that count as pinging while the poll waits."""

    needed_session_pk: int | None
    """The session with whose end the poll ends, if it depends on one."""

    complete: Callable[[Callable[[], Response]], HttpResponseBase]
    """Run what makes an answer and finish it as the view would have done."""

    @property
    def key(self) -> Hashable | None:
        """What the look depends on: polls of a room with the same key share one."""
        return None

    @property
    def mailbox(self) -> int | None:
        """The session that it waits for signaling messages to, if it does."""
        return None

    def takes_over(self, older: Poll) -> bool:
        """Whether an older poll is to end because this one has come."""
        return False

    @abstractmethod
    def look(self) -> Look:
        """Look for what is new for the client.

        Raises:
            NotFound: the room, or the session that the poll depends on, is gone.
        """

    def look_first(self) -> Look:
        """Look once, for a poll that was admitted just now and has not waited.

        Raises:
            NotFound: as for `look`.
        """
        return self.look()

    def look_after(self, seen: int) -> Look:
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
    """Return a response that stands in for the answer to `poll` while it waits."""
    response = Response(status=304)
    setattr(response, POLL_ATTRIBUTE, poll)
    return response


def poll_behind(response: HttpResponseBase) -> Poll | None:
    """Return the poll whose answer `response` stands in for, if it does."""
    return getattr(response, POLL_ATTRIBUTE, None)


def keep_poll(response: HttpResponseBase, finished: HttpResponseBase) -> None:
    """Have the finished response stand in for what the unfinished one did."""
    poll = poll_behind(response)
    if poll is not None:
        setattr(finished, POLL_ATTRIBUTE, poll)


def answer_at_once(poll: Poll) -> HttpResponseBase:
    """Look once and answer, whatever the client's timeout is."""
    look = poll.look_first()
    return poll.expire() if look.news is None else poll.respond(look.news)
