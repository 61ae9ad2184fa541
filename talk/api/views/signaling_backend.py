"""Requests of external signaling servers: `auth`, `room` and `ping`."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from django.utils import timezone
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.request import Request
from rest_framework.response import Response

from talk.api.authentication import django_request_of
from talk.api.base import OCSViewSet
from talk.api.parameters import Parameters, TextField, raw_body
from talk.domain import signaling_backend
from talk.exceptions import Invalid, TalkError
from talk.outgoing.signaling_server import CHECKSUM_HEADER, RANDOM_HEADER
from talk.rendering.signaling_backend import (
    render_entered_room,
    render_identity,
    render_pinged_room,
    render_refusal,
)


class TicketParameters(Parameters):
    """API: External signaling, `auth`; the client sent them to the signaling server."""

    userid = TextField(source="user_id", default="")
    ticket = TextField(default="")


class RoomParameters(Parameters):
    """API: External signaling, `room`."""

    roomid = TextField(source="token", default="")
    userid = TextField(source="user_id", default="")
    sessionid = TextField(source="session_id", default="")
    action = TextField(default="")


class PingParameters(Parameters):
    """API: External signaling, `ping`."""

    roomid = TextField(source="token", default="")


class ConnectionParameters(Parameters):
    """API: External signaling, one of the `entries` of `ping`."""

    userid = TextField(source="user_id", default="")
    sessionid = TextField(source="session_id", default="")


class BackendViewSet(OCSViewSet):
    """`/signaling/backend`, for external signaling servers.

    Servers sign their requests. Every response is a 200 with an object, even if the
    request is refused.
    """

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check only the method.

        Cookies and logins do not matter, because the signature proves the sender.

        Raises:
            MethodNotAllowed: the path exists, but not with this method.
        """
        if self.action is None:
            raise MethodNotAllowed(str(request.method))

    def create(self, request: Request, **kwargs: Any) -> Response:
        """Respond to a request of a signaling server."""
        try:
            return Response(_respond(_signed_content(request)))
        except TalkError as error:
            return Response(render_refusal(error))


def _signed_content(request: Request) -> dict[str, Any]:
    """Return the JSON object in the body; an empty one if the body holds none.

    Raises:
        Invalid: the body cannot be read, or is not signed.
    """
    try:
        body = raw_body(django_request_of(request))
    except TalkError as error:
        raise Invalid(error.message, code="invalid_request") from error
    signaling_backend.require_signature(
        random=request.headers.get(RANDOM_HEADER, ""),
        signature=request.headers.get(CHECKSUM_HEADER, ""),
        body=body,
    )
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return _object(content)


def _respond(content: dict[str, Any]) -> dict[str, Any]:
    """Return the response to a request, according to its type.

    Raises:
        Invalid: the type is unknown, or a value is not text.
        NotAllowed: the ticket is not valid.
        NotFound: the user or the room does not exist.
    """
    request_type = content.get("type")
    handlers = {
        "auth": _respond_to_auth,
        "room": _respond_to_room,
        "ping": _respond_to_ping,
    }
    if not isinstance(request_type, str) or request_type not in handlers:
        raise Invalid("The type is not known.", code="unknown_type")
    return handlers[request_type](_object(content.get(request_type)))


def _respond_to_auth(auth: dict[str, Any]) -> dict[str, Any]:
    parameters = _read(TicketParameters, _object(auth.get("params")))
    return render_identity(signaling_backend.find_ticket_owner(**parameters))


def _respond_to_room(room: dict[str, Any]) -> dict[str, Any]:
    parameters = _read(RoomParameters, room)
    entered = signaling_backend.join_or_leave(**parameters, now=timezone.now())
    return render_entered_room(entered)


def _respond_to_ping(ping: dict[str, Any]) -> dict[str, Any]:
    entries = ping.get("entries")
    connections = []
    for entry in entries if isinstance(entries, list) else []:
        # An unreadable entry is no session of ours, but the other entries are valid.
        with suppress(Invalid):
            connection = _read(ConnectionParameters, _object(entry))
            connections.append((connection["user_id"], connection["session_id"]))
    pinged = signaling_backend.ping_connections(
        **_read(PingParameters, ping), connections=connections, now=timezone.now()
    )
    return render_pinged_room(pinged)


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _read(parameters: type[Parameters], values: dict[str, Any]) -> dict[str, Any]:
    """Return the values by their Python names; user ids may be missing or false.

    Raises:
        Invalid: a value is not text, or is text that no database can store.
    """
    try:
        return parameters.read(values)
    except Invalid as error:
        raise Invalid(error.message, code="invalid_request") from error
