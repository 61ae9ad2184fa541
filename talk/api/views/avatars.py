"""Avatars of users and guests, which clients show beside their messages."""

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

from talk.api.authentication import authenticated_user
from talk.api.site_cache import ask_cache
from talk.domain.account_avatars import Avatar, find_avatar
from talk.rendering.avatars import (
    can_render_png,
    colour_of,
    initials_of,
    render_png,
    render_svg,
)

SIZES = (64, 128, 256, 512)
"""Sizes in pixels in which images are drawn; for other sizes, the next larger one."""

MAX_AGE_SECONDS = 1800
"""How long clients may use a cached image without revalidation."""

PNG_CACHE_SECONDS = 86400
"""How long the site's cache keeps a PNG image, which is slow to draw."""

NAME_MAX = 200
"""Characters of a guest's name that are searched for initials."""

HEADERS = {
    "Cache-Control": f"private, max-age={MAX_AGE_SECONDS}",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-site",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}
"""Headers of every image. Images may depend on the viewer, so they are private."""

SVG = "image/svg+xml"


@login_not_required
@require_safe
def show_avatar(request: HttpRequest, user_id: str, size: str) -> HttpResponseBase:
    """Return the avatar of a user. Unknown ids get an avatar too, to hide who exists.

    API: Avatars.
    """
    avatar = find_avatar(viewer=authenticated_user(request), user_id=user_id)
    return _respond(request, avatar, size=size, status=200)


@login_not_required
@require_safe
def show_guest_avatar(request: HttpRequest, name: str, size: str) -> HttpResponseBase:
    """Return the avatar of a guest; it depends only on the name.

    API: Avatars, of guests: a 201.
    """
    avatar = Avatar(key=f"guest/{name}", name=name[:NAME_MAX])
    return _respond(request, avatar, size=size, status=201)


def _respond(
    request: HttpRequest, avatar: Avatar, *, size: str, status: int
) -> HttpResponseBase:
    """Return the image, a redirect to it, or a 304 if the client has it."""
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
    """Draw initials: as SVG if the client accepts it, as browsers do, else as PNG."""
    if SVG in request.headers.get("Accept", "") or not can_render_png():
        return render_svg(key=avatar.key, name=avatar.name, size=size), SVG
    appearance = f"{colour_of(avatar.key)}.{initials_of(avatar.name)}"
    key = f"talk.avatar.{hashlib.sha256(appearance.encode()).hexdigest()}.{size}"
    content = ask_cache(lambda cache: cache.get(key), otherwise=lambda: None)
    if content is None:
        drawn = render_png(key=avatar.key, name=avatar.name, size=size)
        ask_cache(
            lambda cache: cache.set(key, drawn, PNG_CACHE_SECONDS),
            otherwise=lambda: None,
        )
        content = drawn
    return content, "image/png"


def _pixels(size: str) -> int:
    """Return the size to draw: the requested one, or the next larger one of `SIZES`."""
    wanted = int(size)
    fitting = [pixels for pixels in SIZES if pixels >= wanted]
    return fitting[0] if fitting else SIZES[-1]
