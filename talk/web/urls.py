"""The routes of the pages, which a site may turn off."""

from __future__ import annotations

from django.urls import URLPattern
from django.urls.resolvers import RegexPattern

from talk.api.urls import without_transaction
from talk.conf import talk_settings
from talk.constants import TOKEN_PATTERN
from talk.web.views import RoomPage, RoomsPage

FRONT = r"(?:index\.php/)?"
"""Apps write links with the name of a file that PHP needs."""


class PagePattern(RegexPattern):
    """A route that exists as long as ``TALK["PAGE"]`` is on."""

    def match(self, path: str) -> tuple[str, tuple[str, ...], dict[str, str]] | None:
        """Return the match; without the pages, all paths are the site's own."""
        return super().match(path) if talk_settings().PAGE else None


def routes() -> list[URLPattern]:
    """Return the URL patterns."""
    room = f"^{FRONT}call/(?P<token>{TOKEN_PATTERN})\\Z"
    rooms = f"^{FRONT}apps/spreed"
    show_room = without_transaction(RoomPage.as_view())
    show_rooms = without_transaction(RoomsPage.as_view())
    return [
        URLPattern(PagePattern(room), show_room, name="page-room"),
        URLPattern(PagePattern(f"{rooms}/\\Z"), show_rooms, name="page-rooms"),
        URLPattern(PagePattern(f"{rooms}\\Z"), show_rooms),
    ]
