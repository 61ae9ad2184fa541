"""The data that a page passes to its script; the script requests the rest from the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import get_language, get_language_bidi

from talk.adapters import get_adapter
from talk.web.assets import STYLESHEET, asset_url

if TYPE_CHECKING:
    from django.contrib.auth.models import User

OCS = "/ocs/v2.php"
API = f"{OCS}/apps/spreed/api/v1"


def page_data(
    *,
    request: HttpRequest,
    user: User | None,
    token: str | None = None,
    call_user: str | None = None,
) -> dict[str, Any]:
    """Return the data that the script needs before its first request. No query."""
    adapter, site = get_adapter(), mount_point()
    user_data = user is not None and {
        "id": adapter.user_id(user),
        "displayName": adapter.display_name(user),
    }
    return {
        "api": f"{site}{API}",
        "ocs": f"{site}{OCS}",
        "avatars": f"{site}/avatar",
        "roomPage": f"{site}/call",
        "roomsPage": f"{site}/apps/spreed/",
        "loginUrl": None if user_data else login_url(request),
        "token": token,
        "callUser": call_user,
        "user": user_data or None,
        "language": page_language(),
        "dir": "rtl" if get_language_bidi() else "ltr",
        "stylesheet": asset_url(STYLESHEET),
    }


def mount_point() -> str:
    """Return the path prefix of our URLs in the site, without a trailing slash."""
    rooms = reverse("talk:rooms", kwargs={"ocs_version": 2})
    return rooms.removesuffix(f"{API}/room")


def page_language() -> str:
    """Return the active language, or the site's."""
    return get_language() or settings.LANGUAGE_CODE


def login_url(request: HttpRequest) -> str:
    """Return the URL of the site's login page, which redirects back to this page."""
    query = urlencode({REDIRECT_FIELD_NAME: request.get_full_path()})
    page = resolve_url(settings.LOGIN_URL)
    return f"{page}{'&' if '?' in page else '?'}{query}"
