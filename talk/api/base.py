"""The view class of every OCS endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType
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
from talk.api.admitted_requests import copy_admitted_request
from talk.api.authentication import (
    django_request_of,
    identity_of,
    make_authenticators,
    replace_invalid_http_session,
    user_of,
)
from talk.api.csrf import enforce_csrf
from talk.api.envelope import SECURITY_HEADERS
from talk.api.errors import NotLoggedIn, ocs_status_of
from talk.api.parameters import merged_parameters, query_parameters
from talk.api.renderers import JSONRenderer, OCSNegotiation, XMLRenderer
from talk.api.request_kinds import RequestKind
from talk.api.responses import ErrorResponse, ResponseFormat, in_envelope
from talk.domain.access import Identity
from talk.exceptions import TalkError

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class OCSViewSet(ViewSet):
    """Responds in the OCS envelope, regardless of a site's `REST_FRAMEWORK` setting.

    Actions return a DRF `Response` with plain data and the status of the API, or
    raise a `TalkError`. This class turns both into status, envelope and format of
    `/ocs/v1.php` and `/ocs/v2.php`.
    """

    users_only: frozenset[str] = frozenset()
    """Actions that respond with a 401 to anonymous callers."""

    request_kinds: Mapping[str, RequestKind] = MappingProxyType({})
    """How `talk.asgi` serves requests, by method; other methods are `OTHER`."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()
    parser_classes = ()
    renderer_classes = (XMLRenderer, JSONRenderer)
    content_negotiation_class = OCSNegotiation
    versioning_class = None
    http_method_names = ["get", "post", "put", "delete", "head"]  # noqa: RUF012 - Django's

    @cached_property
    def raw_parameters(self) -> dict[str, Any]:
        """The request's parameters before conversion; `Parameters.read` converts them."""
        return merged_parameters(django_request_of(self.request), self.kwargs)

    @cached_property
    def identity(self) -> Identity:
        """The user and device that sent the request."""
        return identity_of(self.request)

    @property
    def user(self) -> User:
        """The user who sent the request.

        Raises:
            NotLoggedIn: the request is anonymous.
        """
        if self.identity.user is None:
            raise NotLoggedIn
        return self.identity.user

    def get_authenticators(self) -> list[BaseAuthentication]:
        """Return the authenticators of the site."""
        return make_authenticators()

    def perform_content_negotiation(
        self,
        request: Request,
        force: bool = False,
    ) -> tuple[BaseRenderer, str]:
        """Choose the format of the response, even if the body cannot be read."""
        try:
            format_parameter = self.raw_parameters.get("format")
        except TalkError:
            format_parameter = query_parameters(django_request_of(request)).get(
                "format"
            )
        return OCSNegotiation().select_renderer(
            request, self.get_renderers(), format_parameter
        )

    @property
    def ocs_version(self) -> int:
        """The version of the envelope, taken from the base path."""
        return int(self.kwargs["ocs_version"])

    @property
    def response_format(self) -> ResponseFormat:
        """The format of the response, for rendering it later."""
        renderer, _ = self.perform_content_negotiation(self.request)
        language = translation.get_language() or settings.LANGUAGE_CODE
        return ResponseFormat(self.ocs_version, renderer.format, language)

    @property
    def default_response_headers(self) -> dict[str, str]:
        """Headers of every rendered response."""
        language = translation.get_language() or settings.LANGUAGE_CODE
        return {**SECURITY_HEADERS, "Vary": "Accept", "Content-Language": language}

    def dispatch(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        """Respond in the reader's language, regardless of the site's middleware."""
        with translation.override(translation.get_language()):
            return super().dispatch(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check method, login and CSRF, in this order, before the action.

        Raises:
            MethodNotAllowed: the path exists, but not with this method.
            NotLoggedIn: the action is for users only.
            PreconditionFailed: CSRF protection failed.
        """
        if self.action is None:
            raise MethodNotAllowed(str(request.method))
        replace_invalid_http_session(django_request_of(request))
        self.perform_authentication(request)
        translation.activate(_language_of(request))
        if self.action in self.users_only and self.identity.user is None:
            raise NotLoggedIn
        enforce_csrf(request)

    def handle_exception(self, exc: Exception) -> Response:
        """Turn any error into its response.

        Nothing has to be undone: domain functions are atomic by themselves.
        """
        headers = {}
        if isinstance(exc, MethodNotAllowed):
            headers["Allow"] = ", ".join(self.allowed_methods)
        status = ocs_status_of(exc, django_request_of(self.request))
        return ErrorResponse(status, headers=headers)

    def finalize_response(  # type: ignore[override]  # the stubs know no plain responses
        self,
        request: Request,
        response: HttpResponseBase,
        *args: Any,
        **kwargs: Any,
    ) -> HttpResponseBase:
        """Wrap the data of the response; a 304 of v2 has no body."""
        if not isinstance(response, Response):
            return response
        status, data = in_envelope(response, self.ocs_version)
        if data is None:
            empty = HttpResponse(status=status, headers=self.default_response_headers)
            del empty["Content-Type"]
            copy_admitted_request(response, empty)
            return empty
        wrapped = Response(data, status, headers=dict(response.headers))
        copy_admitted_request(response, wrapped)
        return super().finalize_response(request, wrapped, *args, **kwargs)


def _language_of(request: Request) -> str:
    """Return the user's language, or else the one that the request asks for."""
    user = user_of(request)
    user_language = get_adapter().language(user) if user is not None else ""
    return user_language or translation.get_language_from_request(
        django_request_of(request)
    )
