"""What clients ask the server itself: its capabilities and one's own profile."""

from __future__ import annotations

from typing import Any, NoReturn

from django.utils.translation import get_language
from rest_framework.request import Request
from rest_framework.response import Response

from talk.adapters import get_adapter
from talk.api.base import OCSViewSet
from talk.api.capabilities import capabilities
from talk.api.errors import UnknownRoute

NO_QUOTA = {"free": 0, "used": 0, "total": 0, "relative": 0, "quota": 0}
"""Clients read these keys; there is no storage behind them."""


class CapabilitiesViewSet(OCSViewSet):
    """`/cloud/capabilities`, also for anonymous callers."""

    def list(self, request: Request, **kwargs: Any) -> Response:
        """Return version and capabilities."""
        return Response(capabilities())


class ProfileViewSet(OCSViewSet):
    """`/cloud/user`, one's own profile."""

    users_only = frozenset({"retrieve"})

    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        """Return who the credentials belong to."""
        user = self.user
        adapter = get_adapter()
        display_name = adapter.display_name(user)
        last_login = user.last_login.timestamp() if user.last_login else 0
        profile = {
            "id": adapter.user_id(user),
            "display-name": display_name,
            "displayname": display_name,
            "email": adapter.email(user) or None,
            "language": get_language() or "",
            "groups": adapter.group_ids(user),
            "subadmin": [],
            "lastLogin": int(last_login * 1000),
            "quota": NO_QUOTA,
            "storageLocation": "",
            "backend": "Database",
            "phone": "",
            "address": "",
            "website": "",
            "twitter": "",
        }
        if getattr(user, "is_superuser", False):
            profile["enabled"] = user.is_active
        return Response(profile)


class UnknownRouteViewSet(OCSViewSet):
    """Every path below `/ocs` that is no endpoint."""

    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse before anything else is looked at.

        Raises:
            UnknownRoute: always.
        """
        self.refuse(request)

    def refuse(self, request: Request, **kwargs: Any) -> NoReturn:
        """Say that there is no such route.

        Raises:
            UnknownRoute: always.
        """
        raise UnknownRoute
