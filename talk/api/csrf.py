"""CSRF protection of requests that a cookie authenticates."""

from __future__ import annotations

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from rest_framework.authentication import CSRFCheck
from rest_framework.request import Request

from talk.api.authentication import SessionAuthentication, django_request_of, user_of
from talk.api.devices import device_of
from talk.exceptions import PreconditionFailed


def enforce_csrf(request: Request) -> None:
    """Protect unsafe requests that a cookie authenticates against CSRF.

    They need ``OCS-APIRequest: true``, which a form of another site cannot send, or
    Django's CSRF token.

    Raises:
        PreconditionFailed: both are missing.
    """
    if request.method in ("GET", "HEAD") or not _may_use_cookie(request):
        return
    if request.headers.get("OCS-APIRequest") == "true":
        return
    if not _has_csrf_token(django_request_of(request)):
        raise PreconditionFailed("CSRF check failed")


def passes_csrf_by_headers(request: Request) -> bool:
    """Whether another request with the same headers passes CSRF protection too.

    This is not the case if the CSRF token came in a form.
    """
    has_header = request.headers.get("OCS-APIRequest") == "true"
    return has_header or not _may_use_cookie(request)


def _has_csrf_token(request: HttpRequest) -> bool:
    """Whether the request has Django's CSRF token, in a header or in a form."""
    check = CSRFCheck(_no_response)
    check.process_request(request)
    try:
        return check.process_view(request, _no_response, (), {}) is None
    except (BadRequest, SuspiciousOperation, MultiPartParserError):
        # The form cannot be read.
        return False


def _no_response(request: HttpRequest) -> HttpResponse:
    """Placeholder for the view and the next middleware, which are never called."""
    return HttpResponse()


def _may_use_cookie(request: Request) -> bool:
    """Whether a cookie may have authenticated the request.

    Authentication classes of the site may read cookies, so only a request with an
    `Authorization` header is certain to use none.
    """
    if user_of(request) is None:
        return bool(device_of(django_request_of(request)))
    if isinstance(request.successful_authenticator, SessionAuthentication):
        return True
    return "Authorization" not in request.headers
