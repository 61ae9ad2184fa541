"""Requests under way, which a hub that stops lets be answered."""

from __future__ import annotations

import asyncio
from types import TracebackType


class RequestsInFlight:
    """Counts what is done inside of it; entered by many at once."""

    def __init__(self) -> None:
        self.count = 0
        """How many requests are under way."""
        self._none_left: asyncio.Event | None = None

    def __enter__(self) -> None:
        self.count += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.count -= 1
        if not self.count and self._none_left is not None:
            self._none_left.set()

    async def wait_for_all(self, seconds: float) -> bool:
        """Return when none is left, False when that takes longer than `seconds`."""
        if not self.count:
            return True
        self._none_left = asyncio.Event()
        try:
            async with asyncio.timeout(seconds):
                await self._none_left.wait()
        except TimeoutError:
            return False
        return True
