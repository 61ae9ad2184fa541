"""Every refusal with its status and meta code, in one place."""

from __future__ import annotations

import logging

from django.core.exceptions import (
    BadRequest,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
)
from django.core.signals import got_request_exception
from django.http import Http404, HttpRequest, UnreadablePostError
from rest_framework import exceptions as drf

from talk import exceptions as talk
from talk.api.envelope import NOT_LOGGED_IN, UNKNOWN_ROUTE_V1, Outcome

logger = logging.getLogger("talk.api")

STATUSES: dict[type[Exception], int] = {
    talk.NotFound: 404,
    talk.NotAllowed: 403,
    talk.Invalid: 400,
    talk.NotSupported: 405,
    talk.TooLarge: 413,
    talk.PreconditionFailed: 412,
    talk.Throttled: 429,
    Http404: 404,
    PermissionDenied: 403,
    RequestDataTooBig: 413,
    SuspiciousOperation: 400,
    BadRequest: 400,
    UnreadablePostError: 400,
}
"""HTTP status by class of error; the first class of an error's line of descent wins."""


class NotLoggedIn(drf.NotAuthenticated):
    """The endpoint is for users only."""


class UnknownRoute(talk.NotFound):
    """Nothing lives at this path below `/ocs`."""


NOT_LOGGED_IN_OUTCOME = Outcome(
    status=401, code=NOT_LOGGED_IN, message="Current user is not logged in"
)
UNKNOWN_ROUTE_OUTCOME = Outcome(
    status=404,
    v1_code=UNKNOWN_ROUTE_V1,
    message="Invalid query, please check the syntax.",
)
SERVER_ERROR_OUTCOME = Outcome(status=500, message="Internal Server Error")


def outcome_of(error: Exception, request: HttpRequest | None = None) -> Outcome:
    """Return what the answer to `error` says.

    An error that is nobody's refusal is a defect: it is logged and announced as
    Django does, and answered with a 500 in the envelope. There is no `request` any
    more when it happens to a poll that has waited.
    """
    if isinstance(error, drf.NotAuthenticated | drf.AuthenticationFailed):
        return NOT_LOGGED_IN_OUTCOME
    if isinstance(error, UnknownRoute):
        return UNKNOWN_ROUTE_OUTCOME
    if isinstance(error, drf.APIException):
        return Outcome(status=error.status_code, message=str(error.detail))
    for ancestor in type(error).__mro__:
        if ancestor in STATUSES:
            message = error.message if isinstance(error, talk.TalkError) else ""
            return Outcome(status=STATUSES[ancestor], message=message)
    where = "a waiting poll" if request is None else request.path
    logger.error("Internal Server Error: %s", where, exc_info=error)
    got_request_exception.send(sender=None, request=request)
    return SERVER_ERROR_OUTCOME
