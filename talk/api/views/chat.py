"""Chat: reading and sending messages, long polls, mentions, and names of guests."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Any

from django.http import HttpResponseBase
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from talk.api.admitted_requests import attach_admitted_request
from talk.api.authentication import django_request_of, user_of
from talk.api.base import OCSViewSet
from talk.api.csrf import passes_csrf_by_headers
from talk.api.parameters import (
    LenientIntegerField,
    Parameters,
    TextField,
)
from talk.api.polls.base import Wait, answer_at_once, run_or_defer
from talk.api.polls.chat import ChatPoll, message_limit, page_response, poll_timeout
from talk.api.polls.sending import MessageRequest, send_message
from talk.api.request_kinds import RequestKind
from talk.api.throttling import throttle_guest_messages
from talk.constants import (
    MESSAGES_LIMIT_DEFAULT,
    POLL_TIMEOUT_DEFAULT,
    SUGGESTIONS_LIMIT_DEFAULT,
    SUGGESTIONS_LIMIT_MAX,
)
from talk.domain import guests, messages, presence
from talk.domain.access import find_caller
from talk.domain.mentions import suggest_mentions
from talk.exceptions import NotAllowed, NotFound
from talk.rendering.mentions import render_suggestion
from talk.rendering.readers import reader_of


class ReadParameters(Parameters):
    """API: Receive chat messages of a room."""

    lookIntoFuture = LenientIntegerField(source="look_into_future", default=0)
    limit = LenientIntegerField(default=MESSAGES_LIMIT_DEFAULT)
    timeout = LenientIntegerField(default=POLL_TIMEOUT_DEFAULT)
    lastKnownMessageId = LenientIntegerField(source="last_known_id", default=0)
    setReadMarker = LenientIntegerField(source="set_read_marker", default=1)


class SuggestionParameters(Parameters):
    """API: Get mention autocomplete suggestions."""

    search = TextField(default="")
    limit = LenientIntegerField(default=SUGGESTIONS_LIMIT_DEFAULT)


class GuestNameParameters(Parameters):
    """API: Guests, Set display name."""

    displayName = TextField(source="display_name", default="")


class ChatViewSet(OCSViewSet):
    """`/chat/{token}`."""

    wait: Wait = staticmethod(answer_at_once)
    """How polls wait inside Django's handler; the URLs pass another function."""

    request_kinds = MappingProxyType(
        {"GET": RequestKind.POLL, "POST": RequestKind.MESSAGE}
    )

    def list(
        self, request: Request, token: str, **kwargs: Any
    ) -> Response | HttpResponseBase:
        """Return older messages, or wait for newer ones."""
        caller = find_caller(identity=self.identity, token=token)
        given = ReadParameters.read(self.raw_parameters)
        now = timezone.now()
        present = presence.present_sessions(caller=caller, now=now)
        limit = message_limit(given["limit"])
        if not given["look_into_future"]:
            presence.ping_sessions(pks=present, now=now)
            page = messages.read_history(
                room_id=caller.room.pk, before=given["last_known_id"], limit=limit
            )
            reader = reader_of(caller)
            return page_response(page, token=caller.room.token, reader=reader)
        poll = ChatPoll(
            room_id=caller.room.pk,
            account=caller.account,
            participant_pk=caller.participant.pk,
            position=caller.room.last_position,
            timeout=0 if request.method == "HEAD" else poll_timeout(given["timeout"]),
            session_pk=caller.session_pk,
            session_pks=present,
            needs_session=caller.guest is not None,
            comments=caller.room.comment_count,
            read_comments=caller.participant.read_comments,
            moves_read_marker=bool(given["set_read_marker"]),
            response_format=self.response_format,
            token=caller.room.token,
            reader=reader_of(caller),
            after=given["last_known_id"],
            limit=limit,
        )
        return run_or_defer(poll, django_request_of(request), wait=self.wait)

    def create(self, request: Request, token: str, **kwargs: Any) -> Response:
        """Send a message and return it as its author sees it."""
        caller = find_caller(identity=self.identity, token=token)
        if caller.guest is not None:
            with throttle_guest_messages(django_request_of(request)):
                return send_message(caller, self.raw_parameters)
        response = send_message(caller, self.raw_parameters)
        if caller.user is not None and passes_csrf_by_headers(request):
            message_request = MessageRequest(
                room_id=caller.room.pk,
                participant_pk=caller.participant.pk,
                account=caller.account,
                session_pks=(),
                response_format=self.response_format,
                # Django's lazy user would keep the whole request.
                user_caller=replace(caller, user=caller.participant.user),
                format_parameter=self.raw_parameters.get("format"),
            )
            attach_admitted_request(response, message_request)
        return response


class MentionViewSet(OCSViewSet):
    """`/chat/{token}/mentions`."""

    def list(self, request: Request, token: str, **kwargs: Any) -> Response:
        """Return users whom the caller may mention."""
        caller = find_caller(identity=self.identity, token=token)
        given = SuggestionParameters.read(self.raw_parameters)
        limit = given["limit"] if given["limit"] >= 1 else SUGGESTIONS_LIMIT_DEFAULT
        users = suggest_mentions(
            caller=caller,
            search=given["search"],
            limit=min(limit, SUGGESTIONS_LIMIT_MAX),
        )
        return Response([render_suggestion(user) for user in users])


class GuestNameViewSet(OCSViewSet):
    """`/guest/{token}/name`."""

    def create(self, request: Request, token: str, **kwargs: Any) -> Response:
        """Change the name of a guest; a user is refused."""
        if user_of(request) is not None:
            raise NotAllowed
        caller = find_caller(identity=self.identity, token=token)
        if caller.guest is None:
            raise NotFound
        given = GuestNameParameters.read(self.raw_parameters)
        guests.rename_guest(
            guest=caller.guest,
            room_id=caller.room.pk,
            display_name=given["display_name"],
        )
        return Response()
