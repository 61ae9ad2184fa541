"""The example project under test: its database is a file, so that threads and other
processes see it, and passwords are hashed quickly."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from example_project.settings import *  # noqa: F403
from example_project.settings import CHANNEL_LAYERS, DATABASES

DEBUG = False
ALLOWED_HOSTS = ["*"]
if "REDIS_URL" in os.environ:
    # Workers of the suite, and the servers that each of them starts, are apart.
    worker = os.environ.get("PYTEST_XDIST_WORKER", "alone")
    CHANNEL_LAYERS["default"]["CONFIG"]["prefix"] = f"talk-test-{worker}"

    # How tests make a layer forgetful or narrow.
    options = json.loads(os.environ.get("CHANNEL_LAYER", "{}"))
    CHANNEL_LAYERS["default"]["CONFIG"] |= options

# Each test clears it, which must not touch what else a Redis holds.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
# How tests configure the processes that they start.
TALK = json.loads(os.environ.get("TALK", "{}"))
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        # Test data need not survive a power cut.
        "init_command": "PRAGMA synchronous = OFF",
    }
    test_file = Path(tempfile.gettempdir()) / f"talk-test-{os.getpid()}.sqlite3"
    DATABASES["default"]["TEST"] = {"NAME": str(test_file)}
