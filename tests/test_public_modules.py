"""The modules that sites import."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module

import pytest

from tests.servers import ROOT

MODULES = [
    "adapters",
    "notification_texts",
    "notifications",
    "rooms",
    "signals",
    "testing",
]

NOT_ON_A_SITE = [
    "PIL",
    "channels_redis",
    "drf_spectacular",
    "factory",
    "prometheus_client",
    "psycopg",
    "pytest",
    "tests",
    "urllib3",
]
"""Extras and the tests' own packages."""


@pytest.mark.parametrize("name", MODULES)
def test_a_public_module_says_so_and_lists_its_names(name: str) -> None:
    module = import_module(f"talk.{name}")
    assert "Public API." in (module.__doc__ or "")
    assert [each for each in module.__all__ if not hasattr(module, each)] == []


def test_public_modules_need_no_extra_and_no_tests() -> None:
    lines = [
        "import sys",
        f"sys.modules.update(dict.fromkeys({NOT_ON_A_SITE}))",
        "import django",
        "from django.conf import settings",
        "apps = ['contenttypes', 'auth', 'sessions']",
        "settings.configure(INSTALLED_APPS=[",
        "    *['django.contrib.' + app for app in apps],",
        "    'rest_framework', 'channels', 'talk'])",
        "django.setup()",
        "import talk.signals",
        *[f"import talk.{name}" for name in MODULES],
    ]
    environment = {
        key: value
        for key, value in os.environ.items()
        if key != "DJANGO_SETTINGS_MODULE"
    }
    subprocess.run(
        [sys.executable, "-c", "\n".join(lines)],
        cwd=ROOT,
        env=environment,
        check=True,
        timeout=60,
    )
