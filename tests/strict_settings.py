"""A strict site: everything needs a login, and each request is one transaction."""

from __future__ import annotations

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES, MIDDLEWARE

DATABASES["default"]["ATOMIC_REQUESTS"] = True
MIDDLEWARE = [
    *MIDDLEWARE,
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
]
