"""Polls that wait for signaling messages and for changes of who is connected."""

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
    """Waits for messages to a session, and for changes of who is connected."""

    kind = HintKind.PRESENCE
    is_confirmed = True

    @property
    def _own_session(self) -> int:
        """The session that messages are sent to; without one there is no such poll."""
        if self.session_pk is None:
            raise NotFound
        return self.session_pk

    def look(self) -> PollResult:
        """Take what is new for the session."""
        news = signaling_internal.take_update(
            session_pk=self._own_session, now=timezone.now()
        )
        return PollResult(position=self.position, news=news)

    def respond(self, news: SignalingUpdate) -> Response:
        """Return the messages and who is connected."""
        return Response(render_signaling_update(news))

    def expire(self) -> Response:
        """Return who is connected."""
        try:
            now = timezone.now()
            news = signaling_internal.read_presence(
                session_pk=self._own_session, now=now
            )
        except NotFound as error:
            return self.fail(error)
        return Response(render_signaling_update(news))

    def fail(self, error: Exception) -> Response:
        """Tell a session that has ended that it is alone."""
        if isinstance(error, NotFound):
            return Response(NO_CONNECTED_USERS, status=404)
        raise error

    def confirm(self, news: SignalingUpdate, *, is_sent: bool) -> None:
        """Forget what has left, and keep what has not."""
        if is_sent:
            signaling_internal.delete_sent_messages(update=news)
        else:
            signaling_internal.requeue_messages(update=news)
