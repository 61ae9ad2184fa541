"""How a poll waits inside Django's own handler: it holds its worker and looks.

That is what remains under plain WSGI, and under ASGI without `talk.asgi`. The wait is
short, and a process allows few at a time, so that polls cannot take all workers.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from django.http import HttpResponseBase

from talk.api.polls import Poll
from talk.conf import talk_settings
from talk.domain.chat import newest_position

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
        NotFound: the room was deleted meanwhile.
    """
    page = poll.read()
    if page.messages or not poll.timeout:
        return poll.respond(page)
    if not slots.take(talk_settings().FALLBACK_POLLS_MAX):
        return poll.respond(None)
    try:
        return _wait(poll, clock, sleep)
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
        position = newest_position(room_id=poll.room_id)
        if position > seen:
            seen = position
            page = poll.read()
            if page.messages:
                return poll.respond(page)
    return poll.respond(None)
