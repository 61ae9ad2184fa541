"""Running commands as a shell does, and what they answer."""

from __future__ import annotations

import subprocess
import sys
from io import StringIO
from typing import Any

from django.core.management import CommandError, call_command

from tests.servers import ROOT, _environment, database_url


def run(name: str, *arguments: Any, **options: Any) -> str:
    """Run a command in this process and return what it prints."""
    out = StringIO()
    call_command(name, *map(str, arguments), stdout=out, **options)
    return out.getvalue()


def exit_code(name: str, *arguments: Any) -> int:
    """Run a command in this process and return what it would end with."""
    try:
        run(name, *arguments)
    except CommandError as error:
        # What argparse refuses has ended the process by then, with a 2.
        return 2 if error.returncode == 1 and _is_usage(error) else error.returncode
    return 0


def _is_usage(error: CommandError) -> bool:
    return str(error).startswith("Error: ")


def shell(
    *arguments: str, say: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run `manage.py` in a process of its own, on the test database."""
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
