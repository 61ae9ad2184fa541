"""Child processes, which show what processes share.

A child has the settings module of this process. It writes one JSON value a line.
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
"""A large site on a busy machine takes long to load."""


class NoSettingsModule(Exception):
    """The settings do not come from a module, so a child process would not have them."""


class Child:
    """A child process that has been started."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def read(self, seconds: float = START_SECONDS) -> Any:
        """Return the next value that it writes; None if there is none in time.

        Raises:
            ChildProcessError: it has ended.
        """
        stdout = self._process.stdout
        if stdout is None:
            raise ChildProcessError("The output of the child process cannot be read.")
        try:
            async with asyncio.timeout(seconds):
                line = await stdout.readline()
        except TimeoutError:
            return None
        if not line:
            raise ChildProcessError("The child process has ended.")
        return json.loads(line)


@asynccontextmanager
async def start_child(task: str, *arguments: str) -> AsyncIterator[Child]:
    """Start `talk.doctor.child_program` with a task, and kill it afterwards.

    Raises:
        NoSettingsModule: it would not have the site's settings.
    """
    if ENVIRONMENT_VARIABLE not in os.environ:
        raise NoSettingsModule(f"{ENVIRONMENT_VARIABLE} is not set.")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "talk.doctor.child_program", task, *arguments),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield Child(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
