"""Chat: reading, waiting for and sending messages; mentions; the names of guests."""

from __future__ import annotations

from collections.abc import Callable
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
from talk.api.polls import Poll, Wait, answer_at_once, deferred_wait
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
        chat.mark_read(caller=caller)
        poll = Poll(
            room_id=caller.room.pk,
            position=caller.room.last_position,
            timeout=max(0, min(given["timeout"], POLL_TIMEOUT_MAX)),
            session_pks=pinged,
            guest_session_pk=caller.session_pk if caller.guest is not None else None,
            after=given["last_known_id"],
            limit=limit,
            respond=_responder(caller),
            complete=self.complete,
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
        guests.set_display_name(guest=caller.guest, display_name=given["display_name"])
        return Response()


def _responder(caller: Caller) -> Callable[[chat.Page | None], Response]:
    """Return what makes the caller's answer, in the language of this request."""
    language = translation.get_language()

    def respond(page: chat.Page | None) -> Response:
        with translation.override(language):
            return _respond(page, caller)

    return respond


def _respond(page: chat.Page | None, caller: Caller) -> Response:
    """Return the page, or that there is nothing, which is a 304."""
    if page is None or not page.messages:
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
