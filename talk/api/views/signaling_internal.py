"""Internal signaling: sessions of a room exchange the messages that a call needs."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from django.http import HttpResponseBase
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from talk.api.authentication import django_request_of
from talk.api.base import OCSViewSet
from talk.api.polls.base import Wait, answer_at_once, run_or_defer
from talk.api.polls.signaling import SignalingPoll
from talk.api.request_kinds import RequestKind
from talk.conf import talk_settings
from talk.domain import signaling_external, signaling_internal
from talk.domain.access import Caller, find_caller
from talk.exceptions import NotFound
from talk.rendering.signaling import NO_CONNECTED_USERS

DISABLED = "Internal signaling disabled."
"""Response of a site that uses an external signaling server."""


class SignalingViewSet(OCSViewSet):
    """`/signaling/{token}`."""

    wait: Wait = staticmethod(answer_at_once)
    """How polls wait inside Django's handler; the URLs pass another function."""

    request_kinds = MappingProxyType({"GET": RequestKind.POLL})

    def list(
        self, request: Request, token: str, **kwargs: Any
    ) -> Response | HttpResponseBase:
        """Return messages for the caller's session, and the connected sessions."""
        if signaling_external.is_configured():
            return Response(DISABLED, status=400)
        caller = self._find_session(token)
        if caller is None or caller.session_pk is None:
            return Response(NO_CONNECTED_USERS, status=404)
        poll = SignalingPoll(
            room_id=caller.room.pk,
            token=caller.room.token,
            account=caller.account,
            participant_pk=caller.participant.pk,
            position=caller.room.presence_version,
            timeout=talk_settings().SIGNALING_POLL_SECONDS,
            session_pk=caller.session_pk,
            session_pks=(caller.session_pk,),
            needs_session=True,
            response_format=self.response_format,
        )
        if request.method == "HEAD":
            # A fetch removes messages from the queue, and a HEAD would lose them.
            poll.begin(timezone.now())
            return poll.respond_without_news()
        return run_or_defer(poll, django_request_of(request), wait=self.wait)

    def create(self, request: Request, token: str, **kwargs: Any) -> Response:
        """Send messages. Clients repeat a refused request, so nothing is refused."""
        if signaling_external.is_configured():
            return Response(DISABLED, status=400)
        caller = self._find_session(token)
        if caller is not None:
            messages = self.raw_parameters.get("messages")
            signaling_internal.send_messages(
                caller=caller, messages=messages, now=timezone.now()
            )
        return Response()

    def _find_session(self, token: str) -> Caller | None:
        try:
            return find_caller(identity=self.identity, token=token)
        except NotFound:
            return None
