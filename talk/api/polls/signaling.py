"""Polls for signaling messages and for changes of the connected sessions."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import timezone
from rest_framework.response import Response

from talk.api.polls.base import Poll, PollResult
from talk.domain import signaling_internal
from talk.domain.signaling_internal import SignalingUpdate
from talk.exceptions import NotFound
from talk.hints import HintKind
from talk.rendering.signaling import NO_CONNECTED_USERS, render_signaling_update


@dataclass(frozen=True, kw_only=True, slots=True)
class SignalingPoll(Poll):
    """Waits for messages to a session, and for changes of the connected sessions."""

    kind = HintKind.PRESENCE
    is_confirmed = True

    @property
    def _own_session(self) -> int:
        """The session whose messages the poll fetches; every such poll has one."""
        if self.session_pk is None:
            raise NotFound
        return self.session_pk

    def fetch_news(self) -> PollResult:
        """Take the messages to the session, and the connected sessions if they changed."""
        news = signaling_internal.take_update(
            session_pk=self._own_session, now=timezone.now()
        )
        return PollResult(position=self.position, news=news)

    def respond(self, news: SignalingUpdate) -> Response:
        """Return the messages and the connected sessions."""
        return Response(render_signaling_update(news))

    def respond_without_news(self) -> Response:
        """Return the connected sessions."""
        try:
            now = timezone.now()
            news = signaling_internal.read_presence(
                session_pk=self._own_session, now=now
            )
        except NotFound as error:
            return self.respond_to_error(error)
        return Response(render_signaling_update(news))

    def respond_to_error(self, error: Exception) -> Response:
        """Return no connected sessions, with a 404, for a session that has ended."""
        if isinstance(error, NotFound):
            return Response(NO_CONNECTED_USERS, status=404)
        raise error

    def confirm(self, news: SignalingUpdate, *, is_sent: bool) -> None:
        """Delete the messages that were sent; requeue those that were not."""
        if is_sent:
            signaling_internal.delete_sent_messages(update=news)
        else:
            signaling_internal.requeue_messages(update=news)
