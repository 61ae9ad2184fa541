"""Talk and its admin in a site that has pages of its own in front."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("staff/", admin.site.urls),
    path("community/", include("talk.urls")),
]
