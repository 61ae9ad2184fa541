"""How clients find each other, and the door for external signaling servers."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from django.utils import timezone
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.request import Request
from rest_framework.response import Response

from talk.api.authentication import underlying
from talk.api.base import OCSViewSet
from talk.api.parameters import Parameters, TextField, raw_body
from talk.domain import signaling_backend
from talk.exceptions import Invalid, TalkError
from talk.outgoing.signaling_server import CHECKSUM_HEADER, RANDOM_HEADER
from talk.rendering.external_signaling import (
    render_entered_room,
    render_identity,
    render_pinged_room,
    render_refusal,
    render_settings,
)


class TicketParameters(Parameters):
    """API: External signaling, `auth`; what the client has said to the server."""

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


class SettingsViewSet(OCSViewSet):
    """`/signaling/settings`, also for guests."""

    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        """Return servers, credentials for them and a ticket."""
        return Response(render_settings(user=self.identity.user, now=timezone.now()))


class BackendViewSet(OCSViewSet):
    """`/signaling/backend`, for signaling servers, which sign what they send.

    All answers are a 200 with an object, refusals too.
    """

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check the method alone: the signature tells who asks, no cookie and no login.

        Raises:
            MethodNotAllowed: the path exists, but not with this method.
        """
        if self.action is None:
            raise MethodNotAllowed(str(request.method))

    def create(self, request: Request, **kwargs: Any) -> Response:
        """Answer a server's request."""
        try:
            return Response(_answer(_signed_content(request)))
        except TalkError as error:
            return Response(render_refusal(error))


def _signed_content(request: Request) -> dict[str, Any]:
    """Return what a server has sent; nothing where it is no JSON object.

    Raises:
        Invalid: it is not signed.
    """
    try:
        body = raw_body(underlying(request))
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
    return content if isinstance(content, dict) else {}


def _answer(content: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to a request by its type.

    Raises:
        Invalid: the type is none that we know, or a value is no text.
        NotAllowed: the ticket is not valid.
        NotFound: there is no such user or room.
    """
    kind = content.get("type")
    answers = {"auth": _answer_auth, "room": _answer_room, "ping": _answer_ping}
    if not isinstance(kind, str) or kind not in answers:
        raise Invalid("The type is not known.", code="unknown_type")
    return answers[kind](_object(content.get(kind)))


def _answer_auth(auth: dict[str, Any]) -> dict[str, Any]:
    shown = _read(TicketParameters, _object(auth.get("params")))
    return render_identity(signaling_backend.identify(**shown))


def _answer_room(room: dict[str, Any]) -> dict[str, Any]:
    moved = _read(RoomParameters, room)
    entered = signaling_backend.enter_or_leave(**moved, now=timezone.now())
    return render_entered_room(entered)


def _answer_ping(ping: dict[str, Any]) -> dict[str, Any]:
    told = ping.get("entries")
    connections = []
    for entry in told if isinstance(told, list) else []:
        # One that cannot be read is no session of ours; the others are still there.
        with suppress(Invalid):
            read = _read(ConnectionParameters, _object(entry))
            connections.append((read["user_id"], read["session_id"]))
    pinged = signaling_backend.ping_connections(
        **_read(PingParameters, ping), connections=connections, now=timezone.now()
    )
    return render_pinged_room(pinged)


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _read(parameters: type[Parameters], values: dict[str, Any]) -> dict[str, Any]:
    """Return the values by their Python names; users' ids may be missing or false.

    Raises:
        Invalid: one is no text that could be stored.
    """
    try:
        return parameters.read(values)
    except Invalid as error:
        raise Invalid(error.message, code="invalid_request") from error
