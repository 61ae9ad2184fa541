"""Polls that wait for new messages of a room, and the responses made of messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.utils import translation
from rest_framework.response import Response

from talk.api.polls.base import Poll, PollResult
from talk.constants import (
    MESSAGES_LIMIT_DEFAULT,
    MESSAGES_LIMIT_MAX,
    POLL_TIMEOUT_DEFAULT,
    POLL_TIMEOUT_MAX,
)
from talk.domain import messages
from talk.domain.progress import newest_position
from talk.hints import HintKind
from talk.rendering.messages import render_message
from talk.rendering.readers import Reader

LAST_GIVEN_HEADER = "X-Chat-Last-Given"


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatPoll(Poll):
    """Waits for messages after the one that the client knows.

    `limit` is how many one answer may hold.
    """

    kind = HintKind.TIMELINE

    reader: Reader
    after: int
    limit: int

    def again(self, numbers: Mapping[str, int]) -> ChatPoll:
        """Return the poll with the numbers that its parameters are called by."""
        after = numbers.get("lastKnownMessageId", 0)
        limit = message_limit(numbers.get("limit", MESSAGES_LIMIT_DEFAULT))
        timeout = poll_timeout(numbers.get("timeout", POLL_TIMEOUT_DEFAULT))
        if (after, limit, timeout) == (self.after, self.limit, self.timeout):
            return self
        return replace(self, after=after, limit=limit, timeout=timeout)

    def look(self) -> PollResult:
        """Read what is new; the position first, so that it promises too little."""
        return self._read(newest_position(room_id=self.room_id))

    def look_first(self) -> PollResult:
        """Read what is new; how far the room has come was read with the caller."""
        return self._read(self.position)

    def look_after(self, seen: int) -> PollResult:
        """Read what is new if the room has come further."""
        position = newest_position(room_id=self.room_id)
        return (
            self.look() if position > seen else PollResult(position=position, news=None)
        )

    def _read(self, position: int) -> PollResult:
        page = messages.read_newer(
            room_id=self.room_id, after=self.after, limit=self.limit
        )
        return PollResult(position=position, news=page if page.messages else None)

    def respond(self, news: messages.Page) -> Response:
        """Return the messages as the caller sees them, in whatever language is active."""
        with translation.override(self.form.language):
            return page_response(news, token=self.token, reader=self.reader)

    def expire(self) -> Response:
        """Say that there is nothing newer."""
        return Response(status=304)


def message_limit(given: int) -> int:
    """Return how many messages an answer may hold; less than one stands for all."""
    return min(given, MESSAGES_LIMIT_MAX) if given >= 1 else MESSAGES_LIMIT_MAX


def poll_timeout(given: int) -> int:
    """Return how many seconds a client may have a poll wait."""
    return max(0, min(given, POLL_TIMEOUT_MAX))


def page_response(page: messages.Page, *, token: str, reader: Reader) -> Response:
    """Return a page as somebody sees it, or that there is nothing, which is a 304."""
    if not page.messages:
        return Response(status=304)
    headers = {LAST_GIVEN_HEADER: str(page.messages[-1].pk)}
    return Response(render_page(page, token, reader), headers=headers)


def render_page(
    page: messages.Page, token: str, reader: Reader
) -> list[dict[str, Any]]:
    return [
        render_message(message, token=token, reader=reader, names=page.names)
        for message in page.messages
    ]
