"""Chat: reading, waiting for and sending messages; mentions; the names of guests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponseBase
from django.utils import timezone, translation
from rest_framework.request import Request
from rest_framework.response import Response

from talk.api.authentication import underlying, user_of
from talk.api.base import OCSViewSet
from talk.api.parameters import (
    LenientIntegerField,
    MessageField,
    Parameters,
    TextField,
)
from talk.api.polls import Look, Poll, Wait, answer_at_once, deferred_wait
from talk.constants import (
    MESSAGES_LIMIT_DEFAULT,
    MESSAGES_LIMIT_MAX,
    POLL_TIMEOUT_DEFAULT,
    POLL_TIMEOUT_MAX,
    SUGGESTIONS_LIMIT_DEFAULT,
    SUGGESTIONS_LIMIT_MAX,
)
from talk.domain import chat, guests, sessions
from talk.domain.access import Caller, find_caller
from talk.domain.mentions import suggest_mentions
from talk.exceptions import NotAllowed, NotFound
from talk.hints import Kind
from talk.rendering.mentions import render_suggestion
from talk.rendering.messages import render_message
from talk.rendering.readers import reader_of

LAST_GIVEN_HEADER = "X-Chat-Last-Given"


class ReadParameters(Parameters):
    """API: Receive chat messages of a room."""

    lookIntoFuture = LenientIntegerField(source="look_into_future", default=0)
    limit = LenientIntegerField(default=MESSAGES_LIMIT_DEFAULT)
    timeout = LenientIntegerField(default=POLL_TIMEOUT_DEFAULT)
    lastKnownMessageId = LenientIntegerField(source="last_known_id", default=0)
    setReadMarker = LenientIntegerField(source="set_read_marker", default=1)


class PostParameters(Parameters):
    """API: Sending a new chat message."""

    message = MessageField()


class AuthorParameters(Parameters):
    """API: Sending a new chat message, as a guest."""

    actorDisplayName = TextField(source="display_name", default="")


class SuggestionParameters(Parameters):
    """API: Get mention autocomplete suggestions."""

    search = TextField(default="")
    limit = LenientIntegerField(default=SUGGESTIONS_LIMIT_DEFAULT)


class GuestNameParameters(Parameters):
    """API: Guests, Set display name."""

    displayName = TextField(source="display_name", default="")


@dataclass(frozen=True, kw_only=True)
class ChatPoll(Poll):
    """Waits for messages after the one that the client knows.

    `limit` is how many one answer may hold, `language` that of the request.
    """

    kind = Kind.TIMELINE
    expires_as_stand_in = True

    after: int
    limit: int
    caller: Caller
    language: str | None

    @property
    def key(self) -> tuple[int, int]:
        """Who knows the same and wants as much is shown the same."""
        return self.after, self.limit

    def look(self) -> Look:
        """Read what is new; the position first, so that it promises too little."""
        return self._read(chat.newest_position(room_id=self.room_id))

    def look_first(self) -> Look:
        """Read what is new; how far the room has come was read with the caller."""
        return self._read(self.position)

    def look_after(self, seen: int) -> Look:
        """Read what is new if the room has come further."""
        position = chat.newest_position(room_id=self.room_id)
        return self.look() if position > seen else Look(position=position, news=None)

    def _read(self, position: int) -> Look:
        page = chat.read_newer(room_id=self.room_id, after=self.after, limit=self.limit)
        return Look(position=position, news=page if page.messages else None)

    def respond(self, news: chat.Page) -> Response:
        """Return the messages."""
        with translation.override(self.language):
            return _respond(news, self.caller)

    def expire(self) -> Response:
        """Say that there is nothing newer."""
        return Response(status=304)


class ChatViewSet(OCSViewSet):
    """`/chat/{token}`."""

    wait: Wait = staticmethod(answer_at_once)
    """How polls wait that nobody takes over; the URLs name something better."""

    def list(
        self, request: Request, token: str, **kwargs: Any
    ) -> Response | HttpResponseBase:
        """Return older messages, or newer ones as soon as there are any."""
        caller = find_caller(asker=self.asker, token=token)
        given = ReadParameters.read(self.values)
        pinged = sessions.ping(caller=caller, now=timezone.now())
        limit = given["limit"] if given["limit"] >= 1 else MESSAGES_LIMIT_MAX
        limit = min(limit, MESSAGES_LIMIT_MAX)
        if not given["look_into_future"]:
            page = chat.read_history(
                room_id=caller.room.pk, before=given["last_known_id"], limit=limit
            )
            return _respond(page, caller)
        if given["set_read_marker"]:
            chat.mark_read(caller=caller)
        waits = request.method != "HEAD" and given["timeout"] > 0
        poll = ChatPoll(
            room_id=caller.room.pk,
            position=caller.room.last_position,
            timeout=min(given["timeout"], POLL_TIMEOUT_MAX) if waits else 0,
            session_pks=pinged,
            needed_session_pk=caller.session_pk if caller.guest is not None else None,
            complete=self.complete,
            after=given["last_known_id"],
            limit=limit,
            caller=caller,
            language=translation.get_language(),
        )
        wait = deferred_wait(underlying(request)) or self.wait
        return wait(poll)

    def create(self, request: Request, token: str, **kwargs: Any) -> Response:
        """Send a message and answer with it as its author sees it."""
        caller = find_caller(asker=self.asker, token=token)
        given = PostParameters.read(self.values)
        if caller.guest is not None:
            given |= AuthorParameters.read(self.values)
        message = chat.post_message(
            caller=caller,
            text=given["message"],
            display_name=given.get("display_name", ""),
            now=timezone.now(),
        )
        page = chat.page_of([message])
        return Response(_render_page(page, caller)[0], status=201)


class MentionViewSet(OCSViewSet):
    """`/chat/{token}/mentions`."""

    def list(self, request: Request, token: str, **kwargs: Any) -> Response:
        """Return whom the caller may mean."""
        caller = find_caller(asker=self.asker, token=token)
        given = SuggestionParameters.read(self.values)
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
        """Name the guest; users have a name already."""
        if user_of(request) is not None:
            raise NotAllowed
        caller = find_caller(asker=self.asker, token=token)
        if caller.guest is None:
            raise NotFound
        given = GuestNameParameters.read(self.values)
        guests.rename_guest(
            guest=caller.guest,
            room_id=caller.room.pk,
            display_name=given["display_name"],
        )
        return Response()


def _respond(page: chat.Page, caller: Caller) -> Response:
    """Return the page, or that there is nothing, which is a 304."""
    if not page.messages:
        return Response(status=304)
    headers = {LAST_GIVEN_HEADER: str(page.messages[-1].pk)}
    return Response(_render_page(page, caller), headers=headers)


def _render_page(page: chat.Page, caller: Caller) -> list[dict[str, Any]]:
    reader = reader_of(caller)
    return [
        render_message(
            message, token=caller.room.token, reader=reader, names=page.names
        )
        for message in page.messages
    ]
