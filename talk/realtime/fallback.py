"""How a poll waits inside Django's own handler: it holds its worker and looks.

That is what remains under plain WSGI, and under ASGI without `talk.asgi`. The wait is
short, and a process allows few at a time, so that polls cannot take all workers.
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

LOOK_SECONDS = 1.0
"""Pause between two looks; each is one query by primary key."""


class Slots:
    """Counts the polls that hold a worker of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken = 0

    def take(self, most: int) -> bool:
        """Take a slot unless `most` are taken; tell whether there was one."""
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
    """Look, sleep and look again until there is news or the time is up.

    Raises:
        NotFound: the room, or the session that the poll depends on, is gone.
    """
    poll.begin(timezone.now())
    look = poll.look_first()
    if look.news is not None:
        return _deliver(poll, look)
    if not poll.timeout or not slots.take(talk_settings().FALLBACK_POLLS_MAX):
        return poll.expire()
    try:
        return _wait(poll, clock, sleep)
    except NotFound as error:
        return poll.fail(error)
    finally:
        slots.release()


def _wait(
    poll: Poll, clock: Callable[[], float], sleep: Callable[[float], None]
) -> HttpResponseBase:
    longest = min(poll.timeout, talk_settings().FALLBACK_POLL_SECONDS_MAX)
    deadline = clock() + longest
    seen = poll.position
    while (left := deadline - clock()) > 0:
        sleep(min(LOOK_SECONDS, left))
        _require_session(poll)
        look = poll.look_after(seen)
        seen = max(seen, look.position)
        if look.news is not None:
            return _deliver(poll, look)
    return poll.expire()


def _require_session(poll: Poll) -> None:
    """Check that the session is still there that the poll depends on.

    Raises:
        NotFound: it has ended.
    """
    own = poll.session_pk
    if poll.needs_session and own is not None and ended_sessions(pks=[own]):
        raise NotFound


def _deliver(poll: Poll, look: PollResult) -> HttpResponseBase:
    """Answer; a worker does not learn whether that arrives."""
    response = poll.respond(look.news)
    poll.confirm(look.news, is_sent=True)
    return response
