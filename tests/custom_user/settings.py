"""The example project with the accounts of this package."""

from __future__ import annotations

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS

INSTALLED_APPS = [
    "tests.custom_user",
    *(app for app in INSTALLED_APPS if app != "example_project"),
]
AUTH_USER_MODEL = "custom_user.Account"
ROOT_URLCONF = "tests.custom_user.urls"
