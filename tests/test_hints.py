"""Hints on their way to other processes: groups, messages and the publisher."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from channels.layers import InMemoryChannelLayer

from talk import hints
from talk.hints import Hint, HintKind, Publisher
from talk.utils import rate_limited_log

SECONDS = 10
"""A timeout that only a hanging test reaches."""


class FakeLayer:
    """A channel layer that remembers what it was given, and can be slow or down."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.threads: list[int] = []
        self.loops: list[asyncio.AbstractEventLoop] = []
        self.error: Exception | None = None
        self.entered = threading.Event()
        self.opened = threading.Event()
        self.opened.set()

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        self.threads.append(threading.get_ident())
        self.loops.append(asyncio.get_running_loop())
        self.entered.set()
        assert self.opened.wait(SECONDS)
        if self.error is not None:
            raise self.error
        self.sent.append((group, message))

    @property
    def hints(self) -> list[list[Hint]]:
        """The hints that were sent, a list for each message."""
        return [hints.parse(message) for _, message in self.sent]


@pytest.fixture
def layer(monkeypatch: pytest.MonkeyPatch) -> FakeLayer:
    """The channel layer of this process."""
    fake = FakeLayer()
    monkeypatch.setattr(hints, "get_channel_layer", lambda alias: fake)
    return fake


@pytest.fixture
def publisher() -> Publisher:
    """A publisher of its own, which nobody else uses."""
    return Publisher()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The clock of the publisher's log; it stands still."""
    fake = SimpleNamespace(now=1000.0)
    fake.monotonic = lambda: fake.now
    monkeypatch.setattr(rate_limited_log, "time", fake)
    return fake


@pytest.fixture
def heard() -> Iterator[list[list[Hint]]]:
    """The hints that the hubs of this process got."""
    publications: list[list[Hint]] = []
    hints.add_listener(publications.append)
    yield publications
    hints.remove_listener(publications.append)


def send(publisher: Publisher, *news: Hint) -> None:
    """Send hints, and wait until they were delivered or failed."""
    publisher.send(news)
    assert publisher.flush(SECONDS)


def send_while_busy(
    publisher: Publisher, layer: FakeLayer, *batches: list[Hint]
) -> list[Hint]:
    """Send batches while the layer is slow; return the hints that left afterwards."""
    layer.opened.clear()
    publisher.send([Hint(0, 1)])
    assert layer.entered.wait(SECONDS)
    for batch in batches:
        publisher.send(batch)
    layer.opened.set()
    assert publisher.flush(SECONDS)
    first, *rest = layer.hints
    assert first == [Hint(0, 1)]
    return [hint for message in rest for hint in message]


class TestGroups:
    """The groups of rooms."""

    @pytest.mark.parametrize("shards", [1, 4])
    def test_there_are_as_many_groups_as_shards(
        self, settings: Any, shards: int
    ) -> None:
        settings.TALK = {"HUB_SHARDS": shards}
        assert len(set(hints.group_names())) == shards

    @pytest.mark.parametrize("shards", [1, 4])
    def test_every_room_has_one_of_them(self, settings: Any, shards: int) -> None:
        settings.TALK = {"HUB_SHARDS": shards}
        groups = {hints.group_name(room_id) for room_id in range(1, 100)}
        assert groups == set(hints.group_names())

    @pytest.mark.parametrize("shards", [1, 4])
    def test_a_room_always_has_the_same(self, settings: Any, shards: int) -> None:
        settings.TALK = {"HUB_SHARDS": shards}
        assert hints.group_name(7) == hints.group_name(7 + shards)

    def test_there_is_one_by_default(self) -> None:
        assert len(hints.group_names()) == 1

    @pytest.mark.parametrize("shards", [1, 4])
    def test_channel_layers_accept_their_names(
        self, settings: Any, shards: int
    ) -> None:
        settings.TALK = {"HUB_SHARDS": shards}
        layer = InMemoryChannelLayer()
        assert all(layer.require_valid_group_name(g) for g in hints.group_names())


class TestMessages:
    """Messages on the channel layer."""

    def test_parsing_returns_the_hints_that_were_sent(
        self, publisher: Publisher, layer: FakeLayer
    ) -> None:
        news = [Hint(1, 10), Hint(2, 2**62)]
        send(publisher, *news)
        (parsed,) = layer.hints
        assert parsed == news

    def test_a_layer_may_turn_tuples_into_lists(self) -> None:
        carried = [[1, 10, "timeline", 0, ""], [2, 0, "departure", 0, ""]]
        message = {"type": hints.MESSAGE_TYPE, "hints": carried}
        assert hints.parse(message) == [Hint(1, 10), Hint(2, 0, HintKind.DEPARTURE)]

    def test_they_have_their_own_type(
        self, publisher: Publisher, layer: FakeLayer
    ) -> None:
        send(publisher, Hint(1, 1))
        ((_, message),) = layer.sent
        assert message["type"] == hints.MESSAGE_TYPE

    def test_they_carry_rooms_positions_and_kinds_and_nothing_else(
        self, publisher: Publisher, layer: FakeLayer
    ) -> None:
        send(publisher, Hint(1, 10))
        ((_, message),) = layer.sent
        assert message == {
            "type": hints.MESSAGE_TYPE,
            "hints": [(1, 10, "timeline", 0, "")],
        }


