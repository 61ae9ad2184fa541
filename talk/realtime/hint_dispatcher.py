"""The dispatcher of hints: it decides on the effect of each kind."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from contextlib import suppress
from functools import partial

from talk.hints import Hint, HintKind
from talk.models import Message, Names
from talk.realtime.background import BackgroundTasks
from talk.realtime.reconciler import Reconciler
from talk.realtime.remembered_callers import RememberedCallers
from talk.realtime.waited_rooms import WaitedRooms
from talk.realtime.waking import RoomWaker

LOGOUT_SECONDS = 1.0
"""Delay before callers are re-admitted a second time after a logout: Django announces it
before it ends the session, and some callers may have come back in between."""


class HintDispatcher:
    """Passes hints on to waiters and remembered callers."""

    def __init__(
        self,
        rooms: WaitedRooms,
        remembered_callers: RememberedCallers,
        waker: RoomWaker,
        reconciler: Reconciler,
        background: BackgroundTasks,
    ) -> None:
        self._rooms = rooms
        self._remembered_callers = remembered_callers
        self._waker = waker
        self._reconciler = reconciler
        self._background = background
        self._loop = asyncio.get_running_loop()

    def add_written(self, message: Message, names: Names) -> None:
        """Keep a comment that this process has written for its hint; thread-safe."""
        room = self._rooms.get(message.room_id)
        if room is not None:
            room.cache.add_written(message, names)

    def dispatch_threadsafe(self, hints: list[Hint]) -> None:
        """Dispatch hints of this process; may be called in any thread."""
        with suppress(RuntimeError):  # The loop is closed.
            self._loop.call_soon_threadsafe(self.dispatch, hints)

    def dispatch(self, hints: list[Hint]) -> None:
        """Dispatch received hints."""
        accounts: set[str] = set()
        for hint in hints:
            if hint.kind is HintKind.TIMELINE:
                self._dispatch_timeline(hint)
            elif hint.kind is HintKind.ACCOUNT:
                self._remembered_callers.drop_account(hint.account)
            elif hint.kind is HintKind.LOGIN:
                accounts.add(hint.account)
            elif hint.kind is HintKind.ROOM:
                self._remembered_callers.drop_room(hint.room_id)
            elif hint.kind is HintKind.DEPARTURE:
                self._dispatch_departure(hint.room_id)
            else:
                self._dispatch_signaling(hint)
        if accounts:
            self._end_logins(accounts)
            self._loop.call_later(LOGOUT_SECONDS, self._end_logins, accounts)

    def _dispatch_timeline(self, hint: Hint) -> None:
        room = self._rooms.get(hint.room_id)
        if room is None:
            return
        room.cache.note_position(hint.position)
        if room.waiters:
            self._waker.wake(room)

    def _dispatch_signaling(self, hint: Hint) -> None:
        room = self._rooms.get(hint.room_id)
        if room is None:
            return
        if hint.kind is HintKind.PRESENCE:
            self._rooms.note_presence_version(room, hint.position)
        else:
            self._rooms.wake_sessions(room, {hint.session_pk})

    def _dispatch_departure(self, room_id: int) -> None:
        suspended_at = self._remembered_callers.suspend_room(room_id)
        room = self._rooms.get(room_id)
        if room is not None:
            room.cache.clear()
        if room is not None or suspended_at is not None:
            end = partial(self._reconciler.end_departed, room_id, suspended_at)
            self._background.run(end)

    def _end_logins(self, accounts: Collection[str]) -> None:
        """Require that all callers with these accounts are admitted again."""
        for account in accounts:
            self._remembered_callers.end_logins(account)
        self._rooms.end_polls_of_accounts(accounts)
