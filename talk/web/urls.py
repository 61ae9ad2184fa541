"""URL patterns of the pages, which a site can turn off."""

from __future__ import annotations

from django.urls import URLPattern
from django.urls.resolvers import RegexPattern

from talk.api.urls import without_transaction
from talk.conf import talk_settings
from talk.constants import TOKEN_PATTERN
from talk.web.views import RoomPage, RoomsPage

FRONT_CONTROLLER = r"(?:index\.php/)?"
"""Clients may add the PHP front controller to links."""


class PagePattern(RegexPattern):
    """A route that matches only while ``TALK["PAGE"]`` is on."""

    def match(self, path: str) -> tuple[str, tuple[str, ...], dict[str, str]] | None:
        """Return the match; None if the pages are off."""
        return super().match(path) if talk_settings().PAGE else None


def routes() -> list[URLPattern]:
    """Return the URL patterns."""
    room = f"^{FRONT_CONTROLLER}call/(?P<token>{TOKEN_PATTERN})\\Z"
    rooms = f"^{FRONT_CONTROLLER}apps/spreed"
    show_room = without_transaction(RoomPage.as_view())
    show_rooms = without_transaction(RoomsPage.as_view())
    return [
        URLPattern(PagePattern(room), show_room, name="page-room"),
        URLPattern(PagePattern(f"{rooms}/\\Z"), show_rooms, name="page-rooms"),
        URLPattern(PagePattern(f"{rooms}\\Z"), show_rooms),
    ]
