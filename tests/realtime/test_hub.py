"""The hub: which waiters are woken, by what, and at which cost."""

from __future__ import annotations

import asyncio
import logging
import threading
from contextlib import ExitStack, suppress
from typing import Any

import pytest

from talk import hints
from talk.conf import talk_settings
from talk.exceptions import NotFound
from talk.hints import Hint, HintKind
from talk.models import BATCH
from talk.realtime import hub as hub_module
from talk.realtime import waited_rooms
from talk.realtime.hub import Hub, current_hub, stop_hub
from talk.realtime.outcomes import Outcome
from talk.realtime.waited_rooms import WAKE_SLICE
from talk.realtime.waiters import Waiter
from talk.rendering.readers import Reader
from tests.realtime.conftest import (
    SYSTEM_USER,
    FakeDatabase,
    asleep,
    ids_in,
    make_caller,
    make_poll,
    no_event,
    reader_in,
    settle,
    waiting_in,
    waiting_on,
)

pytestmark = pytest.mark.asyncio

NEVER = 30.0
NEWS = Hint(room_id=1, position=3)


async def begin_reading(hub: Hub, database: FakeDatabase) -> None:
    """Dispatch a hint about a message with the id 30, and return while it is being read.

    The reading goes on when the database's gate is opened.
    """
    database.entered.clear()
    database.gate.clear()
    database.rooms[1].append(30)
    hub.dispatcher.dispatch([NEWS])
    await asyncio.to_thread(database.entered.wait, NEVER)


async def news_for(hub: Hub, waiter: Waiter) -> Any:
    """Return the news for a waiter that was woken."""
    return (
        waiter.news if waiter.news is not None else await hub.waker.fetch_news(waiter)
    )


async def still_asleep(hub: Hub, *tasks: asyncio.Task[bool]) -> bool:
    """Whether all are asleep after the effects of a hint."""
    while any(hub.waker.reading_of(room) for room in hub.rooms):
        for room in hub.rooms:
            await hub.waker.finish_reading(room)
    await settle()
    is_asleep = not any(task.done() for task in tasks)
    for task in tasks:
        task.cancel()
    return is_asleep


async def test_a_hint_wakes_the_waiters_of_its_room(hub, database) -> None:
    with waiting_in(hub) as waiter:
        (waiting,) = await asleep(hub, waiter)
        database.rooms[1].append(30)
        hub.dispatcher.dispatch([NEWS])
        assert await waiting is True
        assert ids_in(await news_for(hub, waiter)) == [30]


async def test_a_hint_does_not_wake_waiters_of_other_rooms(hub, database) -> None:
    database.rooms[2] = [10, 20]
    with waiting_in(hub, room_id=2) as waiter:
        tasks = await asleep(hub, waiter)
        database.rooms[1].append(30)
        hub.dispatcher.dispatch([NEWS])
        assert await still_asleep(hub, *tasks)


async def test_a_hint_of_a_known_position_costs_no_query(hub, database) -> None:
    with waiting_in(hub) as waiter:
        tasks = await asleep(hub, waiter)
        reads = database.reads
        hub.dispatcher.dispatch([Hint(room_id=1, position=2)])
        assert await still_asleep(hub, *tasks)
    assert database.reads == reads


async def test_a_hint_of_a_rolled_back_message_wakes_nobody(hub, database) -> None:
    with waiting_in(hub) as waiter:
        tasks = await asleep(hub, waiter)
        hub.dispatcher.dispatch([NEWS])
        assert await still_asleep(hub, *tasks)


async def test_a_message_after_a_rolled_back_one_is_not_lost(hub, database) -> None:
    with waiting_in(hub) as waiter:
        (waiting,) = await asleep(hub, waiter)
        hub.dispatcher.dispatch([NEWS])
        await hub.waker.finish_reading(hub.rooms.get(1))
        database.rooms[1].append(30)
        hub.dispatcher.dispatch([NEWS])
        assert await waiting is True


