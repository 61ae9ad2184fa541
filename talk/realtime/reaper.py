"""The reaper of a site whose server has an event loop: one process at a time cleans up."""

from __future__ import annotations

import logging

from django.core.cache import caches
from django.utils import timezone

from talk.conf import talk_settings
from talk.domain.cleanup import clean_up

logger = logging.getLogger("talk.reaper")

KEY = "talk.reaper"

SHARE = 0.75
"""Part of the interval for which the others are kept away; the rest is jitter."""


def reap() -> None:
    """Clean up, unless another process of the site has done so a moment ago."""
    settings = talk_settings()
    pause = settings.REAPER_SECONDS * SHARE
    if not caches[settings.CACHE].add(KEY, "busy", timeout=pause):
        return
    cleaned = clean_up(now=timezone.now())
    logger.debug("Cleaned up: %s", cleaned)
