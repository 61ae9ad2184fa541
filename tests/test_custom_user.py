"""Talk in a site with a user model of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_any_user_model_will_do() -> None:
    """In a process of its own, because a process has one user model."""
    environment = {key: os.environ[key] for key in os.environ if key != "DATABASE_URL"}
    result = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            *("--ds", "tests.custom_user.settings"),
            "tests/custom_user/check_talking.py",
            "tests/custom_user/check_admin.py",
        ],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert " passed" in result.stdout
