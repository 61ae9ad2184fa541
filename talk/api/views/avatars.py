"""Images of people, which apps and pages show beside what they say."""

from __future__ import annotations

import hashlib

from django.contrib.auth.decorators import login_not_required
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
)
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.http import quote_etag
from django.views.decorators.http import require_safe

from talk.api.authentication import viewer_of
from talk.api.site_cache import ask_cache
from talk.domain.account_avatars import Avatar, find_avatar
from talk.rendering.avatars import colour, has_png, initials, render_png, render_svg

SIZES = (64, 128, 256, 512)
"""Pixels that images are drawn in; who asks for others scales the next larger one."""

MAX_AGE_SECONDS = 1800
"""How long apps and browsers keep an image without asking."""

PNG_SECONDS = 86400
"""How long the site's cache keeps what it took some time to draw."""

NAME_MAX = 200
"""Characters of a guest's name that are looked at for its initials."""

HEADERS = {
    "Cache-Control": f"private, max-age={MAX_AGE_SECONDS}",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-site",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}
"""On every image. It may depend on who looks, so that no proxy may keep it."""

SVG = "image/svg+xml"


@login_not_required
@require_safe
def show_avatar(request: HttpRequest, user_id: str, size: str) -> HttpResponseBase:
    """Show a user; an id that nobody has looks like one that somebody has.

    API: Avatars.
    """
    avatar = find_avatar(viewer=viewer_of(request), user_id=user_id)
    return _answer(request, avatar, size=size, status=200)


@login_not_required
@require_safe
def show_guest_avatar(request: HttpRequest, name: str, size: str) -> HttpResponseBase:
    """Show a guest who is called so; all guests of a name look alike.

    API: Avatars, of guests: a 201.
    """
    avatar = Avatar(key=f"guest/{name}", name=name[:NAME_MAX])
    return _answer(request, avatar, size=size, status=201)


def _answer(
    request: HttpRequest, avatar: Avatar, *, size: str, status: int
) -> HttpResponseBase:
    """Return the image, a redirect to it, or that the client has it already."""
    picture = avatar.picture
    response: HttpResponseBase
    if isinstance(picture, str):
        response = HttpResponseRedirect(picture)
    else:
        content, content_type = (
            (picture.content, picture.content_type)
            if picture is not None
            else _draw(request, avatar, _pixels(size))
        )
        etag = quote_etag(hashlib.sha256(content).hexdigest()[:32])
        response = HttpResponse(content, content_type, status)
        response.headers["ETag"] = etag
        response = get_conditional_response(request, etag, None, response) or response
    for name, value in HEADERS.items():
        response.headers[name] = value
    response.headers["X-NC-IsCustomAvatar"] = "1" if picture else "0"
    patch_vary_headers(response, ["Accept", "Authorization", "Cookie"])
    return response


def _draw(request: HttpRequest, avatar: Avatar, size: int) -> tuple[bytes, str]:
    """Draw initials: as SVG for browsers, which say so, and as PNG for apps."""
    if SVG in request.headers.get("Accept", "") or not has_png():
        return render_svg(key=avatar.key, name=avatar.name, size=size), SVG
    look = f"{colour(avatar.key)}.{initials(avatar.name)}"
    key = f"talk.avatar.{hashlib.sha256(look.encode()).hexdigest()}.{size}"
    content = ask_cache(lambda cache: cache.get(key), otherwise=lambda: None)
    if content is None:
        drawn = render_png(key=avatar.key, name=avatar.name, size=size)
        ask_cache(
            lambda cache: cache.set(key, drawn, PNG_SECONDS), otherwise=lambda: None
        )
        content = drawn
    return content, "image/png"


def _pixels(size: str) -> int:
    """Return the size to draw: what was asked for, or the next larger one there is."""
    wanted = int(size)
    fitting = [pixels for pixels in SIZES if pixels >= wanted]
    return fitting[0] if fitting else SIZES[-1]
