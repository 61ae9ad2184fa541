"""The cache: does another process see what this one has put there?"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator
from typing import Any

from django.core.cache import caches

from talk.conf import talk_settings
from talk.doctor.children import NoSettingsModule, start_child
from talk.doctor.findings import Finding, Request, failed, ok, skipped, warning

PROBE = "cache"

KEEP_SECONDS = 300

ALONE = ("locmem.LocMemCache", "dummy.DummyCache")
"""Back ends that are not meant to reach other processes."""


def probe_cache(request: Request) -> Iterator[Finding]:
    """Put something into the cache, and have a child process read it."""
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
        answer = await child.hear()
    return answer["found"] if answer is not None else None


def _not_shared(cache: Any, alias: str) -> Finding:
    is_alone = f"{type(cache).__module__}.{type(cache).__name__}".endswith(ALONE)
    tell = warning if is_alone else failed
    return tell(
        PROBE,
        f"Another process does not see what is put into {alias!r}: wrong passwords are "
        "counted in each process apart.",
        "With more than one process, configure Redis or another shared cache in CACHES.",
    )
