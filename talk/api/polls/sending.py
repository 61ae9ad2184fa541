"""Messages that callers send, through the view or as a repeated request."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.utils import timezone
from rest_framework.response import Response

from talk.api.admitted_requests import AdmittedRequest
from talk.api.parameters import MessageField, Parameters, TextField, merged_parameters
from talk.api.polls.chat import render_page
from talk.api.responses import RenderedResponse
from talk.domain import messages
from talk.domain.access import Caller
from talk.exceptions import TalkError
from talk.rendering.readers import reader_of


class PostParameters(Parameters):
    """API: Sending a new chat message."""

    message = MessageField()


class AuthorParameters(Parameters):
    """API: Sending a new chat message, as a guest."""

    actorDisplayName = TextField(source="display_name", default="")


@dataclass(frozen=True, kw_only=True, slots=True)
class MessageRequest(AdmittedRequest):
    """A request that sends a message of a user to a room."""

    user_caller: Caller
    format_parameter: Any
    """The value of the parameter `format`; None if there is none."""

    def send(self, scope: Mapping[str, Any], body: bytes) -> RenderedResponse | None:
        """Send the message of another request of the same user; blocks.

        Returns None for a request that wants its response in another format.
        """
        request = ASGIRequest(dict(scope), io.BytesIO(body))
        try:
            values = merged_parameters(request, {})
        except TalkError as error:
            return self.response_format.render(partial(_raise, error))
        if values.get("format") != self.format_parameter:
            return None
        return self.response_format.render(
            partial(send_message, self.user_caller, values)
        )


def send_message(caller: Caller, values: Mapping[str, Any]) -> Response:
    """Post the message of a caller and return it as its author sees it.

    Raises:
        Invalid, TooLarge, NotFound: as for `messages.post_message`.
    """
    given = PostParameters.read(values)
    if caller.guest is not None:
        given |= AuthorParameters.read(values)
    page = messages.post_message(
        caller=caller,
        text=given["message"],
        display_name=given.get("display_name", ""),
        now=timezone.now(),
    )
    rendered = render_page(page, caller.room.token, reader_of(caller))
    return Response(rendered[0], status=201)


def _raise(error: Exception) -> Response:
    raise error
