"""Helpers that run management commands and return their output or exit code."""

from __future__ import annotations

import subprocess
import sys
from io import StringIO
from typing import Any

from django.core.management import CommandError, call_command

from tests.servers import ROOT, _environment, database_url


def run(name: str, *arguments: Any, **options: Any) -> str:
    """Run a command in this process and return its output."""
    out = StringIO()
    call_command(name, *map(str, arguments), stdout=out, **options)
    return out.getvalue()


def exit_code(name: str, *arguments: Any) -> int:
    """Run a command in this process and return the exit code it would have."""
    try:
        run(name, *arguments)
    except CommandError as error:
        # From a shell, argparse exits with 2 where `call_command` raises an error.
        return 2 if error.returncode == 1 and _is_usage(error) else error.returncode
    return 0


def _is_usage(error: CommandError) -> bool:
    return str(error).startswith("Error: ")


def shell(
    *arguments: str, say: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run `manage.py` in a separate process, on the test database."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={
            **_environment(),
            "DATABASE_URL": database_url(),
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            **environment,
        },
        input=say,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
