"""Polls for new messages of a room, and responses that contain messages."""

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
    """Waits for messages after the newest one that the client knows."""

    kind = HintKind.TIMELINE

    reader: Reader
    after: int
    """The id of the newest message that the client knows."""

    limit: int
    """The number of messages that a response may contain."""

    def repeat(self, numbers: Mapping[str, int]) -> ChatPoll:
        """Return the poll with other values of its integer parameters."""
        after = numbers.get("lastKnownMessageId", 0)
        limit = message_limit(numbers.get("limit", MESSAGES_LIMIT_DEFAULT))
        timeout = poll_timeout(numbers.get("timeout", POLL_TIMEOUT_DEFAULT))
        if (after, limit, timeout) == (self.after, self.limit, self.timeout):
            return self
        return replace(self, after=after, limit=limit, timeout=timeout)

    def fetch_news(self) -> PollResult:
        """Read the position and then the new messages.

        In this order, a message that comes in between is at worst read again.
        """
        return self._read(newest_position(room_id=self.room_id))

    def fetch_first_news(self) -> PollResult:
        """Read the new messages; the position was read together with the caller."""
        return self._read(self.position)

    def fetch_news_after(self, position: int) -> PollResult:
        """Read the new messages if the room's position has changed."""
        newest = newest_position(room_id=self.room_id)
        if newest > position:
            return self.fetch_news()
        return PollResult(position=newest, news=None)

    def _read(self, position: int) -> PollResult:
        page = messages.read_newer(
            room_id=self.room_id, after=self.after, limit=self.limit
        )
        return PollResult(position=position, news=page if page.messages else None)

    def respond(self, news: messages.Page) -> Response:
        """Return the messages as the caller sees them, in the caller's language."""
        with translation.override(self.response_format.language):
            return page_response(news, token=self.token, reader=self.reader)

    def respond_without_news(self) -> Response:
        """Return a 304."""
        return Response(status=304)


def message_limit(given: int) -> int:
    """Return how many messages a response may contain; below 1 stands for the maximum."""
    return min(given, MESSAGES_LIMIT_MAX) if given >= 1 else MESSAGES_LIMIT_MAX


def poll_timeout(given: int) -> int:
    """Return how many seconds a poll may wait."""
    return max(0, min(given, POLL_TIMEOUT_MAX))


def page_response(page: messages.Page, *, token: str, reader: Reader) -> Response:
    """Return a page as the reader sees it, or a 304 if it is empty."""
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
