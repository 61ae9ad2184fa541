"""URLs that sites include: ``path("", include("talk.urls"))``."""

from __future__ import annotations

from talk.api import urls as api
from talk.realtime.fallback import wait_in_worker
from talk.web import urls as web

app_name = "talk"

urlpatterns = [*api.routes(wait=wait_in_worker), *web.routes()]
