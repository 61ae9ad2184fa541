"""Paths below the two base paths that are no endpoint."""

from __future__ import annotations

from typing import Any, NoReturn

from rest_framework.request import Request

from talk.api.base import OCSViewSet
from talk.api.errors import UnknownRoute


class UnknownRouteViewSet(OCSViewSet):
    """Every path below `/ocs` that is no endpoint."""

    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse the request before its method, login or body is checked.

        Raises:
            UnknownRoute: always.
        """
        self.refuse(request)

    def refuse(self, request: Request, **kwargs: Any) -> NoReturn:
        """Respond that the route does not exist.

        Raises:
            UnknownRoute: always.
        """
        raise UnknownRoute
