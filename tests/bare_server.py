"""The example project under ASGI without `talk.asgi`."""

from __future__ import annotations

import os

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"

from django.core.asgi import get_asgi_application

application = get_asgi_application()
