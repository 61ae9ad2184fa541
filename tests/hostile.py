"""Classes of a site's own API, named in its `REST_FRAMEWORK`."""

from __future__ import annotations

from typing import Any

from rest_framework.authentication import BaseAuthentication
from rest_framework.response import Response


class NoUser(BaseAuthentication):
    """Authentication of a site's own API, which Talk must not use."""

    def authenticate(self, request: Any) -> None:
        raise AssertionError("REST_FRAMEWORK was read")


def unwanted_handler(error: Exception, context: Any) -> Response:
    """Handle errors as a site may want it for its own API."""
    return Response({"detail": "site"}, status=418)
