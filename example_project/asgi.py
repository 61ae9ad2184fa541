"""The ASGI application. Long polls leave Django's request path and become cheap."""

from __future__ import annotations

import os

from django.core.asgi import get_asgi_application

import talk.asgi

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "example_project.settings")
application = talk.asgi.application(get_asgi_application())
