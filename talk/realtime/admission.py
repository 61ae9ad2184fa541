"""Django's own request handling, run in our threads, polls up to the point of waiting."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.handlers.asgi import ASGIRequest, get_script_prefix
from django.core.handlers.base import BaseHandler
from django.core.signals import request_started
from django.db import connections
from django.urls import set_script_prefix

from talk.api.admitted_requests import AdmittedRequest, admitted_by
from talk.api.polls.base import defer_to, stand_in_for
from talk.api.responses import RenderedResponse, answer_of
from talk.api.throttling import client_network


@dataclass(frozen=True, slots=True)
class Admission:
    """What a site says to a request.

    `answer` only stands in for another one where a poll was admitted.
    """

    answer: RenderedResponse
    caller: AdmittedRequest | None
    guest_address: str
    """The network that a guest comes from; empty for users."""


class RequestHandler(BaseHandler):
    """Runs the site's middleware and the view, so that these are requests like others.

    Sessions, logins, languages and headers are what the site has made of them. Only
    the waiting happens elsewhere: a view that would wait hands its poll over instead.
    """

    def __init__(self) -> None:
        self.load_middleware(is_async=False)

    def admit(self, scope: Mapping[str, Any], body: bytes) -> Admission:
        """Have the site's middleware and the view answer, or let the caller wait.

        Blocks; to be called in a database thread.
        """
        set_script_prefix(get_script_prefix(dict(scope)))
        request_started.send(sender=type(self), scope=scope)
        request = ASGIRequest(dict(scope), io.BytesIO(body))
        defer_to(stand_in_for, request)
        response = self.get_response(request)
        # A middleware that answers something else has the last word.
        caller = admitted_by(response)
        is_guest = caller is not None and not caller.account
        address = client_network(request) if is_guest else ""
        answer = answer_of(response)
        _keep_connections()
        # Tells whoever listens that the request has ended.
        response.close()
        return Admission(answer, caller, address)


def _keep_connections() -> None:
    """Have Django not close this thread's connections at the end of a request.

    They are ours, and end by our own age rule; broken ones are still closed.
    """
    for connection in connections.all(initialized_only=True):
        connection.close_at = None
