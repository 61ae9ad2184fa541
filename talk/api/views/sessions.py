"""Sessions: joining a room on a device, and leaving it."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from talk.api.authentication import django_request_of
from talk.api.base import OCSViewSet
from talk.api.devices import remember_device, with_device
from talk.api.parameters import Parameters, TextField
from talk.api.throttling import throttle_guest_joins, throttle_room_passwords
from talk.domain import sessions
from talk.domain.access import find_room


class JoinRoomParameters(Parameters):
    """API: Join a room."""

    password = TextField(default="")


class ActiveParticipantViewSet(OCSViewSet):
    """`/room/{token}/participants/active`."""

    def create(self, request: Request, token: str, **kwargs: Any) -> Response:
        """Join the room.

        Returns the id of a new session. The cookie of the response identifies the
        device in later requests.
        """
        room, caller = find_room(identity=self.identity, token=token)
        password: str = JoinRoomParameters.read(self.raw_parameters)["password"]
        django_request = django_request_of(request)
        identity = with_device(django_request, self.identity)
        with ExitStack() as throttles:
            if identity.user is None:
                throttles.enter_context(throttle_guest_joins(django_request))
            # An empty password is no guess: the client asks whether one is needed.
            if password and sessions.needs_password(room=room, caller=caller):
                throttles.enter_context(throttle_room_passwords(django_request, token))
            session = sessions.join_room(
                identity=identity,
                room=room,
                caller=caller,
                password=password,
                now=timezone.now(),
            )
        remember_device(django_request, identity)
        return Response({"sessionId": session.session_id})

    def destroy(self, request: Request, token: str, **kwargs: Any) -> Response:
        """Leave the room on this device.

        The sessions of the device end even if the response is a 404.
        """
        is_left = sessions.leave_room(
            identity=self.identity, token=token, now=timezone.now()
        )
        return Response(status=200 if is_left else 404)
