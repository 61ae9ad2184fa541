"""Settings for calls: the signaling server, a ticket for it, STUN and TURN servers."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from talk.api.base import OCSViewSet
from talk.rendering.signaling_settings import render_settings


class SettingsViewSet(OCSViewSet):
    """`/signaling/settings`, also for guests."""

    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        """Return the signaling server with a ticket, and STUN and TURN servers."""
        return Response(render_settings(user=self.identity.user, now=timezone.now()))