class TestPublisher:
    """One thread that carries hints to the channel layer."""

    def test_each_shard_gets_the_hints_of_its_rooms(
        self, publisher: Publisher, layer: FakeLayer, settings: Any
    ) -> None:
        settings.TALK = {"HUB_SHARDS": 4}
        send(publisher, *[Hint(room_id, 1) for room_id in range(1, 9)])
        got = {group: hints.parse(message) for group, message in layer.sent}
        assert got == {
            hints.group_name(room_id): [Hint(room_id, 1), Hint(room_id + 4, 1)]
            for room_id in range(1, 5)
        }

    def test_hints_for_one_shard_leave_as_one_message(
        self, publisher: Publisher, layer: FakeLayer
    ) -> None:
        send(publisher, *[Hint(room_id, 1) for room_id in range(1, 101)])
        assert len(layer.sent) == 1

    def test_hints_that_wait_leave_as_one_for_each_room(
        self, publisher: Publisher, layer: FakeLayer
    ) -> None:
        late = send_while_busy(
            publisher, layer, [Hint(1, 1)], [Hint(2, 7)], [Hint(1, 2)], [Hint(1, 3)]
        )
        assert sorted(late, key=lambda hint: hint.room_id) == [Hint(1, 3), Hint(2, 7)]

    def test_the_greatest_position_of_a_room_is_kept(
        self, publisher: Publisher, layer: FakeLayer
    ) -> None:
        late = send_while_busy(
            publisher, layer, [Hint(1, 2)], [Hint(1, 5)], [Hint(1, 3)]
        )
        assert late == [Hint(1, 5)]

    def test_the_oldest_are_dropped_when_the_queue_is_full(
        self,
        publisher: Publisher,
        layer: FakeLayer,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(hints, "QUEUE_MAX", 3)
        batches = [[Hint(room_id, 1)] for room_id in range(1, 6)]
        late = send_while_busy(publisher, layer, *batches)
        assert sorted(hint.room_id for hint in late) == [3, 4, 5]

    def test_a_room_that_changes_again_is_no_longer_the_oldest(
        self,
        publisher: Publisher,
        layer: FakeLayer,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(hints, "QUEUE_MAX", 2)
        late = send_while_busy(
            publisher, layer, [Hint(1, 1)], [Hint(2, 1)], [Hint(1, 2)], [Hint(3, 1)]
        )
        assert sorted(hint.room_id for hint in late) == [1, 3]

    def test_a_large_batch_is_cut_too(
        self,
        publisher: Publisher,
        layer: FakeLayer,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(hints, "QUEUE_MAX", 3)
        batch = [Hint(room_id, 1) for room_id in range(1, 100)]
        late = send_while_busy(publisher, layer, batch)
        assert sorted(hint.room_id for hint in late) == [97, 98, 99]

    def test_sending_does_not_wait_for_the_layer(
        self, publisher: Publisher, layer: FakeLayer
    ) -> None:
        layer.opened.clear()
        publisher.send([Hint(1, 1)])
        assert layer.entered.wait(SECONDS)
        publisher.send([Hint(2, 1)])
        assert layer.sent == []
        layer.opened.set()
        assert publisher.flush(SECONDS)

    def test_flushing_gives_up_when_its_time_is_over(
        self, publisher: Publisher, layer: FakeLayer
    ) -> None:
        layer.opened.clear()
        publisher.send([Hint(1, 1)])
        assert publisher.flush(0) is False
        layer.opened.set()
        assert publisher.flush(SECONDS)

    def test_flushing_an_unused_publisher_returns_at_once(
        self, publisher: Publisher
    ) -> None:
        assert publisher.flush(0) is True

    def test_many_sends_use_one_thread_and_one_event_loop(
        self, publisher: Publisher, layer: FakeLayer
    ) -> None:
        for position in range(1, 21):
            send(publisher, Hint(1, position))
        assert len(layer.sent) == 20
        assert len(set(layer.threads)) == 1
        assert len({id(loop) for loop in layer.loops}) == 1

    def test_it_is_a_thread_of_its_own(
        self, publisher: Publisher, layer: FakeLayer
    ) -> None:
        send(publisher, Hint(1, 1))
        assert threading.get_ident() not in layer.threads

    def test_threads_that_send_at_once_lose_nothing(
        self, publisher: Publisher, layer: FakeLayer
    ) -> None:
        def send_some(first: int) -> None:
            for room_id in range(first, first + 50):
                publisher.send([Hint(room_id, 1)])

        threads = [
            threading.Thread(target=send_some, args=(first,))
            for first in range(0, 400, 50)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(SECONDS)
        assert publisher.flush(SECONDS)
        sent = [hint.room_id for message in layer.hints for hint in message]
        assert sorted(sent) == list(range(400))
        assert len(set(layer.threads)) == 1


@pytest.mark.usefixtures("clock")
class TestLayerThatIsDown:
    """A channel layer that fails."""

    def test_it_is_logged_with_its_error(
        self, publisher: Publisher, layer: FakeLayer, caplog: Any
    ) -> None:
        layer.error = ConnectionError("no Redis")
        send(publisher, Hint(1, 1))
        (record,) = caplog.records
        assert record.levelno == logging.ERROR
        assert record.exc_info[1] is layer.error

    def test_it_is_logged_once_a_minute(
        self,
        publisher: Publisher,
        layer: FakeLayer,
        clock: SimpleNamespace,
        caplog: Any,
    ) -> None:
        layer.error = ConnectionError("no Redis")
        counts = []
        for now in (1000, 1000, 1059, 1060, 1061, 1119, 1120):
            clock.now = float(now)
            send(publisher, Hint(1, 1))
            counts.append(len(caplog.records))
        assert counts == [1, 1, 1, 2, 2, 2, 3]

    def test_sending_does_not_fail(
        self, publisher: Publisher, layer: FakeLayer
    ) -> None:
        layer.error = ConnectionError("no Redis")
        for position in range(1, 4):
            send(publisher, Hint(1, position))
        assert layer.sent == []

    def test_later_hints_leave_when_it_is_up_again(
        self, publisher: Publisher, layer: FakeLayer
    ) -> None:
        layer.error = ConnectionError("no Redis")
        send(publisher, Hint(1, 1))
        layer.error = None
        send(publisher, Hint(1, 2))
        assert layer.hints == [[Hint(1, 2)]]

    def test_the_thread_stays_the_same(
        self, publisher: Publisher, layer: FakeLayer
    ) -> None:
        layer.error = ConnectionError("no Redis")
        send(publisher, Hint(1, 1))
        layer.error = None
        send(publisher, Hint(1, 2))
        assert len(set(layer.threads)) == 1

    def test_a_layer_that_cannot_be_created_is_logged(
        self, publisher: Publisher, monkeypatch: pytest.MonkeyPatch, caplog: Any
    ) -> None:
        def fail(alias: str) -> None:
            raise ValueError("no such backend")

        monkeypatch.setattr(hints, "get_channel_layer", fail)
        send(publisher, Hint(1, 1))
        assert len(caplog.records) == 1


class TestPublish:
    """`publish`."""

    @pytest.fixture
    def sent(self, monkeypatch: pytest.MonkeyPatch) -> list[list[Hint]]:
        """The hints that the publisher gets."""
        batches: list[list[Hint]] = []
        fake = SimpleNamespace(send=lambda news: batches.append(list(news)))
        monkeypatch.setattr(hints, "publisher", fake)
        return batches

    def test_hubs_of_this_process_get_hints_at_once(
        self, heard: list[list[Hint]], sent: list[list[Hint]], layer: FakeLayer
    ) -> None:
        hints.publish([Hint(1, 10)])
        assert heard == [[Hint(1, 10)]]

    def test_a_removed_listener_gets_no_hints(
        self, sent: list[list[Hint]], layer: FakeLayer
    ) -> None:
        publications: list[list[Hint]] = []
        hints.add_listener(publications.append)
        hints.remove_listener(publications.append)
        hints.publish([Hint(1, 10)])
        assert publications == []

    def test_removing_an_unknown_listener_is_ignored(self) -> None:
        hints.remove_listener(print)

    def test_other_processes_get_hints_over_the_layer(
        self, sent: list[list[Hint]], layer: FakeLayer
    ) -> None:
        hints.publish([Hint(1, 10)])
        assert sent == [[Hint(1, 10)]]

    def test_an_in_memory_layer_is_not_used(
        self, sent: list[list[Hint]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        layer = InMemoryChannelLayer()
        monkeypatch.setattr(hints, "get_channel_layer", lambda alias: layer)
        hints.publish([Hint(1, 10)])
        assert sent == []

    def test_no_layer_is_needed(
        self,
        heard: list[list[Hint]],
        sent: list[list[Hint]],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(hints, "get_channel_layer", lambda alias: None)
        hints.publish([Hint(1, 10)])
        assert heard == [[Hint(1, 10)]]
        assert sent == []

    def test_the_site_names_the_layer(
        self,
        sent: list[list[Hint]],
        settings: Any,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        asked: list[str] = []
        monkeypatch.setattr(hints, "get_channel_layer", asked.append)
        settings.TALK = {"CHANNEL_LAYER": "talk"}
        hints.publish([Hint(1, 10)])
        assert asked == ["talk"]
