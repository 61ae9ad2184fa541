"""The counters and gauges of a process."""

from __future__ import annotations

import logging
import re

import pytest
from django.test import RequestFactory

from talk.realtime import metrics as metrics_module
from talk.realtime import prometheus
from talk.realtime.metrics import (
    LATENCY_BOUNDS,
    Metrics,
    log_line,
    snapshot,
)
from talk.realtime.outcomes import Outcome
from tests.realtime.conftest import make_caller, make_poll, waiting_in


@pytest.fixture
def counters(monkeypatch: pytest.MonkeyPatch) -> Metrics:
    """Counters of a process that has just started."""
    counters = Metrics()
    monkeypatch.setattr(metrics_module, "metrics", counters)
    return counters


class TestCounters:
    """`Metrics`."""

    def test_a_wake_up_is_counted_with_its_waiters_and_time(self, counters) -> None:
        counters.note_wake(100, 0.02)
        counters.note_wake(1, 0.001)
        found = snapshot({})
        assert (found["wakes"], found["woken"]) == (2, 101)
        assert found["wake_seconds"] == pytest.approx(0.021)

    @pytest.mark.parametrize(
        ("seconds", "number"),
        [(0.0, 0), (0.001, 0), (0.0011, 1), (2.5, 10), (2.6, 11)],
    )
    def test_wake_ups_are_counted_by_latency(self, counters, seconds, number) -> None:
        counters.note_wake(1, seconds)
        expected = [0] * (len(LATENCY_BOUNDS) + 1)
        expected[number] = 1
        assert snapshot({})["wake_classes"] == expected

    def test_a_batch_is_counted_with_its_size(self, counters) -> None:
        counters.note_batch(5)
        counters.note_batch(7)
        found = snapshot({})
        assert (found["batches"], found["batched"]) == (2, 12)

    def test_the_snapshot_contains_every_outcome_from_the_start(self, counters) -> None:
        assert snapshot({})["polls"] == dict.fromkeys(Outcome, 0)


@pytest.mark.asyncio
async def test_the_snapshot_contains_the_gauges_of_a_hub(hub) -> None:
    with waiting_in(hub), waiting_in(hub, room_id=2):
        hub.remembered_callers.keep(
            b"key", make_caller(make_poll()), since=hub.remembered_callers.change_count
        )
        found = snapshot(hub.gauges())
    assert (found["waiters"], found["rooms"], found["callers"]) == (2, 2, 1)


@pytest.mark.asyncio
async def test_the_log_line_contains_everything_but_the_classes(hub, caplog) -> None:
    with waiting_in(hub), caplog.at_level(logging.INFO, logger="talk.metrics"):
        log_line(hub.gauges())
    (record,) = caplog.records
    names = set(re.findall(r"(\w+)=", record.getMessage()))
    expected = set(snapshot(hub.gauges())) - {"polls", "wake_classes"}
    assert names == expected | {f"polls_{outcome}" for outcome in Outcome}
    assert "waiters=1" in record.getMessage()


class TestPrometheus:
    """`metrics_view`."""

    def text(self) -> str:
        response = prometheus.metrics_view(RequestFactory().get("/metrics"))
        assert response["Content-Type"].startswith("text/plain")
        return response.content.decode()

    def test_it_contains_everything_of_a_snapshot(self) -> None:
        names = set(re.findall(r"# TYPE talk_(\w+)", self.text()))
        counted = {re.sub("_total$", "", name) for name in names}
        told = set(snapshot({})) - {"wake_classes", "wakes"}
        assert told <= counted

    def test_wake_ups_are_a_histogram(self, counters) -> None:
        counters.note_wake(3, 0.02)
        counters.note_wake(3, 9.0)
        text = self.text()
        assert 'talk_wake_seconds_bucket{le="0.01"} 0.0' in text
        assert 'talk_wake_seconds_bucket{le="0.025"} 1.0' in text
        assert 'talk_wake_seconds_bucket{le="+Inf"} 2.0' in text
        assert "talk_wake_seconds_count 2.0" in text

    def test_polls_have_a_label_for_the_outcome(self, counters) -> None:
        counters.polls[Outcome.DISCONNECTED] += 2
        assert 'talk_polls_total{outcome="disconnected"} 2.0' in self.text()
