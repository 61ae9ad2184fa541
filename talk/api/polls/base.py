"""Long polls: what they fetch, and how they are answered."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from rest_framework.response import Response

from talk.api.admitted_requests import AdmittedRequest, attach_admitted_request
from talk.domain.presence import ReadMark, ping_sessions, raise_read_markers
from talk.hints import HintKind

DEFERRED_ATTRIBUTE = "talk_defers_polls"
"""Attribute of a Django request whose polls are run after the response."""

SERVED_BY_HEADER, SERVED_BY = "X-Talk-Served-By", "talk.asgi"
"""Header of all responses to polls that hold no worker while they wait."""


@dataclass(frozen=True, slots=True)
class PollResult:
    """The result of one fetch.

    `position` is the room's position before the fetch; `news` is None if there is
    nothing new for the client.
    """

    position: int
    news: Any | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Poll(AdmittedRequest, ABC):
    """An admitted long poll.

    It does not know how it waits, and it keeps nothing of its Django request, because
    thousands of polls wait at once. Its methods run queries or render, so call them in
    a thread; properties and `repeat` are cheap.
    """

    kind: ClassVar[HintKind]
    """The kind of news that the poll waits for."""

    is_confirmed: ClassVar[bool] = False
    """Whether `confirm` has to be called."""

    token: str

    position: int
    """The room's position when the caller was resolved, as hints of `kind` count."""

    timeout: int
    """Seconds that the client wants to wait; 0 for not at all."""

    session_pk: int | None
    """The session of the caller's device, None if the device has not joined."""

    needs_session: bool
    """Whether the poll ends when the session of the device ends."""

    comments: int = 0
    """The number of the room's comments. The caller reads them with this poll."""

    read_comments: int = 0
    """The number of comments up to the caller's read marker before the poll."""

    moves_read_marker: bool = True
    """Whether the poll moves the read marker."""

    @property
    def read_mark(self) -> ReadMark | None:
        """The caller's new read marker, None if it does not move; guests have none."""
        is_new = self.moves_read_marker and self.read_comments < self.comments
        if not self.account or not is_new:
            return None
        return ReadMark(participant_pk=self.participant_pk, comments=self.comments)

    def begin(self, now: datetime) -> None:
        """Ping the caller's sessions and move their read marker."""
        ping_sessions(pks=self.session_pks, now=now)
        if self.read_mark is not None:
            raise_read_markers({self.read_mark.participant_pk: self.read_mark.comments})

    def repeat(self, numbers: Mapping[str, int]) -> Poll:
        """Return the caller's next poll; `numbers` are the integers in its query.

        Returns the same object for the same numbers.
        """
        return self

    @abstractmethod
    def fetch_news(self) -> PollResult:
        """Fetch the news for the client.

        Raises:
            NotFound: the room, or the session that the poll depends on, is gone.
        """

    def fetch_first_news(self) -> PollResult:
        """Fetch the news for a poll that was admitted just now and has not waited.

        Raises:
            NotFound: as for `fetch_news`.
        """
        return self.fetch_news()

    def fetch_news_after(self, position: int) -> PollResult:
        """Fetch again what a fetch at `position` did not find.

        Cheaper than `fetch_news` as long as the room has not changed, if possible.

        Raises:
            NotFound: as for `fetch_news`.
        """
        return self.fetch_news()

    @abstractmethod
    def respond(self, news: Any) -> Response:
        """Return the response with the news of a `PollResult`."""

    @abstractmethod
    def respond_without_news(self) -> Response:
        """Return the response for a poll that ends without news."""

    def respond_to_error(self, error: Exception) -> Response:
        """Return the response for a poll that ends with an error.

        Raises:
            Exception: that error, unless the poll has a special response to it.
        """
        raise error

    def confirm(self, news: Any, *, is_sent: bool) -> None:
        """Learn whether the response with `news` was sent."""
        return


Wait = Callable[[Poll], HttpResponseBase]
"""Runs a poll inside Django's handler and returns its response."""


def defer_polls(request: HttpRequest) -> None:
    """Let the view of a request hand its poll over instead of running it."""
    setattr(request, DEFERRED_ATTRIBUTE, True)


def run_or_defer(poll: Poll, request: HttpRequest, *, wait: Wait) -> HttpResponseBase:
    """Return the response of a view that has admitted a poll.

    `wait` runs the poll inside the view, unless `defer_polls` was called.
    """
    if getattr(request, DEFERRED_ATTRIBUTE, False):
        return deferred_response(poll)
    return wait(poll)


def deferred_response(poll: Poll) -> Response:
    """Return a response that carries a poll through middleware, to be run afterwards.

    It is also the response to a poll of the chat that ends without news.
    """
    response = Response(status=304)
    attach_admitted_request(response, poll)
    return response


def answer_at_once(poll: Poll) -> HttpResponseBase:
    """Run a poll without waiting."""
    poll.begin(timezone.now())
    result = poll.fetch_first_news()
    if result.news is None:
        return poll.respond_without_news()
    return poll.respond(result.news)
