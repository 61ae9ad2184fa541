"""The comparison with the database, which finds what a lost hint would have told."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import partial

from talk.domain.progress import RoomVersions
from talk.hints import HintKind
from talk.models import in_batches
from talk.realtime.database import Database
from talk.realtime.database_threads import DatabaseThreads
from talk.realtime.outcomes import Outcome
from talk.realtime.remembered_callers import RememberedCallers
from talk.realtime.waited_rooms import WaitedRooms
from talk.realtime.waiters import WaitedRoom
from talk.realtime.waking import RoomWaker

CHECK_EVERYONE_EVERY = 6
"""Every sixth scheduled reconciliation checks the callers of all rooms. The others check
the rooms whose presence version has changed, which most changes of rights do change."""


class Reconciler:
    """Brings waiters and remembered callers up to date with the database."""

    def __init__(
        self,
        rooms: WaitedRooms,
        remembered_callers: RememberedCallers,
        waker: RoomWaker,
        threads: DatabaseThreads,
        database: Database,
    ) -> None:
        self._rooms = rooms
        self._remembered_callers = remembered_callers
        self._waker = waker
        self._threads = threads
        self._database = database
        self._scheduled_runs = 0
        """Scheduled reconciliations so far, without those that failed."""
        self._versions: dict[int, int] = {}
        """Presence versions by room, as of the last reconciliation."""
        self._earlier_versions: dict[int, int] = {}
        """Presence versions by room, as of the one before."""

    async def reconcile_on_schedule(self) -> None:
        """Reconcile; every `CHECK_EVERYONE_EVERY` times check everyone."""
        everyone = self._scheduled_runs % CHECK_EVERYONE_EVERY == 0
        await self.reconcile(everyone=everyone)
        self._scheduled_runs += 1

    async def reconcile_after_gap(self) -> None:
        """Reconcile after a time without hints: no remembered caller is trusted."""
        self._remembered_callers.drop_all()
        await self.reconcile()

    async def reconcile(self, *, everyone: bool = False) -> None:
        """Find what has changed for waiters and remembered callers.

        One query for each 500 rooms and each 500 signaling queues. Callers are checked
        in rooms whose presence version has changed, or with `everyone` in all rooms:
        one query for each 500 sessions and each 500 participants. A change is checked
        in two reconciliations, because the first may miss a caller who is just being
        admitted.
        """
        room_ids = sorted({*self._rooms.ids, *self._remembered_callers.room_ids})
        current: dict[int, RoomVersions] = {}
        for batch in in_batches(room_ids):
            query = partial(self._database.room_versions, room_ids=batch)
            current |= await self._threads.run(query)
        versions = {pk: found.presence_version for pk, found in current.items()}
        known = {} if everyone else self._earlier_versions
        changed = [pk for pk, version in versions.items() if known.get(pk) != version]
        # Removed participants first, so that they get nothing that was sent later.
        await self._check_callers(changed)
        for room_id in room_ids:
            self._compare_room(room_id, current.get(room_id))
        await self._compare_signaling_queues()
        self._earlier_versions, self._versions = self._versions, versions

    async def end_departed(self, room_id: int, suspended_at: int | None) -> None:
        """End the polls of a room whose session or participant no longer exists.

        All polls if the room is gone. Removed participants first get the message that
        says so. A few queries for each hint. `suspended_at` is the result of
        `RememberedCallers.suspend_room`.
        """
        query = partial(self._database.room_versions, room_ids=[room_id])
        current = await self._threads.run(query)
        self._compare_room(room_id, current.get(room_id))
        room = self._rooms.get(room_id)
        if room is not None:
            await self._waker.finish_reading(room)
        await self._check_callers([room_id])
        if suspended_at is not None:
            self._remembered_callers.resume_room(room_id, suspended_at)

    def _compare_room(self, room_id: int, current: RoomVersions | None) -> None:
        """Wake a room's waiters for changes; `current` is None for a deleted room."""
        if current is None:
            self._remembered_callers.drop_room(room_id)
        room = self._rooms.get(room_id)
        if room is None:
            return
        if current is None:
            self._rooms.end_polls(room.waiters, Outcome.NOT_FOUND)
            return
        room.cache.note_position(current.position)
        if room.cache.is_behind and room.waiters:
            self._waker.wake(room)
        self._rooms.note_presence_version(room, current.presence_version)

    async def _compare_signaling_queues(self) -> None:
        session_pks = {
            waiter.poll.session_pk
            for room in self._rooms
            for waiter in room.waiters_for(HintKind.PRESENCE)
            if waiter.poll.session_pk is not None
        }
        for batch in in_batches(sorted(session_pks)):
            find = partial(
                self._database.sessions_with_queued_messages, session_pks=batch
            )
            queued = await self._threads.run(find)
            for room in self._rooms:
                self._rooms.wake_sessions(room, queued)

    async def _check_callers(self, room_ids: Collection[int]) -> None:
        """Find callers of rooms, waiting or remembered, who have lost their rights."""
        found = [self._rooms.get(room_id) for room_id in room_ids]
        rooms = [room for room in found if room is not None]
        await self._check_sessions(rooms)
        await self._check_participants(room_ids, rooms)

    async def _check_sessions(self, rooms: Iterable[WaitedRoom]) -> None:
        """End the polls that need a session that has ended."""
        needed = {
            waiter: waiter.poll.session_pk
            for room in rooms
            for waiter in room.waiters
            if waiter.poll.needs_session
            and waiter.poll.session_pk is not None
            and waiter.outcome is not Outcome.NOT_FOUND
        }
        ended = await self._ended_sessions(set(needed.values()))
        departed = [waiter for waiter, pk in needed.items() if pk in ended]
        self._rooms.end_polls(departed, Outcome.NOT_FOUND)

    async def _check_participants(
        self, room_ids: Iterable[int], rooms: Iterable[WaitedRoom]
    ) -> None:
        """End the polls of lost participants, and forget callers to be admitted again.

        Forgotten are lost participants and, of the callers remembered in `room_ids`,
        those who have lost one of their sessions.
        """
        sessions = self._remembered_callers.sessions_by_participant(room_ids)
        waiters = [waiter for room in rooms for waiter in room.waiters]
        waiting = {waiter.poll.participant_pk for waiter in waiters}
        lost: set[int] = set()
        for batch in in_batches(sorted(waiting.union(sessions))):
            query = partial(self._database.participants_without_access, batch)
            lost |= await self._threads.run(query)
        departed = [one for one in waiters if one.poll.participant_pk in lost]
        self._rooms.end_polls(departed, Outcome.NOT_FOUND)
        ended = await self._ended_sessions(
            {pk for pks in sessions.values() for pk in pks}
        )
        if ended:
            lost |= {pk for pk in sessions if not ended.isdisjoint(sessions[pk])}
        self._remembered_callers.drop_participants(lost)

    async def _ended_sessions(self, session_pks: Collection[int]) -> set[int]:
        ended: set[int] = set()
        for batch in in_batches(sorted(session_pks)):
            query = partial(self._database.ended_sessions, pks=batch)
            ended |= await self._threads.run(query)
        return ended
