"""App passwords: clients create one when they log in, and revoke it on logout."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework.authentication import BasicAuthentication
from rest_framework.request import Request
from rest_framework.response import Response

from talk.api.base import OCSViewSet
from talk.constants import APP_PASSWORD_LABEL_MAX
from talk.domain.app_passwords import create_app_password, revoke_app_passwords
from talk.exceptions import NotAllowed
from talk.models import AppPassword


class NewAppPasswordViewSet(OCSViewSet):
    """`/core/getapppassword`."""

    users_only = frozenset({"retrieve"})
    # A HEAD would create an app password without showing it.
    http_method_names = ["get"]  # noqa: RUF012 - Django's

    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        """Create an app password, named after the client's `User-Agent`.

        The request must be authenticated with the ordinary password. Otherwise a
        client could replace a revoked app password by a new one, and a stolen cookie
        would give access for longer than its login.

        Raises:
            NotAllowed: the request was authenticated in another way, or the user has
                the maximum number of app passwords.
        """
        is_basic = isinstance(request.successful_authenticator, BasicAuthentication)
        if not is_basic or request.auth is not None:
            raise NotAllowed("Only your password can get you an app password.")
        created = create_app_password(
            user=self.user, label=_label_of(request), now=timezone.now()
        )
        return Response({"apppassword": created.token})


class AppPasswordViewSet(OCSViewSet):
    """`/core/apppassword`."""

    users_only = frozenset({"destroy"})

    def destroy(self, request: Request, **kwargs: Any) -> Response:
        """Revoke the app password that the request was authenticated with.

        Raises:
            NotAllowed: the request was not authenticated with an app password.
        """
        if not isinstance(request.auth, AppPassword):
            raise NotAllowed("The request was not made with an app password.")
        revoke_app_passwords(ids=[request.auth.pk])
        return Response([])


def _label_of(request: Request) -> str:
    """Return the client's name for itself, without unprintable characters."""
    agent = request.headers.get("User-Agent", "")
    label = "".join(character for character in agent if character.isprintable())
    return label.strip()[:APP_PASSWORD_LABEL_MAX]
