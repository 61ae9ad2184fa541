"""A site that has put Talk below a path of its own."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [path("cloud/", include("talk.urls"))]
