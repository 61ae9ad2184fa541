"""Comments on their way to those of this process who wait for them, without a read.

Hints say only that there is something, and to other processes nothing else is said. But
the process that has written a comment need not ask the database for it.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from functools import partial
from typing import TYPE_CHECKING

from talk.models import Message, after_commit

if TYPE_CHECKING:
    from talk.models import Names

Taker = Callable[[Message, "Names"], None]
"""Takes a comment and what those are called whom it mentions, in any thread."""

_takers: set[Taker] = set()


def add_taker(taker: Taker) -> None:
    """Call `taker` with each comment of this process that has been committed.

    In the thread that has written it, and before the hint that tells of it.
    """
    _takers.add(taker)


def remove_taker(taker: Taker) -> None:
    """Undo `add_taker`."""
    _takers.discard(taker)


def hand_over_after_commit(message: Message, names: Names) -> None:
    """Give a comment to the takers once it is committed; costs nothing without any.

    To be called before its hint is recorded. The comment has its id, its position and
    its actor. Those of guests are read all the same: only the database knows what a
    guest who is naming themselves is called by now.
    """
    if message.actor_guest_id is not None:
        return
    for taker in tuple(_takers):
        # Receivers of signals may do with theirs what they like.
        after_commit(partial(taker, copy(message), names))