async def test_a_hint_during_a_reading_that_missed_it_is_not_lost(
    hub, database
) -> None:
    with waiting_in(hub) as waiter:
        (waiting,) = await asleep(hub, waiter)
        await begin_reading(hub, database)
        database.rooms[1].append(40)
        hub.dispatcher.dispatch([Hint(room_id=1, position=4)])
        database.gate.set()
        assert await waiting is True
        assert ids_in(await news_for(hub, waiter)) == [30]
    with waiting_in(hub, after=30, position=0) as waiter:
        assert ids_in(await hub.waker.fetch_news(waiter)) == [40]


async def test_messages_that_may_have_changed_during_a_reading_are_read_again(
    hub, database
) -> None:
    with waiting_in(hub) as waiter:
        (waiting,) = await asleep(hub, waiter)
        await begin_reading(hub, database)
        hub.rooms.get(1).cache.clear()
        database.rooms[1][-1] = 31
        database.gate.set()
        assert await waiting is True
        assert ids_in(await news_for(hub, waiter)) == [31]


async def test_a_poll_admitted_during_a_reading_gets_its_result(hub, database) -> None:
    with waiting_in(hub) as early:
        await asleep(hub, early)
        await begin_reading(hub, database)
        with waiting_in(hub, position=3) as late:
            fetch = asyncio.create_task(hub.waker.fetch_news(late))
            await settle()
            database.gate.set()
            assert ids_in(await fetch) == [30]


async def test_a_lagging_database_does_not_make_a_fetch_loop(hub) -> None:
    with waiting_in(hub, position=9) as waiter:
        assert await hub.waker.fetch_news(waiter) is None


async def test_all_waiters_of_a_room_share_one_query_and_one_rendering(
    hub, database
) -> None:
    with ExitStack() as stack:
        waiters = [stack.enter_context(waiting_in(hub)) for _ in range(50)]
        tasks = await asleep(hub, *waiters)
        database.reads = 0
        database.rooms[1].append(30)
        hub.dispatcher.dispatch([NEWS])
        assert all(await asyncio.gather(*tasks))
        answers = [waiter.news for waiter in waiters]

    assert ids_in(answers[0]) == [30]
    assert all(answer is answers[0] for answer in answers)
    assert database.reads == 1
    assert database.renderings == [None]


async def test_an_addressed_reader_gets_their_own_response(hub, database) -> None:
    own = Reader(user_id=SYSTEM_USER)
    with waiting_in(hub) as other, waiting_in(hub, reader=own) as addressed:
        tasks = await asleep(hub, other, addressed)
        database.rooms[1].append(31)
        hub.dispatcher.dispatch([NEWS])
        await asyncio.gather(*tasks)
        assert reader_in(other.news) is None
        assert reader_in(addressed.news) == SYSTEM_USER


async def test_an_addressed_reader_who_comes_later_gets_their_own_response(
    hub, database
) -> None:
    database.rooms[1] = [10, 21]
    with waiting_in(hub, after=10) as other:
        assert reader_in(await hub.waker.fetch_news(other)) is None
    own = Reader(user_id=SYSTEM_USER)
    with waiting_in(hub, after=10, reader=own) as addressed:
        assert reader_in(await hub.waker.fetch_news(addressed)) == SYSTEM_USER


async def test_waiters_that_know_different_messages_get_different_responses(
    hub, database
) -> None:
    with waiting_in(hub, after=0) as new, waiting_in(hub, after=10) as old:
        pages = await asyncio.gather(
            hub.waker.fetch_news(new), hub.waker.fetch_news(old)
        )
    assert [ids_in(page) for page in pages] == [[10, 20], [20]]


async def test_a_poll_for_messages_that_have_been_read_costs_no_query(
    hub, database
) -> None:
    with waiting_in(hub) as waiter:
        tasks = await asleep(hub, waiter)
        database.rooms[1] += [30, 40]
        hub.dispatcher.dispatch([Hint(room_id=1, position=4)])
        await asyncio.gather(*tasks)
    database.reads = 0
    with waiting_in(hub, after=30, position=4) as late:
        assert ids_in(await hub.waker.fetch_news(late)) == [40]
    assert database.reads == 0


