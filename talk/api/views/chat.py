"""Chat: reading, waiting for and sending messages; mentions; the names of guests."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponseBase
from django.utils import timezone, translation
from rest_framework.request import Request
from rest_framework.response import Response

from talk.api.admissions import Admitted, admit
from talk.api.answers import Answer
from talk.api.authentication import is_proven_by_header, underlying, user_of
from talk.api.base import OCSViewSet
from talk.api.parameters import (
    LenientIntegerField,
    MessageField,
    Parameters,
    TextField,
    merged_parameters,
)
from talk.api.polls import Look, Poll, Wait, answer_at_once, deferred_wait
from talk.api.throttling import guest_message
from talk.constants import (
    MESSAGES_LIMIT_DEFAULT,
    MESSAGES_LIMIT_MAX,
    POLL_TIMEOUT_DEFAULT,
    POLL_TIMEOUT_MAX,
    SUGGESTIONS_LIMIT_DEFAULT,
    SUGGESTIONS_LIMIT_MAX,
)
from talk.domain import chat, guests, presence
from talk.domain.access import Caller, find_caller
from talk.domain.mentions import suggest_mentions
from talk.exceptions import NotAllowed, NotFound, TalkError
from talk.hints import Kind
from talk.rendering.mentions import render_suggestion
from talk.rendering.messages import render_message
from talk.rendering.readers import Reader, reader_of

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


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatPoll(Poll):
    """Waits for messages after the one that the client knows.

    `limit` is how many one answer may hold.
    """

    kind = Kind.TIMELINE

    reader: Reader
    after: int
    limit: int

    def again(self, numbers: Mapping[str, int]) -> ChatPoll:
        """Return the poll with the numbers that its parameters are called by."""
        after = numbers.get("lastKnownMessageId", 0)
        limit = _limit(numbers.get("limit", MESSAGES_LIMIT_DEFAULT))
        timeout = _timeout(numbers.get("timeout", POLL_TIMEOUT_DEFAULT))
        if (after, limit, timeout) == (self.after, self.limit, self.timeout):
            return self
        return replace(self, after=after, limit=limit, timeout=timeout)

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
        """Return the messages as the caller sees them, in whatever language is active."""
        with translation.override(self.form.language):
            return page_response(news, token=self.token, reader=self.reader)

    def expire(self) -> Response:
        """Say that there is nothing newer."""
        return Response(status=304)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sender(Admitted):
    """A user who may send messages to a room.

    `wanted` is what their requests say about the format of the answer.
    """

    user_caller: Caller
    wanted: Any

    def send(self, scope: Mapping[str, Any], body: bytes) -> Answer | None:
        """Send what another request of the same user says; blocks.

        Returns None for one that wants its answer in another form.
        """
        request = ASGIRequest(dict(scope), io.BytesIO(body))
        try:
            values = merged_parameters(request, {})
        except TalkError as error:
            return self.form.make(partial(_raise, error))
        if values.get("format") != self.wanted:
            return None
        return self.form.make(partial(send_message, self.user_caller, values))


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
        now = timezone.now()
        present = presence.present_sessions(caller=caller, now=now)
        limit = _limit(given["limit"])
        if not given["look_into_future"]:
            presence.ping_sessions(pks=present, now=now)
            page = chat.read_history(
                room_id=caller.room.pk, before=given["last_known_id"], limit=limit
            )
            reader = reader_of(caller)
            return page_response(page, token=caller.room.token, reader=reader)
        poll = ChatPoll(
            room_id=caller.room.pk,
            account=caller.account,
            participant_pk=caller.participant.pk,
            position=caller.room.last_position,
            timeout=0 if request.method == "HEAD" else _timeout(given["timeout"]),
            session_pk=caller.session_pk,
            session_pks=present,
            needs_session=caller.guest is not None,
            comments=caller.room.comment_count,
            read_comments=caller.participant.read_comments,
            marks_read=bool(given["set_read_marker"]),
            form=self.form,
            token=caller.room.token,
            reader=reader_of(caller),
            after=given["last_known_id"],
            limit=limit,
        )
        wait = deferred_wait(underlying(request)) or self.wait
        return wait(poll)

    def create(self, request: Request, token: str, **kwargs: Any) -> Response:
        """Send a message and answer with it as its author sees it."""
        caller = find_caller(asker=self.asker, token=token)
        if caller.guest is not None:
            with guest_message(underlying(request)):
                return send_message(caller, self.values)
        response = send_message(caller, self.values)
        if caller.user is not None and is_proven_by_header(request):
            sender = Sender(
                room_id=caller.room.pk,
                participant_pk=caller.participant.pk,
                account=caller.account,
                session_pks=(),
                form=self.form,
                # Django's lazy user would keep the whole request.
                user_caller=replace(caller, user=caller.participant.user),
                wanted=self.values.get("format"),
            )
            admit(sender, response)
        return response


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


def send_message(caller: Caller, values: Mapping[str, Any]) -> Response:
    """Write what a caller sends and answer with it as its author sees it.

    Raises:
        Invalid, TooLarge, NotFound: as for `chat.post_message`.
    """
    given = PostParameters.read(values)
    if caller.guest is not None:
        given |= AuthorParameters.read(values)
    page = chat.post_message(
        caller=caller,
        text=given["message"],
        display_name=given.get("display_name", ""),
        now=timezone.now(),
    )
    rendered = _render_page(page, caller.room.token, reader_of(caller))
    return Response(rendered[0], status=201)


def _raise(error: Exception) -> Response:
    raise error


def _limit(given: int) -> int:
    """Return how many messages an answer may hold; less than one stands for all."""
    return min(given, MESSAGES_LIMIT_MAX) if given >= 1 else MESSAGES_LIMIT_MAX


def _timeout(given: int) -> int:
    """Return how many seconds a client may have a poll wait."""
    return max(0, min(given, POLL_TIMEOUT_MAX))


def page_response(page: chat.Page, *, token: str, reader: Reader) -> Response:
    """Return a page as somebody sees it, or that there is nothing, which is a 304."""
    if not page.messages:
        return Response(status=304)
    headers = {LAST_GIVEN_HEADER: str(page.messages[-1].pk)}
    return Response(_render_page(page, token, reader), headers=headers)


def _render_page(page: chat.Page, token: str, reader: Reader) -> list[dict[str, Any]]:
    return [
        render_message(message, token=token, reader=reader, names=page.names)
        for message in page.messages
    ]
