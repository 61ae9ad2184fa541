"""Django's own request handling, run in our threads up to the point of waiting."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from django.core.handlers.asgi import ASGIRequest, get_script_prefix
from django.core.handlers.base import BaseHandler
from django.http import HttpResponseBase
from django.urls import set_script_prefix

from talk.api.polls import Poll, defer_to, poll_behind, stand_in_for

BODY_HEADERS = frozenset(
    {"content-encoding", "content-length", "content-type", "etag", "last-modified"}
)


class PollHandler(BaseHandler):
    """Runs the site's middleware and the view, so that a poll is a request like others.

    Sessions, logins, languages and headers are what the site has made of them. Only
    the waiting happens elsewhere: the view hands its poll over instead.
    """

    def __init__(self) -> None:
        self.load_middleware(is_async=False)

    def admit(
        self, scope: Mapping[str, Any], body: bytes
    ) -> tuple[HttpResponseBase, Poll | None]:
        """Return a poll and what stands in for its answer, or a final answer alone.

        Blocks; to be called in a database thread.
        """
        request = ASGIRequest(dict(scope), io.BytesIO(body))
        set_script_prefix(get_script_prefix(request.scope))
        defer_to(stand_in_for, request)
        response = self.get_response(request)
        # A middleware that answers something else has the last word.
        return response, poll_behind(response)


def adopt_headers(answer: HttpResponseBase, provisional: HttpResponseBase) -> None:
    """Give an answer the headers and cookies that middleware gave the provisional one.

    Headers that describe a body stay with the body they describe.
    """
    if "Vary" in provisional.headers:
        # Middleware has only ever added to it.
        answer.headers["Vary"] = provisional.headers["Vary"]
    answer.headers["Content-Length"] = str(len(getattr(answer, "content", b"")))
    for name, value in provisional.items():
        if name.lower() not in BODY_HEADERS:
            answer.headers.setdefault(name, value)
    for name, morsel in provisional.cookies.items():
        answer.cookies[name] = morsel