async def test_a_poll_for_messages_that_are_not_kept_reads_the_database(
    hub, database
) -> None:
    with waiting_in(hub) as waiter:
        await hub.waker.fetch_news(waiter)
    with waiting_in(hub, after=0) as old:
        assert ids_in(await hub.waker.fetch_news(old)) == [10, 20]
    assert database.reads == 1


async def test_many_polls_for_messages_that_are_not_kept_share_one_query(
    hub, database
) -> None:
    with ExitStack() as stack:
        waiters = [stack.enter_context(waiting_in(hub, after=0)) for _ in range(50)]
        pages = await asyncio.gather(*map(hub.waker.fetch_news, waiters))
    assert all(ids_in(page) == [10, 20] for page in pages)
    assert database.reads == 1


async def test_a_poll_with_a_limit_gets_no_more_messages(hub, database) -> None:
    with waiting_in(hub, limit=1) as waiter:
        tasks = await asleep(hub, waiter)
        database.rooms[1] += [30, 40]
        hub.dispatcher.dispatch([Hint(room_id=1, position=4)])
        await asyncio.gather(*tasks)
        assert ids_in(waiter.news) == [30]


async def test_a_deleted_message_is_not_returned_from_the_cache(hub, database) -> None:
    with waiting_in(hub) as waiter:
        tasks = await asleep(hub, waiter)
        database.rooms[1] += [30, 40]
        hub.dispatcher.dispatch([Hint(room_id=1, position=4)])
        await asyncio.gather(*tasks)
    database.rooms[1].remove(30)
    hub.dispatcher.dispatch([Hint(room_id=1, position=0, kind=HintKind.DEPARTURE)])
    with waiting_in(hub) as late:
        assert ids_in(await hub.waker.fetch_news(late)) == [40]


async def test_a_fetch_in_a_deleted_room_raises_not_found(hub, database) -> None:
    with waiting_in(hub) as waiter:
        del database.rooms[1]
        with pytest.raises(NotFound):
            await hub.waker.fetch_news(waiter)


async def test_a_failed_fetch_is_not_kept(hub, database) -> None:
    with waiting_in(hub) as waiter:
        messages = database.rooms.pop(1)
        with pytest.raises(NotFound):
            await hub.waker.fetch_news(waiter)
        database.rooms[1] = messages
        assert await hub.waker.fetch_news(waiter) is None


async def test_a_disconnect_ends_the_wait(hub) -> None:
    gone = asyncio.Event()

    async def receive() -> dict[str, str]:
        await gone.wait()
        return {"type": "http.disconnect"}

    with waiting_in(hub) as waiter:
        waiting = asyncio.create_task(waiter.wait(receive))
        await settle()
        gone.set()
        assert await waiting is False
        assert waiter.outcome is Outcome.DISCONNECTED


async def test_an_earlier_disconnect_ends_the_wait_at_once(hub) -> None:
    async def receive() -> dict[str, str]:
        return {"type": "http.disconnect"}

    with waiting_in(hub) as waiter:
        assert await waiter.wait(receive) is False
        assert waiter.outcome is Outcome.DISCONNECTED


async def test_a_server_that_hides_the_interruption_does_not_hide_the_wake_up(
    hub,
) -> None:
    asked = 0

    async def receive() -> dict[str, str]:
        nonlocal asked
        asked += 1
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        return {"type": "http.request"}

    with waiting_in(hub) as waiter:
        waiting = asyncio.create_task(waiter.wait(receive))
        await settle()
        waiter.wake()
        assert await waiting is True
        assert asked == 1


async def test_other_events_of_the_client_do_not_end_the_wait(hub) -> None:
    said = iter([{"type": "http.request"}, {"type": "http.disconnect"}])

    async def receive() -> dict[str, str]:
        return next(said)

    with waiting_in(hub) as waiter:
        assert await waiter.wait(receive) is False
        assert next(said, None) is None


