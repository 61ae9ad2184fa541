"""The view class of every OCS endpoint."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import translation
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from talk.adapters import get_adapter
from talk.api.admitted_requests import hand_on
from talk.api.authentication import (
    authenticators,
    drop_unreadable_session,
    identity_of,
    require_same_site,
    underlying,
    user_of,
)
from talk.api.envelope import SECURITY_HEADERS
from talk.api.errors import NotLoggedIn, outcome_of
from talk.api.parameters import merged_parameters, query_parameters
from talk.api.renderers import JSONRenderer, OCSNegotiation, XMLRenderer
from talk.api.responses import Refusal, ResponseFormat, closed
from talk.domain.access import Identity
from talk.exceptions import TalkError

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class OCSViewSet(ViewSet):
    """Answers in the OCS envelope, whatever a site's `REST_FRAMEWORK` setting says.

    Actions return a DRF `Response` with plain data and the status of the API; they
    raise `TalkError` for refusals. Status, envelope and format of `/ocs/v1.php` and
    `/ocs/v2.php` are made of that here.
    """

    users_only: frozenset[str] = frozenset()
    """Actions that anonymous callers get a 401 for."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()
    parser_classes = ()
    renderer_classes = (XMLRenderer, JSONRenderer)
    content_negotiation_class = OCSNegotiation
    versioning_class = None
    http_method_names = ["get", "post", "put", "delete", "head"]  # noqa: RUF012 - Django's

    @cached_property
    def values(self) -> dict[str, Any]:
        """The request's parameters, not yet converted."""
        return merged_parameters(underlying(self.request), self.kwargs)

    @cached_property
    def identity(self) -> Identity:
        """Who sent the request."""
        return identity_of(self.request)

    @property
    def user(self) -> User:
        """The user who sent the request.

        Raises:
            NotLoggedIn: it was an anonymous one.
        """
        if self.identity.user is None:
            raise NotLoggedIn
        return self.identity.user

    def get_authenticators(self) -> list[BaseAuthentication]:
        """Return those of the site."""
        return authenticators()

    def perform_content_negotiation(
        self,
        request: Request,
        force: bool = False,
    ) -> tuple[BaseRenderer, str]:
        """Choose the format of the answer, also when the body cannot be read."""
        try:
            wanted = self.values.get("format")
        except TalkError:
            wanted = query_parameters(underlying(request)).get("format")
        return OCSNegotiation().select_renderer(request, self.get_renderers(), wanted)

    @property
    def ocs_version(self) -> int:
        """The version of the envelope: which base path was asked."""
        return int(self.kwargs["ocs_version"])

    @property
    def form(self) -> ResponseFormat:
        """How the client wants its answer, for one that is made later."""
        renderer, _ = self.perform_content_negotiation(self.request)
        language = translation.get_language() or settings.LANGUAGE_CODE
        return ResponseFormat(self.ocs_version, renderer.format, language)

    @property
    def default_response_headers(self) -> dict[str, str]:
        """Headers that every rendered answer has."""
        language = translation.get_language() or settings.LANGUAGE_CODE
        return {**SECURITY_HEADERS, "Vary": "Accept", "Content-Language": language}

    def dispatch(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        """Answer in the reader's language, whatever middleware the site has."""
        with translation.override(translation.get_language()):
            return super().dispatch(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check method, login and CSRF, in this order, before the action.

        Raises:
            MethodNotAllowed: the path exists, but not with this method.
            NotLoggedIn: the action is for users only.
            PreconditionFailed: a cookie alone does not prove the user's will.
        """
        if self.action is None:
            raise MethodNotAllowed(str(request.method))
        drop_unreadable_session(underlying(request))
        self.perform_authentication(request)
        translation.activate(_language_of(request))
        if self.action in self.users_only and self.identity.user is None:
            raise NotLoggedIn
        require_same_site(request)

    def handle_exception(self, exc: Exception) -> Response:
        """Turn any error into its answer; the domain has undone what it had begun."""
        headers = {}
        if isinstance(exc, MethodNotAllowed):
            headers["Allow"] = ", ".join(self.allowed_methods)
        outcome = outcome_of(exc, underlying(self.request))
        return Refusal(outcome, headers=headers)

    def finalize_response(  # type: ignore[override]  # the stubs forget plain responses
        self,
        request: Request,
        response: HttpResponseBase,
        *args: Any,
        **kwargs: Any,
    ) -> HttpResponseBase:
        """Wrap what the action returned; a 304 of v2 has no body at all."""
        if not isinstance(response, Response):
            return response
        status, data = closed(response, self.ocs_version)
        if data is None:
            empty = HttpResponse(status=status, headers=self.default_response_headers)
            del empty["Content-Type"]
            hand_on(response, empty)
            return empty
        wrapped = Response(data, status, headers=dict(response.headers))
        hand_on(response, wrapped)
        return super().finalize_response(request, wrapped, *args, **kwargs)


def _language_of(request: Request) -> str:
    """Return the language that the user reads, or else the request asks for."""
    user = user_of(request)
    own = get_adapter().language(user) if user is not None else ""
    return own or translation.get_language_from_request(underlying(request))
