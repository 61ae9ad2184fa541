"""The routes of the OCS face.

Clients write runs of slashes, which count as one, and forgive no redirect. So every
separator is `/+`, and every other path below the two bases is answered here as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import connections, transaction
from django.urls import URLPattern, re_path

from talk.api.base import OCSViewSet
from talk.api.polls import Wait
from talk.api.views.chat import ChatViewSet, GuestNameViewSet
from talk.api.views.cloud import (
    CapabilitiesViewSet,
    ProfileViewSet,
    UnknownRouteViewSet,
)
from talk.api.views.rooms import ActiveParticipantViewSet, RoomViewSet
from talk.constants import TOKEN_PATTERN

BASE = r"ocs/v(?P<ocs_version>[12])\.php"
TALK = f"{BASE}/apps/spreed/api/v1"
TOKEN = f"(?P<token>{TOKEN_PATTERN})"


def routes(*, wait: Wait) -> list[URLPattern]:
    """Return the URL patterns; `wait` is how polls wait inside Django's handler."""
    cloud = [
        _route(
            f"{BASE}/cloud/capabilities",
            CapabilitiesViewSet,
            {"get": "list"},
            name="capabilities",
        ),
        _route(f"{BASE}/cloud/user", ProfileViewSet, {"get": "retrieve"}, name="user"),
    ]
    rooms = [
        _route(
            f"{TALK}/room",
            RoomViewSet,
            {"get": "list", "post": "create"},
            name="rooms",
        ),
        _route(f"{TALK}/room/{TOKEN}", RoomViewSet, {"get": "retrieve"}, name="room"),
        _route(
            f"{TALK}/room/{TOKEN}/participants/active",
            ActiveParticipantViewSet,
            {"post": "create", "delete": "destroy"},
            name="active-participant",
        ),
    ]
    chat = [
        _route(
            f"{TALK}/chat/{TOKEN}",
            ChatViewSet,
            {"get": "list", "post": "create"},
            name="chat",
            wait=wait,
        ),
        _route(
            f"{TALK}/guest/{TOKEN}/name",
            GuestNameViewSet,
            {"post": "create"},
            name="guest-name",
        ),
    ]
    refuse = UnknownRouteViewSet.as_view({"get": "refuse"})
    unknown = re_path(rf"^{_slashes(BASE)}(?:/[\s\S]*)?\Z", refuse)
    return [*cloud, *rooms, *chat, unknown]


def _route(
    path: str,
    viewset: type[OCSViewSet],
    actions: Mapping[str, str],
    *,
    name: str,
    **initkwargs: Any,
) -> URLPattern:
    view = viewset.as_view({**actions}, **initkwargs)
    for alias in connections:
        # A transaction around a whole request would hold locks and an old snapshot
        # while a poll waits. What changes anything is atomic in the domain.
        transaction.non_atomic_requests(alias)(view)
    return re_path(rf"^{_slashes(path)}\Z", view, name=name)


def _slashes(path: str) -> str:
    """Let every separator of `path` stand for a run of slashes, and allow a first."""
    return "(?:/+)?" + path.replace("/", "/+")