async def test_a_wake_up_ends_the_wait_once(hub) -> None:
    with waiting_in(hub) as waiter:
        (waiting,) = await asleep(hub, waiter)
        waiter.wake()
        waiter.wake()
        assert await waiting is True
        (waiting,) = await asleep(hub, waiter)
        assert await still_asleep(hub, waiting)


async def test_a_wake_up_leaves_no_cancellation_behind(hub) -> None:
    async def wait_and_rest(waiter: Any) -> int:
        await waiter.wait(no_event)
        await asyncio.sleep(0.001)
        task = asyncio.current_task()
        assert task is not None
        return task.cancelling()

    with waiting_in(hub) as waiter:
        waiting = asyncio.create_task(wait_and_rest(waiter))
        await settle()
        waiter.wake()
        assert await waiting == 0


async def test_a_waiter_that_is_cancelled_stays_cancelled(hub) -> None:
    with waiting_in(hub) as waiter:
        (waiting,) = await asleep(hub, waiter)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting


async def test_a_waiter_that_is_cancelled_and_woken_at_once_stays_cancelled(
    hub,
) -> None:
    with waiting_in(hub) as waiter:
        (waiting,) = await asleep(hub, waiter)
        waiter.wake()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting


async def test_a_deadline_ends_the_wait(hub) -> None:
    with waiting_in(hub, timeout=0) as waiter:
        assert await waiter.wait(no_event) is False


async def test_unsubscribed_waiters_are_not_counted(hub) -> None:
    with waiting_in(hub), waiting_in(hub):
        assert hub.rooms.waiter_count == 2
    assert hub.rooms.waiter_count == 0


async def test_reconciling_finds_messages_without_a_hint(hub, database) -> None:
    with waiting_in(hub) as waiter:
        (waiting,) = await asleep(hub, waiter)
        database.rooms[1].append(30)
        await hub.reconciler.reconcile()
        assert await waiting is True
        assert ids_in(waiter.news) == [30]


async def test_reconciling_does_not_wake_waiters_without_news(hub) -> None:
    with waiting_in(hub) as waiter:
        tasks = await asleep(hub, waiter)
        await hub.reconciler.reconcile()
        assert await still_asleep(hub, *tasks)


async def test_reconciling_ends_the_polls_of_a_deleted_room(hub, database) -> None:
    with waiting_in(hub) as waiter:
        (waiting,) = await asleep(hub, waiter)
        del database.rooms[1]
        await hub.reconciler.reconcile()
        assert await waiting is True
        assert waiter.outcome is Outcome.NOT_FOUND


async def test_waiting_sessions_are_pinged_together(hub, database) -> None:
    with ExitStack() as stack:
        for pk in range(BATCH + 1):
            stack.enter_context(waiting_in(hub, room_id=pk, session_pks=(pk,)))
        await hub.presence.ping_all()
    await hub.presence.ping_all()

    assert database.pinged == [list(range(BATCH + 1))]


async def test_many_waiters_are_woken_in_slices(hub) -> None:
    with ExitStack() as stack:
        waiters = [stack.enter_context(waiting_in(hub)) for _ in range(3 * WAKE_SLICE)]
        hub.drain()
        assert sum(waiter._is_woken for waiter in waiters) == WAKE_SLICE
        await settle()
        assert all(waiter._is_woken for waiter in waiters)


async def test_draining_wakes_all_waiters(hub) -> None:
    with waiting_in(hub) as one, waiting_in(hub, room_id=2) as other:
        hub.drain()
        assert await one.wait(no_event) is True
        assert await other.wait(no_event) is True
    assert hub.is_draining


async def test_hints_of_this_process_need_no_channel_layer(hub, database) -> None:
    hub.start()
    with waiting_in(hub) as waiter:
        (waiting,) = await asleep(hub, waiter)
        database.rooms[1].append(30)
        await asyncio.to_thread(hints.publish, [NEWS])
        assert await waiting is True


