"""Calls: listing the sessions in a call, joining it and leaving it."""

from __future__ import annotations

import re
from typing import Any

from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from talk.api.base import OCSViewSet
from talk.api.parameters import Parameters
from talk.constants import InCall
from talk.domain import calls
from talk.domain.access import find_caller, find_room
from talk.exceptions import NotFound
from talk.rendering.signaling import render_peers

INTEGER = re.compile(r"\s*[+-]?[0-9]{1,18}\s*")

ALL_FLAGS = InCall.IN_CALL | InCall.WITH_AUDIO | InCall.WITH_VIDEO


class FlagsField(serializers.Field[InCall, Any, Any, Any]):
    """In-call flags: an integer, or its digits; unknown bits are dropped."""

    default_error_messages = {"invalid": "A number is needed."}  # noqa: RUF012 - DRF's

    def to_internal_value(self, data: Any) -> InCall:
        """Return the known flags."""
        is_number = isinstance(data, int) and not isinstance(data, bool)
        if not is_number and not INTEGER.fullmatch(str(data)):
            self.fail("invalid")
        return InCall(int(data) & int(ALL_FLAGS))


class JoinCallParameters(Parameters):
    """API: Join a call, with the flags of the capability `in-call-flags`."""

    flags = FlagsField(default=ALL_FLAGS)


class CallViewSet(OCSViewSet):
    """`/call/{token}`."""

    def list(self, request: Request, token: str, **kwargs: Any) -> Response:
        """Return the sessions that are in the call."""
        caller = find_caller(identity=self.identity, token=token)
        peers = calls.list_peers(room=caller.room, now=timezone.now())
        return Response(render_peers(peers, token=token))

    def create(self, request: Request, token: str, **kwargs: Any) -> Response:
        """Join the call, or change the in-call flags; flags of 0 leave the call."""
        caller = find_caller(identity=self.identity, token=token)
        now = timezone.now()
        calls.require_joined(caller=caller, now=now)
        flags: InCall = JoinCallParameters.read(self.raw_parameters)["flags"]
        if flags:
            calls.join_call(caller=caller, flags=flags, now=now)
        else:
            calls.leave_call(caller=caller, now=now)
        return Response()

    def destroy(self, request: Request, token: str, **kwargs: Any) -> Response:
        """Leave the call.

        A guest who is not in a public room gets a 200: they have left already.
        """
        room, caller = find_room(identity=self.identity, token=token)
        try:
            if caller is None:
                raise NotFound
            calls.leave_call(caller=caller, now=timezone.now())
        except NotFound:
            if self.identity.user is not None or not room.is_public:
                raise
        return Response()
