"""Long polls inside Django's own handler: each holds its worker and checks for news.

This is how polls wait under WSGI, and under ASGI without `talk.asgi`. The wait is short,
and a process allows few polls to wait at a time, so that they cannot take all workers.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from django.http import HttpResponseBase
from django.utils import timezone

from talk.api.polls.base import Poll, PollResult
from talk.conf import talk_settings
from talk.domain.sessions import ended_sessions
from talk.exceptions import NotFound

CHECK_SECONDS = 1.0
"""Pause between two checks; each is one query by primary key."""


class Slots:
    """Counts the polls that hold a worker of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken = 0

    def take(self, most: int) -> bool:
        """Take a slot and return True; return False if `most` are taken already."""
        with self._lock:
            if self._taken >= most:
                return False
            self._taken += 1
            return True

    def release(self) -> None:
        """Give a slot back."""
        with self._lock:
            self._taken -= 1


slots = Slots()


def wait_in_worker(
    poll: Poll,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> HttpResponseBase:
    """Run a poll: fetch its news, wait for them if there are none, and respond.

    Raises:
        NotFound: the room, or the session that the poll depends on, is gone.
    """
    poll.begin(timezone.now())
    result = poll.fetch_first_news()
    may_wait = result.news is None and poll.timeout > 0
    if may_wait and slots.take(talk_settings().FALLBACK_POLLS_MAX):
        try:
            result = _wait_for_news(poll, clock, sleep)
        except NotFound as error:
            return poll.respond_to_error(error)
        finally:
            slots.release()
    if result.news is None:
        return poll.respond_without_news()
    response = poll.respond(result.news)
    # A worker does not learn whether its response arrives.
    poll.confirm(result.news, is_sent=True)
    return response


def _wait_for_news(
    poll: Poll, clock: Callable[[], float], sleep: Callable[[float], None]
) -> PollResult:
    """Check for news until there are some or the time is up.

    Raises:
        NotFound: the room, or the session that the poll depends on, is gone.
    """
    seconds = min(poll.timeout, talk_settings().FALLBACK_POLL_SECONDS_MAX)
    deadline = clock() + seconds
    result = PollResult(position=poll.position, news=None)
    while result.news is None and (left := deadline - clock()) > 0:
        sleep(min(CHECK_SECONDS, left))
        _check_session(poll)
        found = poll.fetch_news_after(result.position)
        position = max(result.position, found.position)
        result = PollResult(position=position, news=found.news)
    return result


def _check_session(poll: Poll) -> None:
    """Check that the session that the poll depends on has not ended.

    Raises:
        NotFound: it has ended.
    """
    pk = poll.session_pk
    if poll.needs_session and pk is not None and ended_sessions(pks=[pk]):
        raise NotFound