async def test_a_failing_database_does_not_end_the_reconciliation(
    hub, database, settings, caplog
) -> None:
    settings.TALK = {"POLL_RECONCILE_SECONDS": 0.001}
    with waiting_in(hub) as waiter, caplog.at_level(logging.CRITICAL):
        (waiting,) = await asleep(hub, waiter)
        database.fails = True
        hub.start()
        await asyncio.to_thread(database.failed.wait, NEVER)
        database.fails = False
        database.rooms[1].append(30)
        assert await waiting is True


async def test_one_event_loop_has_one_hub(database) -> None:
    hub = current_hub()
    assert current_hub() is hub
    await stop_hub()


async def test_a_stopped_hub_is_not_replaced(database) -> None:
    hub = current_hub()
    await stop_hub()
    assert current_hub() is hub
    assert hub.is_stopped


async def test_hubs_of_closed_loops_are_dropped(database) -> None:
    async def start() -> object:
        return current_hub()

    ended = await asyncio.to_thread(asyncio.run, start())
    assert ended in hub_module._hubs.values()
    current_hub()
    assert ended not in hub_module._hubs.values()
    await stop_hub()


async def test_stopping_waits_for_requests_in_flight(hub) -> None:
    with hub.requests_in_flight:
        stopping = asyncio.create_task(hub.stop())
        await settle()
        assert not hub.is_stopped
    await stopping
    assert hub.is_stopped


async def test_slow_admissions_do_not_delay_a_fetch(hub, settings) -> None:
    hashing, done = threading.Event(), threading.Event()

    def hash_password() -> None:
        hashing.set()
        done.wait(NEVER)

    waiters = 2 * talk_settings().POLL_THREADS
    admissions = [
        asyncio.create_task(hub.admission_threads.run(hash_password))
        for _ in range(waiters)
    ]
    await asyncio.to_thread(hashing.wait, NEVER)
    with waiting_in(hub) as waiter:
        assert await hub.waker.fetch_news(waiter) is None
    done.set()
    await asyncio.gather(*admissions)


async def test_a_stopped_hub_ignores_hints_and_leaves_no_task(database) -> None:
    before = asyncio.all_tasks()
    hub = current_hub()
    await stop_hub()
    hints.publish([NEWS])

    assert asyncio.all_tasks() == before
    assert hub.rooms.waiter_count == 0


class TestArrival:
    """Pings and read markers at the start of a poll."""

    async def test_it_pings_the_session_and_moves_the_read_marker(
        self, hub: Hub, database: FakeDatabase
    ) -> None:
        with waiting_in(hub, session_pks=(7,), comments=2) as waiter:
            await hub.presence.note_arrival(waiter)
        assert database.pinged == [[7]]
        assert database.marks == [{50: 2}]

    async def test_it_moves_no_read_marker_of_a_guest(self, hub, database) -> None:
        with waiting_in(hub, account="", comments=2) as waiter:
            await hub.presence.note_arrival(waiter)
        assert database.marks == []

    async def test_it_moves_no_read_marker_without_the_parameter(
        self, hub, database
    ) -> None:
        with waiting_in(hub, comments=2, moves_read_marker=False) as waiter:
            await hub.presence.note_arrival(waiter)
        assert database.marks == []

    async def test_a_repeated_poll_that_knows_all_messages_writes_nothing(
        self, hub, database
    ) -> None:
        poll = make_poll(session_pks=(7,))
        remembered = make_caller(poll)
        for _ in range(3):
            with waiting_on(hub, remembered, poll) as waiter:
                await hub.presence.note_arrival(waiter)
        assert database.pinged == [[7]]
        assert database.marks == [{50: 2}]

    async def test_a_client_that_missed_a_ping_of_all_is_pinged(
        self, hub, database
    ) -> None:
        poll = make_poll(session_pks=(7,))
        remembered = make_caller(poll)
        with waiting_on(hub, remembered, poll) as waiter:
            await hub.presence.note_arrival(waiter)
        await hub.presence.ping_all()
        with waiting_on(hub, remembered, poll) as waiter:
            await hub.presence.note_arrival(waiter)
        assert database.pinged == [[7], [7]]

    async def test_a_client_that_was_pinged_with_all_is_not_pinged_again(
        self, hub, database
    ) -> None:
        poll = make_poll(session_pks=(7,))
        remembered = make_caller(poll)
        with waiting_on(hub, remembered, poll):
            await hub.presence.ping_all()
        with waiting_on(hub, remembered, poll) as waiter:
            await hub.presence.note_arrival(waiter)
        assert database.pinged == [[7]]

    async def test_a_repeated_poll_after_news_moves_the_read_marker(
        self, hub, database
    ) -> None:
        poll = make_poll()
        remembered = make_caller(poll)
        with waiting_on(hub, remembered, poll) as waiter:
            await hub.presence.note_arrival(waiter)
        database.rooms[1].append(30)
        hub.dispatcher.dispatch([NEWS])
        with waiting_on(hub, remembered, poll) as waiter:
            await hub.presence.note_arrival(waiter)
        assert database.marks == [{50: 2}, {50: 3}]


