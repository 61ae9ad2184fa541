"""Django's own request handling, run in the hub's threads instead of Django's."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.core.handlers.asgi import ASGIRequest, get_script_prefix
from django.core.handlers.base import BaseHandler
from django.core.signals import request_started
from django.db import connections
from django.urls import set_script_prefix

from talk.api.admitted_requests import AdmittedRequest, admitted_request_of
from talk.api.polls.base import defer_polls
from talk.api.responses import RenderedResponse, rendered_response_of
from talk.api.throttling import client_network


class RequestHandler(BaseHandler):
    """Runs the site's middleware and the view, so that sessions, logins, languages and
    headers are as in every other request. Only the waiting happens elsewhere.
    """

    def __init__(self) -> None:
        self.load_middleware(is_async=False)

    def admit(
        self, scope: Mapping[str, Any], body: bytes
    ) -> tuple[RenderedResponse, AdmittedRequest | None]:
        """Return the site's response, and the request if its caller may repeat it.

        A poll has not been run then: its response only carries it. Blocks; call it in a
        database thread.
        """
        set_script_prefix(get_script_prefix(dict(scope)))
        request_started.send(sender=type(self), scope=scope)
        request = ASGIRequest(dict(scope), io.BytesIO(body))
        defer_polls(request)
        response = self.get_response(request)
        # None if middleware has replaced the response of the view.
        admitted = admitted_request_of(response)
        if admitted is not None and not admitted.account:
            admitted = replace(admitted, guest_network=client_network(request))
        rendered = rendered_response_of(response)
        _keep_connections()
        # Sends `request_finished`.
        response.close()
        return rendered, admitted


def _keep_connections() -> None:
    """Prevent Django from closing this thread's connections when the request ends.

    `DatabaseThreads` closes them when they are old. Django still closes broken ones.
    """
    for connection in connections.all(initialized_only=True):
        connection.close_at = None
