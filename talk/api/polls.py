"""A request that may wait: what it looks for, and how it is answered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponseBase
from rest_framework.response import Response

from talk.domain.chat import Page, read_newer

WAIT_ATTRIBUTE = "talk_wait"
"""Attribute of a Django request whose sender waits for it in a better place."""


@dataclass(frozen=True, kw_only=True)
class Poll:
    """An admitted long poll: its caller is known and may read.

    It does not know how it waits. All its functions run queries or render, so they
    belong into a thread.
    """

    room_id: int
    position: int
    """The room's newest position when the caller was resolved."""

    timeout: int
    """Seconds that the client is ready to wait; 0 for not at all."""

    session_pks: Sequence[int]
    """Sessions that count as pinging while the poll waits."""

    guest_session_pk: int | None
    """The guest's session, with whose end the poll ends; None for users."""

    after: int
    """Id of the newest message that the client knows."""

    limit: int
    """Messages that one answer may hold."""

    respond: Callable[[Page | None], Response]
    """Make the answer from what was found; from nothing, that there is no news."""

    complete: Callable[[Callable[[], Response]], HttpResponseBase]
    """Run what makes an answer and finish it as the view would have done."""

    def read(self) -> Page:
        """Read what is new for the client; an empty page when nothing is."""
        return read_newer(room_id=self.room_id, after=self.after, limit=self.limit)


Wait = Callable[[Poll], HttpResponseBase]
"""Waits for news, or arranges for it, and returns an answer."""


def defer_to(wait: Wait, request: HttpRequest) -> None:
    """Have the view of `request` hand its poll to `wait`."""
    setattr(request, WAIT_ATTRIBUTE, wait)


def deferred_wait(request: HttpRequest) -> Wait | None:
    """Return what `defer_to` has set, if anything."""
    return getattr(request, WAIT_ATTRIBUTE, None)


def answer_at_once(poll: Poll) -> HttpResponseBase:
    """Look once and answer, whatever the client's timeout is."""
    return poll.respond(poll.read())