class TestBounds:
    """The number of polls that may wait."""

    async def test_a_process_has_a_limit_of_waiters(self, hub, settings) -> None:
        settings.TALK = {"POLL_WAITERS_MAX": 2}
        poll = make_poll()
        with waiting_in(hub):
            assert hub.rooms.has_capacity_for(poll)
            with waiting_in(hub):
                assert not hub.rooms.has_capacity_for(poll)
        assert hub.rooms.has_capacity_for(poll)

    async def test_guests_of_one_network_have_a_limit(self, hub, settings) -> None:
        settings.TALK = {"GUEST_POLLS_MAX": 1}
        one = make_poll(account="", guest_network="192.0.2.1")
        other = make_poll(account="", guest_network="192.0.2.2")
        with waiting_in(hub, account="", guest_network="192.0.2.1"):
            assert not hub.rooms.has_capacity_for(one)
            assert hub.rooms.has_capacity_for(other)
            assert hub.rooms.has_capacity_for(make_poll())
        assert hub.rooms.has_capacity_for(one)

    async def test_a_new_poll_of_a_session_ends_its_older_one(
        self, hub, monkeypatch
    ) -> None:
        monkeypatch.setattr(waited_rooms, "SUPERSEDE_SECONDS", 0)
        with waiting_in(hub, session_pk=7) as older:
            (waiting,) = await asleep(hub, older)
            with waiting_in(hub, session_pk=7) as newer:
                assert await waiting is True
                assert older.outcome is Outcome.SUPERSEDED
                assert newer.outcome is None

    async def test_polls_of_other_sessions_are_not_superseded(
        self, hub, monkeypatch
    ) -> None:
        monkeypatch.setattr(waited_rooms, "SUPERSEDE_SECONDS", 0)
        with (
            waiting_in(hub, session_pk=7) as one,
            waiting_in(hub, session_pk=8),
            waiting_in(hub, session_pk=None),
        ):
            assert one.outcome is None

    async def test_an_older_poll_that_has_just_begun_is_superseded_later(
        self, hub, monkeypatch
    ) -> None:
        ends: list[float] = []
        loop = asyncio.get_running_loop()
        monkeypatch.setattr(loop, "call_at", lambda when, *call: ends.append(when))
        with (
            waiting_in(hub, session_pk=7) as older,
            waiting_in(hub, session_pk=7),
        ):
            assert older.outcome is None
        assert ends == [older.began + waited_rooms.SUPERSEDE_SECONDS]


async def test_idle_rooms_are_dropped(hub, monkeypatch) -> None:
    with waiting_in(hub) as waiter:
        await hub.waker.fetch_news(waiter)
    monkeypatch.setattr(waited_rooms, "IDLE_SECONDS", 0)
    with waiting_in(hub, room_id=2):
        await hub.drop_unused()
        assert hub.rooms.ids == [2]
