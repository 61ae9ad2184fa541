"""What the page's script is told by the server; all else it asks the API for."""

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
    """Return what the script needs to know before its first request. No query."""
    adapter, site = get_adapter(), mount_point()
    known = user is not None and {
        "id": adapter.user_id(user),
        "displayName": adapter.display_name(user),
    }
    return {
        "api": f"{site}{API}",
        "ocs": f"{site}{OCS}",
        "avatars": f"{site}/avatar",
        "roomPage": f"{site}/call",
        "roomsPage": f"{site}/apps/spreed/",
        "loginUrl": None if known else login_url(request),
        "token": token,
        "callUser": call_user,
        "user": known or None,
        "language": page_language(),
        "dir": "rtl" if get_language_bidi() else "ltr",
        "stylesheet": asset_url(STYLESHEET),
    }


def mount_point() -> str:
    """Return the path below which a site has put our URLs, without a slash at the end."""
    rooms = reverse("talk:rooms", kwargs={"ocs_version": 2})
    return rooms.removesuffix(f"{API}/room")


def page_language() -> str:
    """Return the language that is active, or that of the site."""
    return get_language() or settings.LANGUAGE_CODE


def login_url(request: HttpRequest) -> str:
    """Return the site's page to log in at, from which people come back here."""
    way_back = urlencode({REDIRECT_FIELD_NAME: request.get_full_path()})
    page = resolve_url(settings.LOGIN_URL)
    return f"{page}{'&' if '?' in page else '?'}{way_back}"
