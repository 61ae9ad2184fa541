"""The table of errors: which status, code and message each refusal has."""

from __future__ import annotations

import logging
from dataclasses import replace

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
from talk.api.envelope import NOT_LOGGED_IN_CODE, UNKNOWN_ROUTE_V1_CODE, OCSStatus

logger = logging.getLogger("talk.api")


class NotLoggedIn(drf.NotAuthenticated):
    """The endpoint is for users only."""


class UnknownRoute(talk.NotFound):
    """The path below `/ocs` is no endpoint."""


NOT_LOGGED_IN = OCSStatus(
    status=401, code=NOT_LOGGED_IN_CODE, message="Current user is not logged in"
)
UNKNOWN_ROUTE = OCSStatus(
    status=404,
    v1_code=UNKNOWN_ROUTE_V1_CODE,
    message="Invalid query, please check the syntax.",
)
SERVER_ERROR = OCSStatus(status=500, message="Internal Server Error")

ERRORS: dict[type[Exception], OCSStatus] = {
    drf.NotAuthenticated: NOT_LOGGED_IN,
    drf.AuthenticationFailed: NOT_LOGGED_IN,
    UnknownRoute: UNKNOWN_ROUTE,
    talk.NotFound: OCSStatus(status=404),
    talk.NotAllowed: OCSStatus(status=403),
    talk.Invalid: OCSStatus(status=400),
    talk.NotSupported: OCSStatus(status=405),
    talk.TooLarge: OCSStatus(status=413),
    talk.PreconditionFailed: OCSStatus(status=412),
    talk.Throttled: OCSStatus(status=429),
    Http404: OCSStatus(status=404),
    PermissionDenied: OCSStatus(status=403),
    RequestDataTooBig: OCSStatus(status=413),
    SuspiciousOperation: OCSStatus(status=400),
    BadRequest: OCSStatus(status=400),
    UnreadablePostError: OCSStatus(status=400),
}
"""Statuses by class of error. An error has the status of its nearest listed ancestor.

The message of a `TalkError` takes the place of an empty one.
"""


def ocs_status_of(error: Exception, request: HttpRequest | None = None) -> OCSStatus:
    """Return the status of the response to `error`.

    An error that is neither listed nor one of DRF's is a defect. It is logged and
    signalled as Django does, and becomes a 500 in the envelope. `request` is None for
    a poll that has waited, because its request is no longer kept.
    """
    for ancestor in type(error).__mro__:
        if ancestor in ERRORS:
            status = ERRORS[ancestor]
            if isinstance(error, talk.TalkError) and not status.message:
                return replace(status, message=error.message)
            return status
    if isinstance(error, drf.APIException):
        return OCSStatus(status=error.status_code, message=str(error.detail))
    path = "a waiting poll" if request is None else request.path
    logger.error("Internal Server Error: %s", path, exc_info=error)
    got_request_exception.send(sender=None, request=request)
    return SERVER_ERROR
