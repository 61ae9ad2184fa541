"""Waiters, one for each poll, and the rooms that they wait for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from talk.api.polls.base import Poll, PollResult
from talk.api.responses import RenderedResponse
from talk.hints import HintKind
from talk.realtime.message_cache import MessageCache
from talk.realtime.outcomes import Outcome
from talk.realtime.remembered_callers import RememberedCaller

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
"""The function that gives an ASGI application the next event of its client."""


class Waiter:
    """One poll that waits for a room to change."""

    __slots__ = (
        "_is_interrupted",
        "_is_woken",
        "_sleeper",
        "began",
        "deadline",
        "news",
        "outcome",
        "poll",
        "position",
        "remembered",
    )

    def __init__(
        self, remembered: RememberedCaller, poll: Poll, *, began: float, deadline: float
    ) -> None:
        self.remembered = remembered
        self.poll = poll
        self.position = poll.position
        """The version of the room that the waiter knows, as hints of its kind count."""
        self.began = began
        self.deadline = deadline
        """When the wait ends, by the clock of the event loop."""
        self.news: PollResult | RenderedResponse | None = None
        """The news that was found for the poll."""
        self.outcome: Outcome | None = None
        """How the poll ends; None while that is not decided."""
        self._is_woken = False
        self._is_interrupted = False
        self._sleeper: asyncio.Task[Any] | None = None

    @property
    def is_asleep(self) -> bool:
        """Whether its task is inside `wait`."""
        return self._sleeper is not None and not self._is_interrupted

    def set_outcome(self, outcome: Outcome) -> Outcome:
        """Decide how the poll ends, unless that is decided; return the outcome.

        `Outcome.replaces` has the exceptions.
        """
        if self.outcome is None or outcome.replaces(self.outcome):
            self.outcome = outcome
        return self.outcome

    def set_news(self, news: PollResult | RenderedResponse) -> None:
        """Keep what was found and let the poll end with it."""
        self.news = news
        self.set_outcome(Outcome.ANSWERED)

    def end(self, outcome: Outcome) -> None:
        """Set the outcome and wake the waiter."""
        self.set_outcome(outcome)
        self.wake()

    def wake(self) -> None:
        """End `wait`, or the next call of it."""
        self._is_woken = True
        self._interrupt()

    async def wait(self, receive: Receive) -> bool:
        """Wait for a wake-up, for the client to disconnect, or for the deadline.

        Returns whether the waiter was woken, be it before the call. The task itself
        listens to the client and is interrupted as `asyncio.timeout` does it, which
        saves a second task for each waiter.
        """
        task = asyncio.current_task()
        if task is not None and not self._is_woken:
            cancelling = task.cancelling()
            alarm = task.get_loop().call_at(self.deadline, self._interrupt)
            self._sleeper = task
            try:
                while not self._is_interrupted:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        self.set_outcome(Outcome.DISCONNECTED)
                        break
            except asyncio.CancelledError:
                if not self._is_interrupted or task.cancelling() > cancelling + 1:
                    raise
            finally:
                alarm.cancel()
                self._sleeper = None
                if self._is_interrupted:
                    self._is_interrupted = False
                    task.uncancel()
        was_woken, self._is_woken = self._is_woken, False
        return was_woken

    def _interrupt(self) -> None:
        if self._sleeper is not None and not self._is_interrupted:
            self._is_interrupted = True
            self._sleeper.cancel()


@dataclass(slots=True, eq=False)
class WaitedRoom:
    """The waiters of one room, and what the process knows about the room."""

    cache: MessageCache
    idle_since: float
    """When its last waiter left, by the clock of the event loop."""

    waiters: set[Waiter] = field(default_factory=set)
    newest_by_session: dict[tuple[HintKind, int], Waiter] = field(default_factory=dict)
    """The newest waiter of each session. A session waits once for each kind of news."""

    presence_version: int = 0
    """The newest `presence_version` that a hint or a query has told."""

    sessions_without_news: set[int] = field(default_factory=set)
    """Sessions whose signaling queue is empty and that know the presence version.

    Waking a session removes it.
    """

    def add(self, waiter: Waiter) -> Waiter | None:
        """Add a waiter; return the older waiter of the same session, if there is one."""
        self.waiters.add(waiter)
        poll = waiter.poll
        if poll.session_pk is None:
            return None
        older = self.newest_by_session.get((poll.kind, poll.session_pk))
        self.newest_by_session[poll.kind, poll.session_pk] = waiter
        return older

    def remove(self, waiter: Waiter) -> None:
        """Remove a waiter."""
        self.waiters.discard(waiter)
        poll = waiter.poll
        if poll.session_pk is None:
            return
        if self.newest_by_session.get((poll.kind, poll.session_pk)) is waiter:
            del self.newest_by_session[poll.kind, poll.session_pk]

    def waiters_for(self, kind: HintKind) -> list[Waiter]:
        """Return the waiters for one kind of news, asleep or not."""
        return [waiter for waiter in self.waiters if waiter.poll.kind is kind]

    def sleeping_waiters(self) -> list[Waiter]:
        """Return the waiters for messages that are asleep at this moment."""
        return [
            waiter
            for waiter in self.waiters
            if waiter.is_asleep and waiter.poll.kind is HintKind.TIMELINE
        ]
