"""The admin, Talk, and its OpenAPI document where drf-spectacular is installed."""

from __future__ import annotations

from django.apps import apps
from django.contrib import admin
from django.contrib.staticfiles.urls import staticfiles_urlpatterns
from django.urls import include, path
from django.views.generic import RedirectView

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("talk.urls")),
    path("", RedirectView.as_view(pattern_name="admin:index")),
    *staticfiles_urlpatterns(),  # in DEBUG only: the admin's style sheets
]

if apps.is_installed("drf_spectacular"):
    from drf_spectacular.views import SpectacularAPIView

    urlpatterns += [path("openapi", SpectacularAPIView.as_view(urlconf="talk.urls"))]
