"""A process of its own, which sees what is shared between processes.

The doctor starts it with the settings module of its own process, and reads what it
says, a JSON value a line.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from django.conf import ENVIRONMENT_VARIABLE

START_SECONDS = 60.0
"""What a process may take to load a large site on a busy machine."""


class NoSettingsModule(Exception):
    """The settings were made by hand: a child process would not have them."""


class Child:
    """A process that has been started."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def hear(self, seconds: float = START_SECONDS) -> Any:
        """Return the next thing that it says; None when it says nothing in time.

        Raises:
            ChildProcessError: it has ended.
        """
        stdout = self._process.stdout
        if stdout is None:
            raise ChildProcessError("The child process cannot be heard.")
        try:
            async with asyncio.timeout(seconds):
                line = await stdout.readline()
        except TimeoutError:
            return None
        if not line:
            raise ChildProcessError("The child process has ended.")
        return json.loads(line)


@asynccontextmanager
async def start_child(work: str, *arguments: str) -> AsyncIterator[Child]:
    """Start `talk.doctor.child` to do some work, and end it afterwards.

    Raises:
        NoSettingsModule: it could not know the site's settings.
    """
    if ENVIRONMENT_VARIABLE not in os.environ:
        raise NoSettingsModule(f"{ENVIRONMENT_VARIABLE} is not set.")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "talk.doctor.child", work, *arguments),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield Child(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
