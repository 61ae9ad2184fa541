"""Who sent the request: a logged-in session, a name and password, an app password."""

from __future__ import annotations

import secrets
from copy import copy
from dataclasses import replace
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from django.conf import settings
from django.contrib.sessions.backends import signed_cookies
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.module_loading import import_string
from rest_framework import authentication, exceptions
from rest_framework.authentication import CSRFCheck
from rest_framework.request import Request

from talk.api.password_memory import memory
from talk.api.throttling import login_attempt
from talk.conf import talk_settings
from talk.domain.access import Identity
from talk.domain.app_passwords import find_app_password
from talk.exceptions import PreconditionFailed
from talk.models import AppPassword

if TYPE_CHECKING:
    from django.contrib.auth.models import User

DEVICE_KEY = "talk_device"
"""Key in the HTTP session of the id by which rooms know this browser or app."""

DEVICE_BYTES = 32


class SessionAuthentication(authentication.BaseAuthentication):
    """Takes the user whom Django's own session middleware has logged in.

    CSRF is not checked here but by `require_same_site`, with a status of its own.
    """

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        """Return the session's user, or None for anonymous and disabled ones."""
        user = getattr(underlying(request), "user", None)
        if user is None or not user.is_authenticated or not user.is_active:
            return None
        return user, None


class BearerAuthentication(authentication.BaseAuthentication):
    """An app password alone, which tells whose it is.

    Any other token is left to the site's own classes.
    """

    def authenticate(self, request: Request) -> tuple[Any, AppPassword] | None:
        """Return the user and the app password, or None when there is none."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        app_password = find_app_password(token=token.strip(), now=timezone.now())
        return None if app_password is None else (app_password.user, app_password)


class BasicAuthentication(authentication.BasicAuthentication):
    """HTTP Basic with a user name and a password, the account's or one of its apps'.

    Wrong credentials do not end the request: it goes on as an anonymous one, so
    that public rooms answer it as a guest's and others with the 401 of the API.
    `request.auth` is the app password, if it was one.
    """

    def authenticate(self, request: Request) -> Any:
        """Return the user, or None when the header is missing or wrong."""
        try:
            return super().authenticate(request)
        except exceptions.AuthenticationFailed:
            return None

    def authenticate_credentials(
        self, userid: str, password: str, request: Request | None = None
    ) -> Any:
        """Return the user, and the app password if it is one.

        No account has a NUL in its name.

        Raises:
            AuthenticationFailed: they do not belong together.
            Throttled: they did not too often.
        """
        if "\0" in userid:
            raise exceptions.AuthenticationFailed
        app_password = find_app_password(
            name=userid, token=password, now=timezone.now()
        )
        if app_password is not None:
            return app_password.user, app_password
        # DRF always gives it.
        check = partial(self._check, userid, password, cast("Request", request))
        return memory.verify(userid, password, check), None

    def _check(self, userid: str, password: str, request: Request) -> User:
        """Ask the site's authentication back ends, which hash the password.

        Raises:
            AuthenticationFailed: none of them knows the two, or the account is disabled.
            Throttled: that was so too often.
        """
        check = super().authenticate_credentials
        with login_attempt(underlying(request), userid):
            try:
                user: User = check(userid, password, request)[0]
            except ValueError as error:
                # Where user names are numbers, this is none.
                raise exceptions.AuthenticationFailed from error
        return user


def drop_unreadable_session(request: HttpRequest) -> None:
    """Give a request a new HTTP session when no database can look for the one it names."""
    if "\0" in request.COOKIES.get(settings.SESSION_COOKIE_NAME, ""):
        engine = import_module(settings.SESSION_ENGINE)
        request.session = engine.SessionStore()


def underlying(request: Request) -> HttpRequest:
    """Return the Django request that DRF has wrapped."""
    return request._request  # noqa: SLF001 - DRF has no other name for it


def identity_of(request: Request) -> Identity:
    """Return who asks. Costs the queries of the authentication, once a request."""
    return Identity(user=user_of(request), device=_device_of(request))


def user_of(request: Request) -> User | None:
    """Return the authenticated user, None for anonymous requests."""
    user: Any = request.user
    return user if user is not None and user.is_authenticated else None


def authenticators() -> list[authentication.BaseAuthentication]:
    """Return instances of the classes in ``TALK["AUTHENTICATION_CLASSES"]``."""
    return [import_string(path)() for path in talk_settings().AUTHENTICATION_CLASSES]


def viewer_of(request: HttpRequest) -> User | None:
    """Return the user whom the API would take a request to be from.

    For pages and pictures, which refuse nobody because of wrong credentials. The
    request itself stays as it is.
    """
    seen = copy(request)
    drop_unreadable_session(seen)
    try:
        return user_of(Request(seen, authenticators=authenticators()))
    except exceptions.APIException:
        return None


def with_device(request: Request, identity: Identity) -> Identity:
    """Return the asker with a device id, a new one if there is none yet.

    Requests that share an HTTP session get the same one, even at the same moment.
    Sessions that live in the cookie itself have no key of their own: two people may
    well have the same cookie.
    """
    if identity.device:
        return identity
    http_session = underlying(request).session
    session_key = http_session.session_key
    if session_key is None or isinstance(http_session, signed_cookies.SessionStore):
        return replace(identity, device=secrets.token_hex(DEVICE_BYTES))
    device = salted_hmac(DEVICE_KEY, session_key, algorithm="sha256").hexdigest()
    return replace(identity, device=device)


def remember_device(request: Request, identity: Identity) -> None:
    """Keep the asker's device id in the HTTP session, so that its cookie tells it."""
    http_session = underlying(request).session
    if http_session.get(DEVICE_KEY) != identity.device:
        http_session[DEVICE_KEY] = identity.device


