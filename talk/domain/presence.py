"""Presence: what requests for new messages tell about sessions and read markers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from talk.domain.access import Caller
from talk.models import Participant, Session


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadMark:
    """The comment count of the room up to which a participant has read."""

    participant_pk: int
    comments: int


def present_sessions(*, caller: Caller, now: datetime) -> tuple[int, ...]:
    """Return the keys of the sessions that a request for messages keeps alive.

    That is the session of the caller's device. A user's request without a device keeps
    all live sessions of the user in the room alive, which costs a query.

    API: `lastPing`, refreshed by asking for messages.
    """
    if caller.session_pk is not None:
        return (caller.session_pk,)
    if caller.device is None:
        live = Session.objects.filter(participant=caller.participant).live(now)
        return tuple(live.values_list("pk", flat=True))
    return ()


def ping_sessions(*, pks: Sequence[int], now: datetime) -> None:
    """Set the last ping of sessions to `now`. No query for no sessions.

    API: `lastPing`, refreshed while a long poll waits.
    """
    Session.objects.ping(pks, now)


def raise_read_markers(comment_counts: Mapping[int, int]) -> set[int]:
    """Move the read markers of participants forward, never back.

    `comment_counts` are the counts up to which they have read, by participant. Returns
    the participants whose row another transaction has locked; try them again.

    API: `unreadMessages`.
    """
    return Participant.objects.raise_read_markers(comment_counts)
