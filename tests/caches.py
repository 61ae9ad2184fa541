"""Caches that do not answer."""

from __future__ import annotations

from typing import Any

from django.core.cache.backends.base import BaseCache


class AwayCache(BaseCache):
    """Raises the error of a client whose server is down."""

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(params)

    def add(self, *arguments: Any, **named: Any) -> Any:
        raise ConnectionError("connection refused")

    get = set = incr = delete = touch = add


class MuteCache(AwayCache):
    """Hides that its server is down, as some back ends can."""

    def add(self, *arguments: Any, **named: Any) -> Any:
        return None

    get = set = incr = delete = touch = add


AWAY = {"default": {"BACKEND": "tests.caches.AwayCache"}}
MUTE = {"default": {"BACKEND": "tests.caches.MuteCache"}}
LOCMEM = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
