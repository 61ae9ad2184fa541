"""The reaper of a site whose server has an event loop: one process at a time cleans up."""

from __future__ import annotations

import logging

from django.utils import timezone

from talk.api.site_cache import ask_cache
from talk.conf import talk_settings
from talk.domain.cleanup import clean_up

logger = logging.getLogger("talk.reaper")

KEY = "talk.reaper"

SHARE = 0.75
"""Part of the interval for which the others are kept away; the rest is jitter."""


def reap() -> None:
    """Clean up, unless another process of the site has done so a moment ago.

    While the cache does not tell, each process cleans up: that is more work, but who
    has gone must not stay in rooms and calls.
    """
    pause = talk_settings().REAPER_SECONDS * SHARE
    # Back ends that hide their errors return None.
    is_our_turn = ask_cache(
        lambda cache: cache.add(KEY, "busy", timeout=pause) in (True, None),
        otherwise=lambda: True,
    )
    if not is_our_turn:
        return
    cleaned = clean_up(now=timezone.now())
    logger.debug("Cleaned up: %s", cleaned)
