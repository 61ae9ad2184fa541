"""How polls end."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """How a poll ends. The values appear in the log and in the metrics."""

    ANSWERED = "answered"
    """There is news."""

    EXPIRED = "expired"
    """The timeout passes without news."""

    NOT_FOUND = "not_found"
    """The room, the participant or the session of the poll no longer exists."""

    LOGIN_ENDED = "login_ended"
    """A login of the account ends; the next poll is admitted again."""

    SUPERSEDED = "superseded"
    """The same session starts a newer poll."""

    DISCONNECTED = "disconnected"
    """The client closes the connection."""

    DRAINED = "drained"
    """The process stops."""

    REFUSED = "refused"
    """Too many polls wait already."""

    FAILED = "failed"
    """An error occurs."""

    def replaces(self, earlier: Outcome) -> bool:
        """Whether this outcome counts although another one came first.

        An outcome that only ends the wait gives way: news that is found at the same
        moment is still sent, and a removed participant still gets a 404. `NOT_FOUND`
        gives way to the news of a fetch that began before it, because a removed
        participant is to get the message about the removal. News gives way until it is
        sent if the login has ended or the client is gone.
        """
        if earlier in _ENDS_ONLY_THE_WAIT:
            return self not in _ENDS_ONLY_THE_WAIT
        if earlier is Outcome.NOT_FOUND:
            return self is Outcome.ANSWERED
        return earlier is Outcome.ANSWERED and self in _TAKES_NEWS_BACK


_ENDS_ONLY_THE_WAIT = frozenset(
    {Outcome.EXPIRED, Outcome.SUPERSEDED, Outcome.DRAINED, Outcome.REFUSED}
)

_TAKES_NEWS_BACK = frozenset({Outcome.LOGIN_ENDED, Outcome.DISCONNECTED})
