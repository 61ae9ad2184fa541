"""The cache: do processes share it?"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator
from typing import Any

from django.core.cache import caches

from talk.conf import talk_settings
from talk.doctor.child_process import NoSettingsModule, start_child
from talk.doctor.findings import Finding, ProbeOptions, failed, ok, skipped, warning

PROBE = "cache"

KEEP_SECONDS = 300

ALONE = ("locmem.LocMemCache", "dummy.DummyCache")
"""Back ends that other processes do not share."""


def probe_cache(options: ProbeOptions) -> Iterator[Finding]:
    """Write a value to the cache, and read it in a child process."""
    alias = talk_settings().CACHE
    cache = caches[alias]
    key, value = f"talk.doctor.{secrets.token_hex(8)}", secrets.token_hex(8)
    cache.set(key, value, timeout=KEEP_SECONDS)
    try:
        found = asyncio.run(_read_elsewhere(key))
    except NoSettingsModule as error:
        yield skipped(PROBE, str(error))
        return
    finally:
        cache.delete(key)
    if found == value:
        yield ok(PROBE, f"{alias!r} is shared between processes.")
    else:
        yield _not_shared(cache, alias)


async def _read_elsewhere(key: str) -> Any:
    async with start_child("cache", key) as child:
        answer = await child.read()
    return answer["found"] if answer is not None else None


def _not_shared(cache: Any, alias: str) -> Finding:
    is_alone = f"{type(cache).__module__}.{type(cache).__name__}".endswith(ALONE)
    tell = warning if is_alone else failed
    return tell(
        PROBE,
        f"Processes do not share {alias!r}: each process counts wrong passwords "
        "for itself.",
        "With more than one process, configure Redis or another shared cache in CACHES.",
    )
