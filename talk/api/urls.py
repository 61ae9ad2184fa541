"""The routes of the OCS face.

Clients write runs of slashes, which count as one, and forgive no redirect. So every
separator is `/+`, and every other path below the two bases is answered here as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import chain
from typing import Any

from django.db import connections, transaction
from django.http import HttpResponseBase
from django.urls import URLPattern, re_path
from django.urls.resolvers import RegexPattern

from talk.api.base import OCSViewSet
from talk.api.envelope import V1, V2
from talk.api.polls.base import Wait
from talk.api.views.app_passwords import AppPasswordViewSet, NewAppPasswordViewSet
from talk.api.views.avatars import show_avatar, show_guest_avatar
from talk.api.views.calls import CallViewSet
from talk.api.views.chat import ChatViewSet, GuestNameViewSet, MentionViewSet
from talk.api.views.cloud import (
    CapabilitiesViewSet,
    ProfileViewSet,
    UnknownRouteViewSet,
)
from talk.api.views.external_signaling import BackendViewSet, SettingsViewSet
from talk.api.views.participants import (
    ActiveParticipantViewSet,
    GuestViewSet,
    ModeratorViewSet,
    OwnParticipantViewSet,
    ParticipantViewSet,
)
from talk.api.views.people import PeopleViewSet
from talk.api.views.rooms import (
    FavoriteViewSet,
    NotificationViewSet,
    PasswordViewSet,
    PublicViewSet,
    RoomViewSet,
)
from talk.api.views.signaling import SignalingViewSet
from talk.constants import TOKEN_PATTERN

View = Callable[..., HttpResponseBase]

VERSION = "(?P<ocs_version>[12])"
BASE = rf"ocs/v{VERSION}\.php"
TALK = f"{BASE}/apps/spreed/api/v1"
TOKEN = f"(?P<token>{TOKEN_PATTERN})"


def routes(*, wait: Wait) -> list[URLPattern]:
    """Return the URL patterns; `wait` is how polls wait inside Django's handler."""
    add, change, remove = {"post": "create"}, {"put": "update"}, {"delete": "destroy"}
    show, look = {"get": "list"}, {"get": "retrieve"}
    cloud = [
        _route(f"{BASE}/cloud/capabilities", CapabilitiesViewSet, show, "capabilities"),
        _route(f"{BASE}/cloud/user", ProfileViewSet, look, "user"),
        _route(f"{BASE}/core/autocomplete/get", PeopleViewSet, show, "people"),
    ]
    core = f"{BASE}/core"
    app_passwords = [
        _route(f"{core}/apppassword", AppPasswordViewSet, remove, "app-password"),
        _route(
            f"{core}/getapppassword", NewAppPasswordViewSet, look, "new-app-password"
        ),
    ]
    room = f"{TALK}/room/{TOKEN}"
    rooms = [
        _route(f"{TALK}/room", RoomViewSet, show | add, "rooms"),
        _route(room, RoomViewSet, look | change | remove, "room"),
        _route(f"{room}/public", PublicViewSet, add | remove, "public"),
        _route(f"{room}/password", PasswordViewSet, change, "password"),
        _route(f"{room}/favorite", FavoriteViewSet, add | remove, "favorite"),
        _route(f"{room}/notify", NotificationViewSet, add, "notify"),
    ]
    people = f"{room}/participants"
    participants = [
        _route(people, ParticipantViewSet, show | add | remove, "participants"),
        _route(f"{people}/self", OwnParticipantViewSet, remove, "own-participant"),
        _route(f"{people}/guests", GuestViewSet, add | remove, "guests"),
        _route(f"{people}/active", ActiveParticipantViewSet, add | remove, "active"),
        _route(f"{room}/moderators", ModeratorViewSet, add | remove, "moderators"),
    ]
    room_chat = f"{TALK}/chat/{TOKEN}"
    chat = [
        _route(room_chat, ChatViewSet, show | add, "chat", wait=wait),
        _route(f"{room_chat}/mentions", MentionViewSet, show, "mentions"),
        _route(f"{TALK}/guest/{TOKEN}/name", GuestNameViewSet, add, "guest-name"),
    ]
    calls = [_route(f"{TALK}/call/{TOKEN}", CallViewSet, show | add | remove, "call")]
    signaling = [
        _route(f"{TALK}/signaling/settings", SettingsViewSet, look, "settings"),
        _route(f"{TALK}/signaling/backend", BackendViewSet, add, "backend"),
    ]
    internal_signaling = [
        _route(
            f"{TALK}/signaling/{TOKEN}",
            SignalingViewSet,
            show | add,
            "signaling",
            wait=wait,
        ),
    ]
    refuse = UnknownRouteViewSet.as_view({"get": "refuse"})
    unknown = re_path(rf"^{_slashes(BASE)}(?:/[\s\S]*)?\Z", refuse)
    endpoints = [
        *cloud,
        *app_passwords,
        *rooms,
        *participants,
        *chat,
        *calls,
        *signaling,
        *internal_signaling,
    ]
    return [*chain.from_iterable(endpoints), *_avatars(), unknown]


class EndpointPattern(RegexPattern):
    """A pattern whose text is the path with plain separators, for whoever shows it."""

    def __init__(self, path: str, *, name: str) -> None:
        super().__init__(rf"^{_slashes(path)}\Z", name=name, is_endpoint=True)
        self.path = path

    def __str__(self) -> str:
        return rf"^{self.path}\Z"


def without_transaction(view: View) -> View:
    """Return a view that runs outside a transaction, whatever `ATOMIC_REQUESTS` says.

    One around a whole request would hold locks and an old snapshot while a poll
    waits. What changes anything is atomic in the domain.
    """
    for alias in connections:
        transaction.non_atomic_requests(alias)(view)
    return view


def _avatars() -> list[URLPattern]:
    image = r"(?:index\.php/)?avatar"
    size = r"(?P<size>-?[0-9]{1,9})(?:/dark)?"
    guest = _slashes(f"{image}/guest/(?P<name>[^/]*)/{size}")
    user = _slashes(f"{image}/(?P<user_id>[^/]+)/{size}")
    return [
        re_path(
            rf"^{guest}\Z", without_transaction(show_guest_avatar), name="guest-avatar"
        ),
        re_path(rf"^{user}\Z", without_transaction(show_avatar), name="avatar"),
    ]


def _route(
    path: str,
    viewset: type[OCSViewSet],
    actions: Mapping[str, str],
    name: str,
    **initkwargs: Any,
) -> list[URLPattern]:
    """Return a pattern for each base path, the one that clients use first."""
    view = without_transaction(viewset.as_view({**actions}, **initkwargs))
    return [
        URLPattern(
            EndpointPattern(path.replace(VERSION, str(version)), name=name),
            view,
            {"ocs_version": version},
            name,
        )
        for version in (V2, V1)
    ]


def _slashes(path: str) -> str:
    """Let every separator of `path` stand for a run of slashes, and allow a first."""
    return "(?:/+)?" + path.replace("/", "/+")
