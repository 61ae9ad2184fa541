"""The URLs of the API that loads use."""

from __future__ import annotations

from django.urls import path

from tests.benchmarks.plain import views

BASE = "ocs/v2.php/apps/spreed/api/v1"

urlpatterns = [
    path(f"{BASE}/chat/<token>", views.chat),
    path(f"{BASE}/room", views.list_rooms),
    path(f"{BASE}/room/<token>/participants/active", views.join),
    path(f"{BASE}/signaling/<token>", views.signal),
]
