"""The hub: who is woken, by what, and what a wake-up costs."""

from __future__ import annotations

import asyncio
import logging
import threading
from contextlib import ExitStack

import pytest

from talk import hints
from talk.conf import talk_settings
from talk.exceptions import NotFound
from talk.hints import Hint
from talk.models import BATCH
from talk.realtime import hub as hub_module
from talk.realtime.hub import SLICE, current_hub, stop_hub
from tests.realtime.conftest import make_poll

pytestmark = pytest.mark.asyncio

NEVER = 30.0


def nobody_leaves() -> asyncio.Future[object]:
    return asyncio.get_running_loop().create_future()


async def settle() -> None:
    """Let everything run that can run without waiting."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_hint_wakes_who_waits_for_its_room(hub) -> None:
    with hub.subscribe(make_poll()) as waiter:
        waiting = asyncio.create_task(waiter.wait(nobody_leaves(), NEVER))
        await settle()
        hub.hear([Hint(room_id=1, position=3)])
        assert await waiting is True


async def test_a_hint_leaves_other_rooms_asleep(hub) -> None:
    with hub.subscribe(make_poll(room_id=2)) as waiter:
        hub.hear([Hint(room_id=1, position=3)])
        assert await waiter.wait(nobody_leaves(), 0) is False


async def test_a_hint_of_what_is_known_wakes_nobody(hub) -> None:
    with hub.subscribe(make_poll(position=3)) as waiter:
        hub.hear([Hint(room_id=1, position=3)])
        assert await waiter.wait(nobody_leaves(), 0) is False


async def test_a_hint_between_look_and_wait_is_not_lost(hub, database) -> None:
    with hub.subscribe(make_poll()) as waiter:
        assert await hub.look(waiter) is None
        hub.hear([Hint(room_id=1, position=3)])
        assert await waiter.wait(nobody_leaves(), NEVER) is True


async def test_a_hint_during_a_look_that_missed_it_is_not_lost(hub, database) -> None:
    database.gate.clear()
    with hub.subscribe(make_poll()) as waiter:
        look = asyncio.create_task(hub.look(waiter))
        await asyncio.to_thread(database.entered.wait, NEVER)
        database.rooms[1].append(30)
        hub.hear([Hint(room_id=1, position=3)])
        database.gate.set()

        assert await look is None
        assert await waiter.wait(nobody_leaves(), NEVER) is True
        assert [message.pk for message in (await hub.look(waiter)).messages] == [30]


async def test_who_was_admitted_after_a_look_began_does_not_trust_it(
    hub, database
) -> None:
    database.gate.clear()
    with (
        hub.subscribe(make_poll()) as early,
        hub.subscribe(make_poll(position=3)) as late,
    ):
        first = asyncio.create_task(hub.look(early))
        await asyncio.to_thread(database.entered.wait, NEVER)
        database.rooms[1].append(30)
        second = asyncio.create_task(hub.look(late))
        await settle()
        database.gate.set()

        assert await first is None
        assert [message.pk for message in (await second).messages] == [30]


async def test_a_lagging_database_does_not_make_a_look_turn_in_circles(hub) -> None:
    with hub.subscribe(make_poll(position=9)) as waiter:
        assert await hub.look(waiter) is None
        assert waiter.position == 9


async def test_all_waiters_of_a_room_share_one_look(hub, database) -> None:
    with ExitStack() as stack:
        crowd = [stack.enter_context(hub.subscribe(make_poll())) for _ in range(50)]
        database.rooms[1].append(30)
        hub.hear([Hint(room_id=1, position=3)])
        pages = await asyncio.gather(*(hub.look(waiter) for waiter in crowd))

    assert {page.messages[0].pk for page in pages} == {30}
    assert database.looks == 1


async def test_waiters_who_know_different_things_do_not_share_a_look(
    hub, database
) -> None:
    with (
        hub.subscribe(make_poll(after=0)) as new,
        hub.subscribe(make_poll(after=10)) as old,
    ):
        pages = await asyncio.gather(hub.look(new), hub.look(old))

    assert [[m.pk for m in page.messages] for page in pages] == [[10, 20], [20]]


async def test_the_look_of_a_deleted_room_says_so(hub, database) -> None:
    with hub.subscribe(make_poll()) as waiter:
        del database.rooms[1]
        with pytest.raises(NotFound):
            await hub.look(waiter)


async def test_a_failed_look_is_not_kept(hub, database) -> None:
    with hub.subscribe(make_poll()) as waiter:
        messages = database.rooms.pop(1)
        with pytest.raises(NotFound):
            await hub.look(waiter)
        database.rooms[1] = messages
        assert await hub.look(waiter) is None


async def test_a_client_that_leaves_ends_the_wait(hub) -> None:
    gone = nobody_leaves()
    with hub.subscribe(make_poll()) as waiter:
        waiting = asyncio.create_task(waiter.wait(gone, NEVER))
        await settle()
        gone.set_result({"type": "http.disconnect"})
        assert await waiting is False


async def test_who_has_left_is_not_counted(hub) -> None:
    with hub.subscribe(make_poll()), hub.subscribe(make_poll()):
        assert hub.waiter_count == 2
    assert hub.waiter_count == 0


async def test_the_regular_look_finds_what_no_hint_told(hub, database) -> None:
    with hub.subscribe(make_poll()) as waiter:
        database.rooms[1].append(30)
        await hub.look_at_all()
        assert await waiter.wait(nobody_leaves(), 0) is True


async def test_the_regular_look_lets_sleep_who_misses_nothing(hub) -> None:
    with hub.subscribe(make_poll()) as waiter:
        await hub.look_at_all()
        assert await waiter.wait(nobody_leaves(), 0) is False


async def test_the_regular_look_wakes_for_a_deleted_room(hub, database) -> None:
    with hub.subscribe(make_poll()) as waiter:
        del database.rooms[1]
        await hub.look_at_all()
        assert await waiter.wait(nobody_leaves(), 0) is True


async def test_waiting_sessions_are_pinged_in_chunks(hub, database) -> None:
    with ExitStack() as stack:
        for pk in range(BATCH + 1):
            stack.enter_context(hub.subscribe(make_poll(room_id=pk, session_pks=(pk,))))
        await hub.ping_all()
    await hub.ping_all()

    assert database.pinged == [list(range(BATCH)), [BATCH]]


async def test_a_crowd_is_woken_in_slices(hub) -> None:
    with ExitStack() as stack:
        crowd = [
            stack.enter_context(hub.subscribe(make_poll())) for _ in range(3 * SLICE)
        ]
        hub.hear([Hint(room_id=1, position=3)])
        assert sum(waiter._is_rung for waiter in crowd) == SLICE
        await settle()
        assert all(waiter._is_rung for waiter in crowd)


async def test_draining_wakes_everybody(hub) -> None:
    with (
        hub.subscribe(make_poll()) as one,
        hub.subscribe(make_poll(room_id=2)) as other,
    ):
        hub.drain()
        assert await one.wait(nobody_leaves(), NEVER) is True
        assert await other.wait(nobody_leaves(), NEVER) is True
    assert hub.is_draining


async def test_hints_of_this_process_need_no_channel_layer(hub, database) -> None:
    hub.start()
    with hub.subscribe(make_poll()) as waiter:
        await asyncio.to_thread(hints.publish, [Hint(room_id=1, position=3)])
        assert await waiter.wait(nobody_leaves(), NEVER) is True


async def test_a_database_that_fails_does_not_end_the_regular_look(
    hub, database, settings, caplog
) -> None:
    settings.TALK = {"POLL_LOOK_SECONDS": 0.001}
    with hub.subscribe(make_poll()) as waiter, caplog.at_level(logging.CRITICAL):
        database.fails = True
        hub.start()
        await asyncio.to_thread(database.failed.wait, NEVER)
        database.fails = False
        database.rooms[1].append(30)
        assert await waiter.wait(nobody_leaves(), NEVER) is True


async def test_one_event_loop_has_one_hub(database) -> None:
    hub = current_hub()
    assert current_hub() is hub
    await stop_hub()


async def test_a_stopped_hub_has_no_successor(database) -> None:
    hub = current_hub()
    await stop_hub()
    assert current_hub() is hub
    assert hub.is_stopped


async def test_hubs_of_loops_that_have_ended_are_let_go(database) -> None:
    async def start() -> object:
        return current_hub()

    ended = await asyncio.to_thread(asyncio.run, start())
    assert ended in hub_module._hubs.values()
    current_hub()
    assert ended not in hub_module._hubs.values()
    await stop_hub()


async def test_stopping_waits_for_answers_under_way(hub) -> None:
    with hub.serving():
        stopping = asyncio.create_task(hub.stop())
        await settle()
        assert not hub.is_stopped
    await stopping
    assert hub.is_stopped


async def test_slow_admissions_do_not_delay_a_look(hub, settings) -> None:
    hashing, done = threading.Event(), threading.Event()

    def hash_password() -> None:
        hashing.set()
        done.wait(NEVER)

    crowd = 2 * talk_settings().POLL_THREADS
    admissions = [
        asyncio.create_task(hub.admissions.run(hash_password)) for _ in range(crowd)
    ]
    await asyncio.to_thread(hashing.wait, NEVER)
    with hub.subscribe(make_poll()) as waiter:
        assert await hub.look(waiter) is None
    done.set()
    await asyncio.gather(*admissions)


async def test_a_stopped_hub_hears_nothing_and_leaves_no_task(database) -> None:
    before = asyncio.all_tasks()
    hub = current_hub()
    await stop_hub()
    hints.publish([Hint(room_id=1, position=3)])

    assert asyncio.all_tasks() == before
    assert hub.waiter_count == 0
