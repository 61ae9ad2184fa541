"""The server's capabilities, which clients read before anything else."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from talk.api.base import OCSViewSet
from talk.api.capabilities import capabilities


class CapabilitiesViewSet(OCSViewSet):
    """`/cloud/capabilities`, also for anonymous callers."""

    def list(self, request: Request, **kwargs: Any) -> Response:
        """Return version and capabilities."""
        return Response(capabilities())
