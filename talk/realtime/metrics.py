"""What a process has done and has to do: numbers for those who run the site.

`snapshot` returns them; a line of the logger `talk.metrics` tells them now and then; the
extra `prometheus` has them read by a Prometheus server. Each process has its own.
"""

from __future__ import annotations

import logging
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from talk.hints import publisher

if TYPE_CHECKING:
    from talk.realtime.hub import Hub

logger = logging.getLogger("talk.metrics")

LATENCY_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Seconds; upper bounds of the classes in which wake-ups are counted."""

OUTCOMES = (
    "answered",
    "expired",
    "over",
    "doubted",
    "superseded",
    "gone",
    "drained",
    "refused",
    "failed",
)
"""Ways in which a poll ends: with news; without; because the room or the caller's place
there is gone; because logins of the account have ended; by a newer poll of its session; because
the client has hung up; because the process ends; because too many wait; by an error."""


@dataclass(slots=True)
class Metrics:
    """Counters since the process began. Only the thread of the event loop counts."""

    polls: Counter[str] = field(
        default_factory=lambda: Counter(dict.fromkeys(OUTCOMES, 0))
    )
    """Polls that have ended, by how."""

    admitted: int = 0
    """Requests whose caller had to be identified."""

    recalled: int = 0
    """Polls whose caller was remembered."""

    posts: int = 0
    """Messages sent by callers who were remembered."""

    refused: int = 0
    """Requests that were sent away because too many waited to be admitted."""

    wakes: int = 0
    """Times that news was handed out in a room."""

    woken: int = 0
    """Waiters that it was handed to."""

    wake_seconds: float = 0.0
    """Sum of the times from a hint to the last waiter of its room."""

    wake_classes: list[int] = field(
        default_factory=lambda: [0] * (len(LATENCY_BOUNDS) + 1)
    )
    """Wakes by that time, by the classes of `LATENCY_BOUNDS` and one for the rest."""

    batches: int = 0
    """Times that signs of life and read marks were written."""

    batched: int = 0
    """How many they were."""

    def note_batch(self, size: int) -> None:
        """Count a batch of presence writes."""
        self.batches += 1
        self.batched += size

    def note_wake(self, waiters: int, seconds: float) -> None:
        """Count news that was handed to waiters, so long after its hint."""
        self.wakes += 1
        self.woken += waiters
        self.wake_seconds += seconds
        self.wake_classes[bisect_left(LATENCY_BOUNDS, seconds)] += 1


metrics = Metrics()


def snapshot(hub: Hub | None = None) -> dict[str, Any]:
    """Return what this process has done and has to do, by name.

    Counters grow from the start of the process: ``polls`` (ended ones, a dict by
    outcome, one of `OUTCOMES`),
    ``admitted``, ``recalled``, ``refused``, ``posts``, ``wakes``, ``woken``,
    ``wake_seconds``, ``wake_classes`` (a list by `LATENCY_BOUNDS`), ``batches``,
    ``batched``, ``hints_dropped``. What is there at this moment: ``waiters``, ``rooms``,
    ``callers`` (remembered ones), ``admissions_queue``, ``database_queue``,
    ``presence_queue``, ``hints_queue``; all but the last are 0 without `hub`, which is
    that of an event loop (`talk.realtime.hub.current_hub`).
    """
    return {
        "polls": dict(metrics.polls),
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
        "waiters": hub.rooms.waiter_count if hub else 0,
        "rooms": len(hub.rooms) if hub else 0,
        "callers": len(hub.remembered_callers) if hub else 0,
        "admissions_queue": hub.admissions.queue_length if hub else 0,
        "database_queue": hub.threads.queue_length if hub else 0,
        "presence_queue": hub.presence.size if hub else 0,
        "hints_queue": publisher.queue_length,
    }


def log_line(hub: Hub) -> None:
    """Log a snapshot as one line of ``name=value``, at level INFO."""
    found = snapshot(hub)
    polls = found.pop("polls")
    del found["wake_classes"]
    found |= {f"polls_{outcome}": count for outcome, count in polls.items()}
    found["wake_seconds"] = round(found["wake_seconds"], 3)
    line = " ".join(f"{name}={value}" for name, value in found.items())
    logger.info(line)
