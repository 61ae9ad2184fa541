"""Numbers about a process for the people who run a site.

`talk.realtime.hub.snapshot` returns them; the logger `talk.metrics` writes them from time
to time; the extra `prometheus` offers them to a Prometheus server. Each process has its
own.
"""

from __future__ import annotations

import logging
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from talk.hints import publisher
from talk.realtime.outcomes import Outcome

logger = logging.getLogger("talk.metrics")

LATENCY_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Seconds; upper bounds of the classes in which wake-ups are counted."""

GAUGES = (
    "waiters",
    "rooms",
    "callers",
    "admissions_queue",
    "database_queue",
    "presence_queue",
)
"""Present sizes of a hub: polls that wait, rooms that have waiters, remembered callers,
and the lengths of its queues."""


@dataclass(slots=True)
class Metrics:
    """Counters since the start of the process. Only the event loop's thread counts."""

    polls: Counter[Outcome] = field(
        default_factory=lambda: Counter(dict.fromkeys(Outcome, 0))
    )
    """Polls that have ended, by outcome."""

    admitted: int = 0
    """Requests whose caller had to be identified."""

    recalled: int = 0
    """Polls whose caller was remembered."""

    posts: int = 0
    """Messages sent by remembered callers."""

    refused: int = 0
    """Requests that got a 503 because too many waited to be admitted."""

    wakes: int = 0
    """Times that the new messages of a room were distributed."""

    woken: int = 0
    """Waiters that got them."""

    wake_seconds: float = 0.0
    """Sum of the times from a hint to the last waiter of its room."""

    wake_classes: list[int] = field(
        default_factory=lambda: [0] * (len(LATENCY_BOUNDS) + 1)
    )
    """Wakes by that time, by the classes of `LATENCY_BOUNDS` and one for the rest."""

    batches: int = 0
    """Times that pings and read marks were written."""

    batched: int = 0
    """Number of these pings and read marks."""

    def note_batch(self, size: int) -> None:
        """Count a batch of presence writes."""
        self.batches += 1
        self.batched += size

    def note_wake(self, waiters: int, seconds: float) -> None:
        """Count a wake-up of waiters that took so long since its hint."""
        self.wakes += 1
        self.woken += waiters
        self.wake_seconds += seconds
        self.wake_classes[bisect_left(LATENCY_BOUNDS, seconds)] += 1


metrics = Metrics()


def snapshot(gauges: Mapping[str, int]) -> dict[str, Any]:
    """Return what this process has done and has to do, by name.

    Counters grow from the start of the process: ``polls`` (ended ones, a dict by
    `Outcome`), ``admitted``, ``recalled``, ``refused``, ``posts``, ``wakes``, ``woken``,
    ``wake_seconds``, ``wake_classes`` (a list by `LATENCY_BOUNDS`), ``batches``,
    ``batched``, ``hints_dropped``. The others describe this moment: ``hints_queue``, and
    `GAUGES`, which are 0 without a hub. `gauges` is the result of `Hub.gauges`.
    """
    return {
        "polls": {outcome.value: count for outcome, count in metrics.polls.items()},
        "admitted": metrics.admitted,
        "recalled": metrics.recalled,
        "refused": metrics.refused,
        "posts": metrics.posts,
        "wakes": metrics.wakes,
        "woken": metrics.woken,
        "wake_seconds": metrics.wake_seconds,
        "wake_classes": list(metrics.wake_classes),
        "batches": metrics.batches,
        "batched": metrics.batched,
        "hints_dropped": publisher.dropped,
        **dict.fromkeys(GAUGES, 0),
        **gauges,
        "hints_queue": publisher.queue_length,
    }


def log_line(gauges: Mapping[str, int]) -> None:
    """Log a snapshot as one line of ``name=value``, at level INFO."""
    numbers = snapshot(gauges)
    polls = numbers.pop("polls")
    del numbers["wake_classes"]
    numbers |= {f"polls_{outcome}": count for outcome, count in polls.items()}
    numbers["wake_seconds"] = round(numbers["wake_seconds"], 3)
    line = " ".join(f"{name}={value}" for name, value in numbers.items())
    logger.info(line)
