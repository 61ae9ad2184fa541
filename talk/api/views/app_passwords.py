"""App passwords: a client makes one when it logs in and revokes it when it logs out."""

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
    # A HEAD would make an app password that nobody gets to know.
    http_method_names = ["get"]  # noqa: RUF012 - Django's

    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        """Make an app password, named after the client's `User-Agent`.

        Only for a request with the ordinary password: an app password could otherwise
        outlive its revocation, and a stolen cookie the login it belongs to.

        Raises:
            NotAllowed: the request was made in another way, or the user has as many
                app passwords as one may have.
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
        """Revoke the app password that the request was made with.

        Raises:
            NotAllowed: it was made with none.
        """
        if not isinstance(request.auth, AppPassword):
            raise NotAllowed("The request was not made with an app password.")
        revoke_app_passwords(ids=[request.auth.pk])
        return Response([])


def _label_of(request: Request) -> str:
    """Return what the client calls itself, without what cannot be shown."""
    agent = request.headers.get("User-Agent", "")
    label = "".join(character for character in agent if character.isprintable())
    return label.strip()[:APP_PASSWORD_LABEL_MAX]
