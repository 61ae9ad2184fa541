"""What a process has done and has to do: numbers for those who run the site."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field

LATENCY_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Seconds; upper bounds of the classes in which wake-ups are counted."""


OUTCOMES = ("answered", "expired", "superseded", "gone", "drained", "refused", "failed")
"""Ways in which a poll ends."""


@dataclass(slots=True)
class Metrics:
    """Counters since the process began. Only the thread of the event loop counts."""

    polls: dict[str, int] = field(default_factory=lambda: dict.fromkeys(OUTCOMES, 0))
    """Polls that have ended, by how."""

    admitted: int = 0
    """Polls whose caller had to be identified."""

    recalled: int = 0
    """Polls whose caller was remembered."""

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

    posts: int = 0
    """Messages sent by callers who were remembered."""

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
