"""A user's own preferences for a room: favorite and notification level."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from talk.api.base import OCSViewSet
from talk.api.parameters import LenientIntegerField, Parameters
from talk.domain import participant_preferences
from talk.domain.access import find_user_caller


class NotificationParameters(Parameters):
    """API: Set notification level."""

    level = LenientIntegerField()


class FavoriteViewSet(OCSViewSet):
    """`/room/{token}/favorite`."""

    def create(self, request: Request, token: str, **kwargs: Any) -> Response:
        """Add the room to the user's favorites, which stand first in their list."""
        caller = find_user_caller(identity=self.identity, token=token)
        participant_preferences.set_favorite(caller=caller, favorite=True)
        return Response()

    def destroy(self, request: Request, token: str, **kwargs: Any) -> Response:
        """Remove the room from the user's favorites."""
        caller = find_user_caller(identity=self.identity, token=token)
        participant_preferences.set_favorite(caller=caller, favorite=False)
        return Response()


class NotificationViewSet(OCSViewSet):
    """`/room/{token}/notify`."""

    def create(self, request: Request, token: str, **kwargs: Any) -> Response:
        """Set the user's notification level for the room."""
        caller = find_user_caller(identity=self.identity, token=token)
        parameters = NotificationParameters.read(self.raw_parameters)
        participant_preferences.set_notification_level(
            caller=caller, level=parameters["level"]
        )
        return Response()
