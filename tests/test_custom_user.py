"""Talk in a site with a user model of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize(
    ("settings", "checks"),
    [
        ("settings", ("check_talking", "check_admin")),
        ("strict_settings", ("check_strict",)),
    ],
)
def test_any_user_model_will_do(settings: str, checks: tuple[str, ...]) -> None:
    """In a process of its own, because a process has one user model."""
    environment = {key: os.environ[key] for key in os.environ if key != "DATABASE_URL"}
    result = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            *("--ds", f"tests.custom_user.{settings}"),
            *(f"tests/custom_user/{check}.py" for check in checks),
        ],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert " passed" in result.stdout
