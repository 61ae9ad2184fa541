"""The sizes of the loads."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """The sizes of the loads; the defaults are for a run by hand."""

    seconds: float = 4.0
    """How long each figure is measured; re-polls are measured twice as long."""
    idle_seconds: float = 20.0
    """The same for idle waiters; long enough for all periodic work, with few re-polls."""
    wake: tuple[tuple[int, int], ...] = ((100, 10), (1000, 10), (1000, 1), (5000, 10))
    """Numbers of waiters and rooms."""
    idle: tuple[int, ...] = (1000, 5000, 10_000)
    plain_waiters: int = 1000
    """Larger cases are skipped for `plain`, which takes minutes for each."""
    repoll: int = 200
    senders: int = 16
    hearers: tuple[int, ...] = (0, 100)
    """Numbers of waiters in the rooms of the senders."""
    history: tuple[int, ...] = (100, 10_000, 1_000_000)
    rooms: tuple[int, ...] = (10, 100, 1000)
    storm: int = 1000


SMOKE = Sizes(
    seconds=0.2,
    idle_seconds=0.4,
    wake=((40, 4),),
    idle=(50,),
    repoll=20,
    senders=4,
    hearers=(8,),
    history=(1000,),
    rooms=(10,),
    storm=20,
)
"""Sizes for a test that everything runs and loses nothing, in less than a minute."""

SMOKE_SUBJECTS = ("bare", "plain-sqlite", "sqlite", "postgres", "postgres-2")
