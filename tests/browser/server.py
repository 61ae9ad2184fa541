"""The application for browser tests: the example project with its static files."""

from __future__ import annotations

import os

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"

from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.core.asgi import get_asgi_application

import talk.asgi

application = talk.asgi.application(ASGIStaticFilesHandler(get_asgi_application()))
