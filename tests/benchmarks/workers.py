"""Processes that exchange requests and results as lines of JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent


class Worker:
    """Another Python process that runs a module, which calls `serve`."""

    def __init__(self, module: str, environment: Mapping[str, str] | None = None):
        self.module = module
        self._process = subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
        )

    def ask(self, name: str, **arguments: Any) -> Any:
        """Call a function of the process and return its result."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([name, arguments]) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.module} has ended in {name}")
        is_done, result = json.loads(line)
        if not is_done:
            raise RuntimeError(f"{self.module} failed in {name}:\n{result}")
        return result

    def close(self) -> None:
        """Kill the process."""
        self._process.kill()
        self._process.communicate()


def serve(functions: Mapping[str, Callable[..., Any]]) -> None:
    """Serve the process that started this one, until it closes the pipe."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # output of the functions must not be taken for results
    for line in sys.stdin:
        name, arguments = json.loads(line)
        try:
            answer = [True, functions[name](**arguments)]
        except Exception:  # noqa: BLE001 - the other process decides what to do about it
            answer = [False, traceback.format_exc()]
        answers.write(json.dumps(answer) + "\n")
        answers.flush()
