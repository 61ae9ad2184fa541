"""Garbage collection that does not hold up everybody who waits.

A full collection looks at every object of the process, which is 100 ms and more where
thousands wait, and by Python's own thresholds one comes with nearly each message that a
thousand people are told of.
"""

from __future__ import annotations

import gc
from functools import cache

THRESHOLDS = (10_000, 5, 40)
"""What must have been made before each of the three generations is collected: young
objects by as many as take a millisecond, and all of them by two million that stay."""


@cache
def freeze_startup_objects() -> None:
    """Have full collections come rarely, and pass over all that is loaded by now.

    Once a process. It changes the process as a whole: the setting `TUNE_GC` says whether
    a site wants that.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
