"""The requests that are being served, which a hub that stops waits for."""

from __future__ import annotations

import asyncio
from types import TracebackType


class RequestsInFlight:
    """Counts the requests inside its `with` blocks; many may be inside at once."""

    def __init__(self) -> None:
        self.count = 0
        """The number of requests."""
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
        """Wait until no request is left; return False after `seconds`."""
        if not self.count:
            return True
        self._none_left = asyncio.Event()
        try:
            async with asyncio.timeout(seconds):
                await self._none_left.wait()
        except TimeoutError:
            return False
        return True
