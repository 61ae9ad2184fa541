"""What domain functions raise. `talk.api.errors` gives each class its status."""

from __future__ import annotations


class TalkError(Exception):
    """A refusal with a machine code for programs and a sentence for developers.

    `code` is a short English constant; `message` says what was wrong with the
    request, and is empty where more words would tell a stranger too much.
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
    """The caller is known but may not do this."""

    code = "not_allowed"


class Invalid(TalkError):
    """A value is missing or cannot be accepted."""

    code = "invalid"


class NotSupported(TalkError):
    """Rooms of this type have nothing of the kind."""

    code = "not_supported"


class Throttled(TalkError):
    """There were too many attempts; later ones may be answered again."""

    code = "throttled"


class TooLarge(TalkError):
    """A value is longer than the limit."""

    code = "too_large"


class PreconditionFailed(TalkError):
    """The request must prove something first, or its target is not of the right kind."""

    code = "precondition_failed"
