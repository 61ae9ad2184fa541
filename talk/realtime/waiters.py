"""Who waits: one waiter a poll, and the room that they wait for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from talk.api.polls.base import Poll
from talk.api.responses import RenderedResponse
from talk.hints import HintKind
from talk.realtime.message_cache import MessageCache
from talk.realtime.remembered_callers import RememberedCaller

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
"""What an ASGI application hears of its client by."""


class Waiter:
    """One poll that waits for a room to change."""

    __slots__ = (
        "_is_interrupted",
        "_is_rung",
        "_sleeper",
        "answer",
        "began",
        "deadline",
        "is_doubted",
        "is_gone",
        "is_over",
        "is_superseded",
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
        """How far the waiter knows that the room has come."""
        self.began = began
        self.deadline = deadline
        """When to give up, by the clock of the event loop."""
        self.answer: RenderedResponse | None = None
        """What somebody else has found for it."""
        self.is_doubted = False
        """Whether its caller has to be admitted anew, with the next poll."""
        self.is_gone = False
        """Whether its client has hung up while it waited."""
        self.is_over = False
        """Whether the room, the caller's place in it or the session needed is gone."""
        self.is_superseded = False
        """Whether a newer poll of the same session has taken over."""
        self._is_rung = False
        self._is_interrupted = False
        self._sleeper: asyncio.Task[Any] | None = None

    @property
    def is_asleep(self) -> bool:
        """Whether it waits for its bell at this moment."""
        return self._sleeper is not None and not self._is_interrupted

    def ring(self) -> None:
        """Wake the waiter, or keep it from falling asleep."""
        self._is_rung = True
        self._interrupt()

    def supersede(self) -> None:
        """Have it end, because a newer poll of its session waits."""
        self.is_superseded = True
        self.ring()

    async def wait(self, receive: Receive) -> bool:
        """Wait until rung, until the client has gone or the time is up.

        Returns whether it was rung, also if that was before the call. It listens to
        the client itself, and is interrupted as by `asyncio.timeout`: a task less for
        each who waits.
        """
        task = asyncio.current_task()
        if task is not None and not self._is_rung and not self.is_gone:
            cancelling = task.cancelling()
            alarm = task.get_loop().call_at(self.deadline, self._interrupt)
            self._sleeper = task
            try:
                while not self._is_interrupted and not self.is_gone:
                    message = await receive()
                    self.is_gone = message["type"] == "http.disconnect"
            except asyncio.CancelledError:
                if not self._is_interrupted or task.cancelling() > cancelling + 1:
                    raise
            finally:
                alarm.cancel()
                self._sleeper = None
                if self._is_interrupted:
                    self._is_interrupted = False
                    task.uncancel()
        was_rung, self._is_rung = self._is_rung, False
        return was_rung

    def _interrupt(self) -> None:
        if self._sleeper is not None and not self._is_interrupted:
            self._is_interrupted = True
            self._sleeper.cancel()


@dataclass(slots=True)
class WaitedRoom:
    """The waiters of one room, and what the process knows of it."""

    timeline: MessageCache
    idle_since: float
    """When its last waiter went, by the clock of the event loop."""

    waiters: set[Waiter] = field(default_factory=set)
    by_session: dict[tuple[HintKind, int], Waiter] = field(default_factory=dict)
    """The newest waiter of each session; a session waits once for news of a kind."""

    people_version: int = 0
    """How often its people have changed, as far as hints have told."""

    quiet: set[int] = field(default_factory=set)
    """Sessions that nothing of signaling is new for; who is rung is no more of them."""

    waking: asyncio.Task[None] | None = None
    """What reads its new messages and hands them out."""

    def enter(self, waiter: Waiter) -> Waiter | None:
        """Let somebody in; return the older waiter of the same session, if there is one."""
        self.waiters.add(waiter)
        poll = waiter.poll
        if poll.session_pk is None:
            return None
        older = self.by_session.get((poll.kind, poll.session_pk))
        self.by_session[poll.kind, poll.session_pk] = waiter
        return older

    def leave(self, waiter: Waiter) -> None:
        """Let somebody out."""
        self.waiters.discard(waiter)
        poll = waiter.poll
        if poll.session_pk is None:
            return
        if self.by_session.get((poll.kind, poll.session_pk)) is waiter:
            del self.by_session[poll.kind, poll.session_pk]

    def sleepers(self) -> list[Waiter]:
        """Return those who wait for messages at this moment."""
        return [
            waiter
            for waiter in self.waiters
            if waiter.is_asleep and waiter.poll.kind is HintKind.TIMELINE
        ]
