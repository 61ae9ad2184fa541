"""The reaper: the clean-up that the processes of an ASGI server do in turn."""

from __future__ import annotations

import logging

from django.utils import timezone

from talk.api.site_cache import ask_cache
from talk.conf import talk_settings
from talk.domain.cleanup import clean_up

logger = logging.getLogger("talk.reaper")

KEY = "talk.reaper"

SHARE = 0.75
"""Share of the interval in which no other process cleans up; the rest is jitter."""


def reap() -> None:
    """Clean up, unless another process of the site has done so lately.

    While the cache is down, each process cleans up: more work is better than dead
    sessions in rooms and calls.
    """
    pause = talk_settings().REAPER_SECONDS * SHARE
    # Cache backends that hide their errors return None.
    is_our_turn = ask_cache(
        lambda cache: cache.add(KEY, "busy", timeout=pause) in (True, None),
        otherwise=lambda: True,
    )
    if not is_our_turn:
        return
    cleaned = clean_up(now=timezone.now())
    logger.debug("Cleaned up: %s", cleaned)
