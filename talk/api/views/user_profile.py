"""The user's own profile."""

from __future__ import annotations

from typing import Any

from django.utils.translation import get_language
from rest_framework.request import Request
from rest_framework.response import Response

from talk.adapters import get_adapter
from talk.api.base import OCSViewSet

NO_QUOTA = {"free": 0, "used": 0, "total": 0, "relative": 0, "quota": 0}
"""Clients read these keys; there is no storage behind them."""


class ProfileViewSet(OCSViewSet):
    """`/cloud/user`."""

    users_only = frozenset({"retrieve"})

    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        """Return the profile of the user whom the credentials belong to."""
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
