"""Garbage collection that does not delay all waiters.

A full collection visits every object of the process, which takes 100 ms and more with
thousands of waiters. With Python's own thresholds, nearly every message to a thousand
waiters causes one.
"""

from __future__ import annotations

import gc
from functools import cache

THRESHOLDS = (10_000, 5, 40)
"""Thresholds of the three generations: a young collection takes a millisecond, and a full
one comes after two million objects that stay."""


@cache
def freeze_startup_objects() -> None:
    """Exclude all objects that exist now from collections, and make full ones rare.

    Once in a process. It changes the whole process; the setting `TUNE_GC` switches it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
