"""Authentication by session, user name and password, or app password; CSRF protection."""

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
from talk.api.throttling import throttle_logins
from talk.conf import talk_settings
from talk.domain.access import Identity
from talk.domain.app_passwords import find_app_password
from talk.exceptions import PreconditionFailed
from talk.models import AppPassword

if TYPE_CHECKING:
    from django.contrib.auth.models import User

DEVICE_KEY = "talk_device"
"""Key in the HTTP session of the id of this device, a browser or an app."""

DEVICE_BYTES = 32


class SessionAuthentication(authentication.BaseAuthentication):
    """Authenticates the user of Django's session middleware.

    CSRF protection is left to `enforce_csrf`, which has a status of its own.
    """

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        """Return the session's user, or None for anonymous and disabled users."""
        user = getattr(django_request_of(request), "user", None)
        if user is None or not user.is_authenticated or not user.is_active:
            return None
        return user, None


class BearerAuthentication(authentication.BaseAuthentication):
    """Authenticates by an app password without a user name.

    Other bearer tokens are left to the site's own classes.
    """

    def authenticate(self, request: Request) -> tuple[Any, AppPassword] | None:
        """Return the user and the app password, or None without a valid one."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        app_password = find_app_password(token=token.strip(), now=timezone.now())
        return None if app_password is None else (app_password.user, app_password)


class BasicAuthentication(authentication.BasicAuthentication):
    """Authenticates by HTTP Basic with the user's password or an app password.

    With wrong credentials the request continues as an anonymous one: public rooms
    treat it as a guest's, other endpoints respond with the 401 of the API.
    `request.auth` is the app password, or None for the user's password.
    """

    def authenticate(self, request: Request) -> Any:
        """Return the user, or None if the header is missing or wrong."""
        try:
            return super().authenticate(request)
        except exceptions.AuthenticationFailed:
            return None

    def authenticate_credentials(
        self, userid: str, password: str, request: Request | None = None
    ) -> Any:
        """Return the user, and the app password if `password` is one.

        Raises:
            AuthenticationFailed: the password is not the user's.
            Throttled: there were too many wrong passwords.
        """
        if "\0" in userid:
            # No user has such a name, and some databases cannot search for it.
            raise exceptions.AuthenticationFailed
        app_password = find_app_password(
            name=userid, token=password, now=timezone.now()
        )
        if app_password is not None:
            return app_password.user, app_password
        # DRF always passes the request.
        check = partial(self._check, userid, password, cast("Request", request))
        return memory.verify(userid, password, check), None

    def _check(self, userid: str, password: str, request: Request) -> User:
        """Check the password with the site's authentication backends, which is slow.

        Raises:
            AuthenticationFailed: the password is wrong, or the user is disabled.
            Throttled: there were too many wrong passwords.
        """
        check = super().authenticate_credentials
        with throttle_logins(django_request_of(request), userid):
            try:
                user: User = check(userid, password, request)[0]
            except ValueError as error:
                # The site's user names are numbers, and this name is not one.
                raise exceptions.AuthenticationFailed from error
        return user


def replace_invalid_http_session(request: HttpRequest) -> None:
    """Give the request a new HTTP session if its cookie holds a NUL character.

    Databases cannot search for such a session key.
    """
    if "\0" in request.COOKIES.get(settings.SESSION_COOKIE_NAME, ""):
        engine = import_module(settings.SESSION_ENGINE)
        request.session = engine.SessionStore()


def django_request_of(request: Request) -> HttpRequest:
    """Return the Django request that a DRF request wraps."""
    return request._request  # noqa: SLF001 - DRF has no other name for it


def identity_of(request: Request) -> Identity:
    """Return the user and device. The first call runs the queries of authentication."""
    return Identity(user=user_of(request), device=_device_of(request))


def user_of(request: Request) -> User | None:
    """Return the authenticated user, None for anonymous requests."""
    user: Any = request.user
    return user if user is not None and user.is_authenticated else None


def make_authenticators() -> list[authentication.BaseAuthentication]:
    """Return instances of the classes in ``TALK["AUTHENTICATION_CLASSES"]``."""
    return [import_string(path)() for path in talk_settings().AUTHENTICATION_CLASSES]


def authenticated_user(request: HttpRequest) -> User | None:
    """Return the user that the API's authentication finds, or None.

    For pages and avatars, which treat wrong credentials as anonymous. Does not
    change the request.
    """
    copied = copy(request)
    replace_invalid_http_session(copied)
    try:
        return user_of(Request(copied, authenticators=make_authenticators()))
    except exceptions.APIException:
        return None


def with_device(request: Request, identity: Identity) -> Identity:
    """Return the identity with a device id, which is created if it is missing.

    Concurrent requests with the same HTTP session get the same device id, because it
    is derived from the session key. Sessions stored in cookies have no key of their
    own: two browsers may have equal cookies. Their device ids are random.
    """
    if identity.device:
        return identity
    http_session = django_request_of(request).session
    session_key = http_session.session_key
    if session_key is None or isinstance(http_session, signed_cookies.SessionStore):
        return replace(identity, device=secrets.token_hex(DEVICE_BYTES))
    device = salted_hmac(DEVICE_KEY, session_key, algorithm="sha256").hexdigest()
    return replace(identity, device=device)


def remember_device(request: Request, identity: Identity) -> None:
    """Store the device id in the HTTP session for later requests."""
    http_session = django_request_of(request).session
    if http_session.get(DEVICE_KEY) != identity.device:
        http_session[DEVICE_KEY] = identity.device


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
        return bool(_device_of(request))
    if isinstance(request.successful_authenticator, SessionAuthentication):
        return True
    return "Authorization" not in request.headers


def _device_of(request: Request) -> str | None:
    django_request = django_request_of(request)
    http_session = getattr(django_request, "session", None)
    if (
        http_session is None
        or settings.SESSION_COOKIE_NAME not in django_request.COOKIES
    ):
        return None
    device = http_session.get(DEVICE_KEY, "")
    return device if isinstance(device, str) else ""
