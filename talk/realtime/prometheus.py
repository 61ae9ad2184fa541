"""The metrics of a process for a Prometheus server; needs the extra `prometheus`.

Route the view where only your Prometheus server has access::

    path("metrics", talk.realtime.prometheus.metrics_view)

Each process answers for itself, so scrape each one on its own port.
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

from talk.realtime.hub import snapshot
from talk.realtime.metrics import LATENCY_BOUNDS

COUNTERS = {
    "admitted": "Requests whose caller had to be identified",
    "recalled": "Polls whose caller was remembered",
    "refused": "Requests refused with a 503 because too many waited",
    "posts": "Messages sent by remembered callers",
    "woken": "Waiters that got new messages",
    "batches": "Batches of pings and read marks",
    "batched": "Pings and read marks in these batches",
    "hints_dropped": "Hints dropped because too many waited",
}

GAUGES = {
    "waiters": "Polls that wait",
    "rooms": "Rooms that have waiters",
    "callers": "Remembered callers",
    "admissions_queue": "Requests that are being admitted or wait for it",
    "database_queue": "Work that runs in the database threads or waits for them",
    "presence_queue": "Pings and read marks that wait to be written",
    "hints_queue": "Hints that wait for the channel layer",
}


class TalkCollector(Collector):
    """Reads a snapshot at each scrape."""

    def collect(self) -> Iterator[Metric]:
        """Yield all metrics; names begin with ``talk_``."""
        numbers = snapshot()
        polls = CounterMetricFamily(
            "talk_polls", "Polls by outcome", labels=["outcome"]
        )
        for outcome, count in numbers["polls"].items():
            polls.add_metric([outcome], count)
        yield polls
        for name, text in COUNTERS.items():
            yield CounterMetricFamily(f"talk_{name}", text, value=numbers[name])
        for name, text in GAUGES.items():
            yield GaugeMetricFamily(f"talk_{name}", text, value=numbers[name])
        bounds = [*map(str, LATENCY_BOUNDS), "+Inf"]
        totals = accumulate(numbers["wake_classes"])
        yield HistogramMetricFamily(
            "talk_wake_seconds",
            "Time from a hint to the last waiter of its room",
            buckets=list(zip(bounds, totals, strict=True)),
            sum_value=numbers["wake_seconds"],
        )


registry = CollectorRegistry()
registry.register(TalkCollector())


def metrics_view(request: HttpRequest) -> HttpResponse:
    """Return the metrics of this process in Prometheus's text format."""
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