def require_same_site(request: Request) -> None:
    """Refuse a changing request that another site may have made the browser send.

    Browsers send cookies unasked. Who changes something by a cookie must send
    ``OCS-APIRequest: true``, which no foreign form can, or Django's CSRF token.

    Raises:
        PreconditionFailed: neither is there.
    """
    if request.method in ("GET", "HEAD") or not _is_by_cookie(request):
        return
    if request.headers.get("OCS-APIRequest") == "true":
        return
    if not _has_csrf_token(underlying(request)):
        raise PreconditionFailed("CSRF check failed")


def is_proven_by_header(request: Request) -> bool:
    """Whether another request with the same headers is as trustworthy as this one.

    One that was proven by a token in a form is not.
    """
    header = request.headers.get("OCS-APIRequest") == "true"
    return header or not _is_by_cookie(request)


def _has_csrf_token(request: HttpRequest) -> bool:
    """Whether Django's own check finds its token, in a header or in a form."""
    check = CSRFCheck(_no_response)
    check.process_request(request)
    try:
        return check.process_view(request, _no_response, (), {}) is None
    except (BadRequest, SuspiciousOperation, MultiPartParserError):
        # The form that may hold the token cannot be read.
        return False


def _no_response(request: HttpRequest) -> HttpResponse:
    """Stand in for the view and the next middleware, neither of which is called."""
    return HttpResponse()


def _is_by_cookie(request: Request) -> bool:
    """Whether a cookie may be what tells who sent the request.

    With a user, anything but an `Authorization` header may be one: we do not know
    what the authentication classes of a site look at.
    """
    if user_of(request) is None:
        return bool(_device_of(request))
    if isinstance(request.successful_authenticator, SessionAuthentication):
        return True
    return "Authorization" not in request.headers


def _device_of(request: Request) -> str | None:
    django_request = underlying(request)
    http_session = getattr(django_request, "session", None)
    if (
        http_session is None
        or settings.SESSION_COOKIE_NAME not in django_request.COOKIES
    ):
        return None
    device = http_session.get(DEVICE_KEY, "")
    return device if isinstance(device, str) else ""
