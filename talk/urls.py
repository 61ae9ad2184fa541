"""The door for a site's URLs: ``path("", include("talk.urls"))``."""

from __future__ import annotations

from talk.api.urls import routes
from talk.realtime.fallback import wait_in_worker

app_name = "talk"

urlpatterns = routes(wait=wait_in_worker)
