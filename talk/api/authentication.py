"""Authentication: by session, by user name and password, or by app password."""

from __future__ import annotations

from copy import copy
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.module_loading import import_string
from rest_framework import authentication, exceptions
from rest_framework.request import Request

from talk.api.devices import device_of
from talk.api.password_memory import memory
from talk.api.throttling import throttle_logins
from talk.conf import talk_settings
from talk.domain.access import Identity
from talk.domain.app_passwords import find_app_password
from talk.models import AppPassword

if TYPE_CHECKING:
    from django.contrib.auth.models import User


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
    return Identity(user=user_of(request), device=device_of(django_request_of(request)))


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
