"""The settings of the example project in production, without access logs."""

from __future__ import annotations

import os

from example_project.settings import *  # noqa: F403
from example_project.settings import CHANNEL_LAYERS, DATABASES

DEBUG = False
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = os.environ.get("BENCHMARK_URLS", "example_project.urls")

if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["TEST"] = {"NAME": DATABASES["default"]["NAME"]}
if "REDIS_URL" in os.environ:
    config = CHANNEL_LAYERS["default"]["CONFIG"]
    config["prefix"] = "talk-benchmark"
    # `plain` needs a connection for each waiting poll.
    config["hosts"][0]["max_connections"] = 20_000
