"""Context of the template tags that embed rooms in the pages of a site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpRequest

from talk.adapters import get_adapter
from talk.api.authentication import authenticated_user
from talk.domain.access import may_see_room
from talk.models import Room
from talk.web.assets import ROOM_MODULE, plain_url
from talk.web.page_data import login_url, mount_point, page_data, page_language
from talk.web.page_texts import page_texts

if TYPE_CHECKING:
    from django.contrib.auth.models import User

VIEWER_ATTRIBUTE = "talk_viewer"
"""Request attribute that caches the user, for pages with several rooms."""

ASSETS_ATTRIBUTE = "talk_assets_given"
"""Request attribute which tells that the page has already loaded the script."""


def assets_context(request: HttpRequest) -> dict[str, Any]:
    """Return the context of `talk/assets.html`: complete once a page, then empty."""
    if hasattr(request, ASSETS_ATTRIBUTE):
        return {"module": ""}
    setattr(request, ASSETS_ATTRIBUTE, True)
    return {
        "module": plain_url(ROOM_MODULE),
        "data": page_data(request=request, user=_viewer(request)),
        "texts": page_texts(page_language()),
    }


def room_context(request: HttpRequest, room: Room) -> dict[str, Any]:
    """Return the context of `talk/room.html`.

    At most two queries, and those of authentication once a page.
    """
    user = _viewer(request)
    is_open = may_see_room(user=user, token=room.token)
    return {
        "room": room,
        "is_open": is_open,
        "room_url": get_adapter().room_url(room.token, mount_point()),
        "login_url": None if user is not None else login_url(request),
        "assets": assets_context(request) if is_open else {"module": ""},
    }


def _viewer(request: HttpRequest) -> User | None:
    if not hasattr(request, VIEWER_ATTRIBUTE):
        setattr(request, VIEWER_ATTRIBUTE, authenticated_user(request))
    viewer: User | None = getattr(request, VIEWER_ATTRIBUTE)
    return viewer
