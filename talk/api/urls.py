"""URL patterns of the API.

Clients send repeated slashes, which count as one, and do not follow redirects. So
every separator matches `/+`, and unknown paths below the two base paths match as well.
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
from talk.api.views.capabilities import CapabilitiesViewSet
from talk.api.views.chat import ChatViewSet, GuestNameViewSet, MentionViewSet
from talk.api.views.moderators import ModeratorViewSet
from talk.api.views.participant_preferences import FavoriteViewSet, NotificationViewSet
from talk.api.views.participants import (
    GuestViewSet,
    OwnParticipantViewSet,
    ParticipantViewSet,
)
from talk.api.views.people_search import PeopleViewSet
from talk.api.views.rooms import PasswordViewSet, PublicViewSet, RoomViewSet
from talk.api.views.sessions import ActiveParticipantViewSet
from talk.api.views.signaling_backend import BackendViewSet
from talk.api.views.signaling_internal import SignalingViewSet
from talk.api.views.signaling_settings import SettingsViewSet
from talk.api.views.unknown_routes import UnknownRouteViewSet
from talk.api.views.user_profile import ProfileViewSet
from talk.constants import TOKEN_PATTERN

View = Callable[..., HttpResponseBase]

VERSION = "(?P<ocs_version>[12])"
TOKEN = f"(?P<token>{TOKEN_PATTERN})"

OCS = rf"ocs/v{VERSION}\.php"
TALK = f"{OCS}/apps/spreed/api/v1"
ROOM = f"{TALK}/room/{TOKEN}"
PARTICIPANTS = f"{ROOM}/participants"
CHAT = f"{TALK}/chat/{TOKEN}"
SIGNALING = f"{TALK}/signaling"

LIST, RETRIEVE = {"get": "list"}, {"get": "retrieve"}
CREATE, UPDATE, DESTROY = {"post": "create"}, {"put": "update"}, {"delete": "destroy"}
"""Actions of viewsets by HTTP method."""


def routes(*, wait: Wait) -> list[URLPattern]:
    """Return the URL patterns; `wait` serves long polls inside Django's handler."""
    endpoints = [
        _route(f"{OCS}/cloud/capabilities", CapabilitiesViewSet, LIST, "capabilities"),
        _route(f"{OCS}/cloud/user", ProfileViewSet, RETRIEVE, "user"),
        _route(f"{OCS}/core/autocomplete/get", PeopleViewSet, LIST, "people"),
        _route(f"{OCS}/core/apppassword", AppPasswordViewSet, DESTROY, "app-password"),
        _route(
            f"{OCS}/core/getapppassword",
            NewAppPasswordViewSet,
            RETRIEVE,
            "new-app-password",
        ),
        _route(f"{TALK}/room", RoomViewSet, LIST | CREATE, "rooms"),
        _route(ROOM, RoomViewSet, RETRIEVE | UPDATE | DESTROY, "room"),
        _route(f"{ROOM}/public", PublicViewSet, CREATE | DESTROY, "public"),
        _route(f"{ROOM}/password", PasswordViewSet, UPDATE, "password"),
        _route(f"{ROOM}/favorite", FavoriteViewSet, CREATE | DESTROY, "favorite"),
        _route(f"{ROOM}/notify", NotificationViewSet, CREATE, "notify"),
        _route(f"{ROOM}/moderators", ModeratorViewSet, CREATE | DESTROY, "moderators"),
        _route(
            PARTICIPANTS, ParticipantViewSet, LIST | CREATE | DESTROY, "participants"
        ),
        _route(
            f"{PARTICIPANTS}/self", OwnParticipantViewSet, DESTROY, "own-participant"
        ),
        _route(f"{PARTICIPANTS}/guests", GuestViewSet, CREATE | DESTROY, "guests"),
        _route(
            f"{PARTICIPANTS}/active",
            ActiveParticipantViewSet,
            CREATE | DESTROY,
            "active",
        ),
        _route(CHAT, ChatViewSet, LIST | CREATE, "chat", wait=wait),
        _route(f"{CHAT}/mentions", MentionViewSet, LIST, "mentions"),
        _route(f"{TALK}/guest/{TOKEN}/name", GuestNameViewSet, CREATE, "guest-name"),
        _route(f"{TALK}/call/{TOKEN}", CallViewSet, LIST | CREATE | DESTROY, "call"),
        _route(f"{SIGNALING}/settings", SettingsViewSet, RETRIEVE, "settings"),
        _route(f"{SIGNALING}/backend", BackendViewSet, CREATE, "backend"),
        # The last one, because the words above have the form of a token.
        _route(
            f"{SIGNALING}/{TOKEN}",
            SignalingViewSet,
            LIST | CREATE,
            "signaling",
            wait=wait,
        ),
    ]
    refuse = UnknownRouteViewSet.as_view({"get": "refuse"})
    unknown = re_path(rf"^{_slashes(OCS)}(?:/[\s\S]*)?\Z", refuse)
    return [*chain.from_iterable(endpoints), *_avatars(), unknown]


class EndpointPattern(RegexPattern):
    """A pattern whose string is the path with single slashes, as for documentation."""

    def __init__(self, path: str, *, name: str) -> None:
        super().__init__(rf"^{_slashes(path)}\Z", name=name, is_endpoint=True)
        self.path = path

    def __str__(self) -> str:
        return rf"^{self.path}\Z"


def without_transaction(view: View) -> View:
    """Run a view outside of a transaction, regardless of `ATOMIC_REQUESTS`.

    While a poll waits, a transaction would hold locks and an old snapshot. Domain
    functions are atomic by themselves.
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
    """Return a pattern for each base path. That of v2, which clients use, comes first."""
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
    """Let every slash of `path` match repeated ones, and allow leading slashes."""
    return "(?:/+)?" + path.replace("/", "/+")
