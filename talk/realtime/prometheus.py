"""The metrics of a process for a Prometheus server; needs the extra `prometheus`.

A site puts the view where only its Prometheus server gets in::

    path("metrics", talk.realtime.prometheus.metrics_view)

Each process of a server answers for itself: scrape each on a port of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate

from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from talk.realtime.hub import any_hub
from talk.realtime.metrics import LATENCY_BOUNDS, snapshot

COUNTERS = {
    "admitted": "Requests whose caller had to be identified",
    "recalled": "Polls whose caller was remembered",
    "refused": "Requests that were sent away because too many waited",
    "posts": "Messages sent by callers who were remembered",
    "woken": "Waiters that news was handed to",
    "batches": "Batches of signs of life and read marks",
    "batched": "Signs of life and read marks in these batches",
    "hints_dropped": "Hints that were thrown away because too many waited",
}

GAUGES = {
    "waiters": "Polls that wait",
    "rooms": "Rooms that are waited for",
    "callers": "Callers who are remembered",
    "admissions_queue": "Requests that are admitted or wait for it",
    "database_queue": "Pieces of work for the database threads",
    "presence_queue": "Signs of life and read marks that wait to be written",
    "hints_queue": "Hints that wait for the channel layer",
}


class TalkCollector(Collector):
    """Reads a snapshot at each scrape."""

    def collect(self) -> Iterator[Metric]:
        """Yield all metrics; names begin with ``talk_``."""
        found = snapshot(any_hub())
        polls = CounterMetricFamily(
            "talk_polls", "Polls by outcome", labels=["outcome"]
        )
        for outcome, count in found["polls"].items():
            polls.add_metric([outcome], count)
        yield polls
        for name, text in COUNTERS.items():
            yield CounterMetricFamily(f"talk_{name}", text, value=found[name])
        for name, text in GAUGES.items():
            yield GaugeMetricFamily(f"talk_{name}", text, value=found[name])
        bounds = [*map(str, LATENCY_BOUNDS), "+Inf"]
        totals = accumulate(found["wake_classes"])
        yield HistogramMetricFamily(
            "talk_wake_seconds",
            "Time from a hint to the last waiter of its room",
            buckets=list(zip(bounds, totals, strict=True)),
            sum_value=found["wake_seconds"],
        )


registry = CollectorRegistry()
registry.register(TalkCollector())


def metrics_view(request: HttpRequest) -> HttpResponse:
    """Return the metrics of this process in Prometheus's text format."""
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
