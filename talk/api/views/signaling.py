"""Internal signaling: sessions of a room send each other what a call needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponseBase
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from talk.api.authentication import underlying
from talk.api.base import OCSViewSet
from talk.api.polls import Look, Poll, Wait, answer_at_once, deferred_wait
from talk.conf import talk_settings
from talk.domain import external_signaling, signaling
from talk.domain.access import Caller, find_caller
from talk.domain.signaling import SignalingNews
from talk.exceptions import NotFound
from talk.hints import Kind
from talk.rendering.signaling import NOBODY, render_news

DISABLED = "Internal signaling disabled."
"""What clients are told where an external server does it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SignalingPoll(Poll):
    """Waits for messages to a session, and for changes of who is connected."""

    kind = Kind.PEOPLE
    is_confirmed = True

    @property
    def _own_session(self) -> int:
        """The session that messages are sent to; without one there is no such poll."""
        if self.session_pk is None:
            raise NotFound
        return self.session_pk

    def look(self) -> Look:
        """Take what is new for the session."""
        news = signaling.look(session_pk=self._own_session, now=timezone.now())
        return Look(position=self.position, news=news)

    def respond(self, news: SignalingNews) -> Response:
        """Return the messages and who is connected."""
        return Response(render_news(news))

    def expire(self) -> Response:
        """Return who is connected."""
        try:
            now = timezone.now()
            news = signaling.look_at_people(session_pk=self._own_session, now=now)
        except NotFound as error:
            return self.fail(error)
        return Response(render_news(news))

    def fail(self, error: Exception) -> Response:
        """Tell a session that has ended that it is alone."""
        if isinstance(error, NotFound):
            return Response(NOBODY, status=404)
        raise error

    def confirm(self, news: SignalingNews, *, is_sent: bool) -> None:
        """Forget what has left, and keep what has not."""
        if is_sent:
            signaling.confirm(news=news)
        else:
            signaling.give_back(news=news)


class SignalingViewSet(OCSViewSet):
    """`/signaling/{token}`."""

    wait: Wait = staticmethod(answer_at_once)
    """How polls wait that nobody takes over; the URLs name something better."""

    def list(
        self, request: Request, token: str, **kwargs: Any
    ) -> Response | HttpResponseBase:
        """Return messages for the caller's session, and who is connected."""
        if external_signaling.is_configured():
            return Response(DISABLED, status=400)
        caller = self._find_session(token)
        if caller is None or caller.session_pk is None:
            return Response(NOBODY, status=404)
        poll = SignalingPoll(
            room_id=caller.room.pk,
            token=caller.room.token,
            account=caller.account,
            participant_pk=caller.participant.pk,
            position=caller.room.people_version,
            timeout=talk_settings().SIGNALING_POLL_SECONDS,
            session_pk=caller.session_pk,
            session_pks=(caller.session_pk,),
            needs_session=True,
            form=self.form,
        )
        if request.method == "HEAD":
            # Whoever wants no content must not be given what is told only once.
            poll.begin(timezone.now())
            return poll.expire()
        wait = deferred_wait(underlying(request)) or self.wait
        return wait(poll)

    def create(self, request: Request, token: str, **kwargs: Any) -> Response:
        """Send messages; clients repeat whatever is refused, so nothing is."""
        if external_signaling.is_configured():
            return Response(DISABLED, status=400)
        caller = self._find_session(token)
        if caller is not None:
            messages = self.values.get("messages")
            signaling.send_messages(
                caller=caller, messages=messages, now=timezone.now()
            )
        return Response()

    def _find_session(self, token: str) -> Caller | None:
        try:
            return find_caller(asker=self.asker, token=token)
        except NotFound:
            return None
