"""A custom user model, `ATOMIC_REQUESTS`, pages behind a login, and Talk below a prefix."""

from __future__ import annotations

from tests.custom_user.settings import *  # noqa: F403
from tests.custom_user.settings import DATABASES, MIDDLEWARE

DATABASES["default"]["ATOMIC_REQUESTS"] = True
MIDDLEWARE = [
    *MIDDLEWARE,
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
]
ROOT_URLCONF = "tests.custom_user.urls_below_prefix"
LOGIN_URL = "/staff/login/"
