"""Exceptions of domain functions; `talk.api.errors` maps them to statuses."""

from __future__ import annotations


class TalkError(Exception):
    """The base class of all refusals.

    `code` is a short English constant for programs. `message` tells developers what is
    wrong with the request; it is empty where it would tell non-participants too much.
    """

    code = "error"

    def __init__(self, message: str = "", *, code: str = "") -> None:
        super().__init__(message)
        self.message = message
        if code:
            self.code = code


class NotFound(TalkError):
    """The room, participant, user or group does not exist for this caller."""

    code = "not_found"


class NotAllowed(TalkError):
    """The caller does not have the permission."""

    code = "not_allowed"


class Invalid(TalkError):
    """A value is missing or cannot be accepted."""

    code = "invalid"


class NotSupported(TalkError):
    """Rooms of this type do not support the operation."""

    code = "not_supported"


class Throttled(TalkError):
    """There were too many attempts in a short time."""

    code = "throttled"


class TooLarge(TalkError):
    """A value is longer than the limit."""

    code = "too_large"


class PreconditionFailed(TalkError):
    """A precondition of the request does not hold, or its target has the wrong kind."""

    code = "precondition_failed"
