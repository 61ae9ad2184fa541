"""What is said in a room, and what counts as read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from talk import signals
from talk.constants import MESSAGE_MAX
from talk.domain.access import Caller
from talk.domain.guests import set_display_name
from talk.domain.names import Names, names_in
from talk.domain.news import announce
from talk.domain.text import require_text
from talk.domain.timeline import Line, append
from talk.exceptions import Invalid, NotFound, TooLarge
from talk.models import Message, Participant, Room, atomic

TRIMMED = " \t\n\r\0\x0b"
"""Trimmed at both ends of a message; other Unicode spaces stay."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """Messages that were read together.

    `names` are of those whom they speak about.
    """

    messages: list[Message]
    names: Names


@atomic
def post_message(
    *, caller: Caller, text: str, display_name: str = "", now: datetime
) -> Message:
    """Write what the caller says into the room and count it as read by them.

    `display_name`, when not empty, becomes the name of a guest; users keep theirs.

    Raises:
        Invalid: nothing is left after trimming, or a database cannot store it.
        TooLarge: more than 1,000 code points are left after trimming.
        NotFound: the room or the caller's place in it is gone.

    API: Sending a new chat message.
    """
    text = text.strip(TRIMMED)
    if not text:
        raise Invalid("The message is empty.")
    if len(text) > MESSAGE_MAX:
        raise TooLarge(f"The message is longer than {MESSAGE_MAX} characters.")
    require_text(text)
    (message,) = append(
        room_id=caller.room.pk,
        actor=caller.actor,
        lines=[Line(text=text)],
        now=now,
    )
    place = Participant.objects.filter(pk=caller.participant.pk)
    if not place.update(read_comments=message.comment_count):
        raise NotFound
    if caller.guest is not None and display_name:
        set_display_name(guest=caller.guest, display_name=display_name)
    announce(
        signals.message_posted, room=caller.room, actor=caller.actor, message=message
    )
    return message


def read_history(*, room_id: int, before: int, limit: int) -> Page:
    """Read the messages before an id, newest first; from the end for 0 or less.

    API: Receive chat messages, `lookIntoFuture=0`.
    """
    rows = Message.objects.filter(room=room_id).older(before)
    return _page(rows.with_actors()[:limit])


def read_newer(*, room_id: int, after: int, limit: int) -> Page:
    """Read the messages after an id, oldest first.

    API: Receive chat messages, `lookIntoFuture=1`.
    """
    rows = Message.objects.filter(room=room_id).newer(after)
    return _page(rows.with_actors()[:limit])


def newest_positions(*, room_ids: Iterable[int]) -> dict[int, int]:
    """Return the position of the newest message of each room; gone ones are left out.

    One query.
    """
    rows = Room.objects.filter(pk__in=room_ids)
    return dict(rows.values_list("pk", "last_position"))


def newest_position(*, room_id: int) -> int:
    """Return the position of a room's newest message.

    Raises:
        NotFound: the room is gone.
    """
    try:
        return newest_positions(room_ids=[room_id])[room_id]
    except KeyError:
        raise NotFound from None


def mark_read(*, caller: Caller) -> None:
    """Count everything as read that was in the room when the caller was resolved.

    Nothing is kept for guests, whose unread counters are always 0.

    API: `unreadMessages`, moved by asking for new messages.
    """
    seen = caller.room.comment_count
    if caller.user is not None and caller.participant.read_comments < seen:
        Participant.objects.raise_read_mark(caller.participant.pk, seen)


def _page(messages: Iterable[Message]) -> Page:
    found = list(messages)
    return Page(messages=found, names=names_in(found))
