"""Views of the pages: one room, and the list of a user's rooms."""

from __future__ import annotations

import re
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import translation
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.decorators import method_decorator
from django.views import View

from talk.adapters import get_adapter
from talk.api.authentication import authenticated_user
from talk.conf import TalkSettings, talk_settings
from talk.constants import TOKEN_PATTERN
from talk.domain.access import may_see_room
from talk.web.assets import PAGE_MODULE, STYLESHEET, asset_url, import_map, plain_url
from talk.web.page_data import login_url, mount_point, page_data, page_language
from talk.web.page_texts import page_texts
from talk.web.security_headers import HEADERS, content_security_policy


@method_decorator(login_not_required, name="dispatch")
class Page(View):
    """Base of the pages: language and security headers."""

    http_method_names = ["get", "head"]  # noqa: RUF012 - Django's

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Authenticate the request."""
        super().setup(request, *args, **kwargs)
        self.user = authenticated_user(request)

    def dispatch(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        """Respond in the language in which the API would respond."""
        chosen = get_adapter().language(self.user) if self.user is not None else ""
        language = chosen or translation.get_language_from_request(request)
        with translation.override(language):
            response = super().dispatch(request, *args, **kwargs)
        response.headers["Content-Language"] = language
        patch_cache_control(response, private=True, no_cache=True)
        patch_vary_headers(response, ["Accept-Language", "Authorization", "Cookie"])
        return response

    def show(self, *, token: str | None, call_user: str | None = None) -> HttpResponse:
        """Return the page; its script fills it."""
        data = page_data(
            request=self.request, user=self.user, token=token, call_user=call_user
        )
        context = {"data": data, "texts": page_texts(data["language"])}
        return self.render("talk/page.html", context, has_script=True)

    def render(
        self,
        template: str,
        context: dict[str, Any],
        *,
        status: int = 200,
        has_script: bool = False,
    ) -> HttpResponse:
        """Render a template; add the content security policy for our own base template."""
        base = talk_settings().PAGE_BASE_TEMPLATE
        is_own = base == TalkSettings.PAGE_BASE_TEMPLATE
        modules = import_map() if has_script and is_own else ""
        frame = {
            "base_template": base,
            "language": page_language(),
            "dir": "rtl" if translation.get_language_bidi() else "ltr",
            "stylesheet": asset_url(STYLESHEET),
            "import_map": modules,
            "module": asset_url(PAGE_MODULE) if is_own else plain_url(PAGE_MODULE),
        }
        response = render(self.request, template, {**frame, **context}, status=status)
        for name, value in HEADERS.items():
            response.headers[name] = value
        if is_own:
            policy = content_security_policy(inline_script=modules)
            response.headers["Content-Security-Policy"] = policy
        return response


class RoomPage(Page):
    """`/call/{token}`, the link to a room."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        """Show a room; respond with 404 if the user may not see it.

        API: the link of a room.
        """
        if may_see_room(user=self.user, token=token):
            return self.show(token=token)
        context = {"login_url": None if self.user else login_url(request)}
        context["rooms_url"] = f"{mount_point()}/apps/spreed/" if self.user else None
        return self.render("talk/not_found.html", context, status=404)


class RoomsPage(Page):
    """`/apps/spreed/`, the list of a user's rooms."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the rooms of a user, and open the room that the query string names.

        API: the page; `token` and `callUser`.
        """
        if self.user is None:
            return redirect_to_login(request.get_full_path())
        token, call_user = request.GET.get("token", ""), request.GET.get("callUser")
        is_token = re.fullmatch(TOKEN_PATTERN, token) is not None
        return self.show(token=token if is_token else None, call_user=call_user or None)
