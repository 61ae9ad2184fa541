"""The families of figures, in the order in which they are measured.

Each is a module with three functions: `cases`; `measure`, which prepares rows and calls
the generator; and `generate`, which runs in the generator's process.
"""

from __future__ import annotations

from tests.benchmarks import history, idle, posts, repoll, rooms, signaling, storm, wake

FAMILIES = {
    "wake": wake,
    "idle": idle,
    "repoll": repoll,
    "posts": posts,
    "history": history,
    "rooms": rooms,
    "storm": storm,
    "signaling": signaling,
}
