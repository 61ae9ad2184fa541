"""Membership of the channel layer."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from channels.layers import InMemoryChannelLayer

from talk import hints
from talk.hints import Hint
from talk.realtime import subscription as module
from talk.realtime.subscription import Subscription

pytestmark = pytest.mark.asyncio


class Recorder:
    """Records the hints of a subscription, and how often it catches up."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[list[Hint]] = asyncio.Queue()
        self.caught_up: asyncio.Queue[None] = asyncio.Queue()

    def subscribe(self, layer: Any) -> asyncio.Task[None]:
        subscription = Subscription(
            layer, dispatch=self.heard.put_nowait, catch_up=self.catch_up
        )
        return asyncio.create_task(subscription.run())

    async def catch_up(self) -> None:
        self.caught_up.put_nowait(None)

    async def next_of(self, queue: asyncio.Queue[Any]) -> Any:
        async with asyncio.timeout(30):
            return await queue.get()


async def send(layer: Any, room_id: int, position: int) -> None:
    message = hints.message_of([Hint(room_id, position)])
    await layer.group_send(hints.group_name(room_id), message)


async def end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.001)


async def test_hints_of_other_processes_are_dispatched() -> None:
    layer, recorder = InMemoryChannelLayer(), Recorder()
    task = recorder.subscribe(layer)
    await recorder.next_of(recorder.caught_up)
    await send(layer, 7, 3)

    assert await recorder.next_of(recorder.heard) == [Hint(room_id=7, position=3)]
    await end(task)


async def test_hints_of_every_shard_are_dispatched(settings) -> None:
    settings.TALK = {"HUB_SHARDS": 3}
    layer, recorder = InMemoryChannelLayer(), Recorder()
    task = recorder.subscribe(layer)
    await recorder.next_of(recorder.caught_up)
    for room_id in (3, 4, 5):
        await send(layer, room_id, 1)

    heard = [(await recorder.next_of(recorder.heard))[0].room_id for _ in range(3)]
    assert heard == [3, 4, 5]
    await end(task)


async def test_membership_outlives_the_layers_expiry(monkeypatch) -> None:
    layer, recorder = InMemoryChannelLayer(group_expiry=40), Recorder()
    joined: asyncio.Queue[None] = asyncio.Queue()
    join = layer.group_add

    async def counted_join(group: str, channel: str) -> None:
        await join(group, channel)
        joined.put_nowait(None)

    waited: list[float] = []

    async def note_pause(seconds: float) -> None:
        waited.append(seconds)
        await asyncio.sleep(0)

    monkeypatch.setattr(layer, "group_add", counted_join)
    monkeypatch.setattr(module, "jittered_sleep", note_pause)
    task = recorder.subscribe(layer)
    for _ in range(3):
        await recorder.next_of(joined)

    assert set(waited) == {10.0}
    await end(task)


async def test_a_layer_that_fails_is_joined_again_and_missed_hints_are_made_up_for(
    monkeypatch, caplog
) -> None:
    layer, recorder = InMemoryChannelLayer(), Recorder()
    receive = layer.receive
    failures = iter([ConnectionError("gone"), TimeoutError("quiet")])

    async def flaky_receive(channel: str) -> Any:
        for failure in failures:
            raise failure
        return await receive(channel)

    monkeypatch.setattr(layer, "receive", flaky_receive)
    with caplog.at_level(logging.CRITICAL):
        task = recorder.subscribe(layer)
        for _ in range(3):
            await recorder.next_of(recorder.caught_up)
    await send(layer, 7, 3)

    assert await recorder.next_of(recorder.heard) == [Hint(room_id=7, position=3)]
    await end(task)


async def test_a_layer_that_stays_down_is_logged_once_a_minute(
    monkeypatch, caplog
) -> None:
    layer, recorder = InMemoryChannelLayer(), Recorder()
    attempts: asyncio.Queue[None] = asyncio.Queue()

    async def no_channel(prefix: str) -> str:
        attempts.put_nowait(None)
        raise ConnectionError("down")

    monkeypatch.setattr(layer, "new_channel", no_channel)
    with caplog.at_level(logging.ERROR, logger="talk.hub"):
        task = recorder.subscribe(layer)
        for _ in range(5):
            await recorder.next_of(attempts)
    await end(task)

    assert len(caplog.records) == 1


async def test_a_subscription_that_ends_leaves_its_groups() -> None:
    layer, recorder = InMemoryChannelLayer(), Recorder()
    task = recorder.subscribe(layer)
    await recorder.next_of(recorder.caught_up)
    assert layer.groups
    await end(task)

    assert not any(layer.groups.values())
