"""Messages: posting comments, and reading pages of a room's timeline."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from talk.constants import MESSAGE_LENGTH_MAX, MESSAGES_LIMIT_MAX
from talk.domain import events
from talk.domain.access import Caller
from talk.domain.display_names import names_in, names_of
from talk.domain.guests import set_display_name
from talk.domain.mentions import find_mentioned, note_mentions
from talk.domain.text import require_text
from talk.domain.timeline import append_comment
from talk.exceptions import Invalid, TooLarge
from talk.models import Message, Names, atomic, on_write_database

if TYPE_CHECKING:
    from django.contrib.auth.models import User

TRIMMED = " \t\n\r\0\x0b"
"""Removed from both ends of a message; other Unicode spaces stay."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """Messages that were read together.

    `names` are the display names of users and guests that they mention or describe.
    """

    messages: list[Message]
    names: Names


def post_message(
    *, caller: Caller, text: str, display_name: str = "", now: datetime
) -> Page:
    """Post a comment and count it as read by the caller.

    Returns the message with the names of the users it mentions. `display_name`, if it
    is not empty, becomes the name of a guest; users keep theirs.

    Raises:
        Invalid: the text is empty after trimming, or has characters that cannot be
            stored.
        TooLarge: the text has more than 1,000 code points after trimming.
        NotFound: the room is gone, or the caller is no longer a participant.

    API: Sending a new chat message.
    """
    text = text.strip(TRIMMED)
    if not text:
        raise Invalid("The message is empty.")
    if len(text) > MESSAGE_LENGTH_MAX:
        raise TooLarge(f"The message is longer than {MESSAGE_LENGTH_MAX} characters.")
    require_text(text)
    mentioned = find_mentioned(text)
    names = names_of(mentioned)
    message = _write(
        caller=caller,
        text=text,
        mentioned=mentioned,
        names=names,
        display_name=display_name,
        now=now,
    )
    return Page(messages=[message], names=names)


@atomic
def _write(
    *,
    caller: Caller,
    text: str,
    mentioned: Sequence[User],
    names: Names,
    display_name: str,
    now: datetime,
) -> Message:
    message = append_comment(
        room_id=caller.room.pk,
        participant_pk=caller.participant.pk,
        actor=caller.actor,
        text=text,
        now=now,
    )
    events.record(
        events.CommentPosted(
            room=caller.room, actor=caller.actor, message=message, names=names
        )
    )
    if mentioned:
        note_mentions(message=message, users=mentioned)
    if caller.guest is not None and display_name:
        set_display_name(
            guest=caller.guest, room_id=caller.room.pk, display_name=display_name
        )
    return message


def read_history(*, room_id: int, before: int, limit: int) -> Page:
    """Read the messages before an id, newest first; from the newest for 0 or less.

    API: Receive chat messages, `lookIntoFuture=0`.
    """
    rows = Message.objects.filter(room=room_id).older(before)
    return page_of(rows.with_actors()[:limit])


def read_newer(*, room_id: int, after: int, limit: int) -> Page:
    """Read the messages after an id, oldest first.

    API: Receive chat messages, `lookIntoFuture=1`.
    """
    rows = Message.objects.filter(room=room_id).newer(after)
    return page_of(rows.with_actors()[:limit])


def read_on(*, room_id: int, after: int) -> Page:
    """Read the messages after the newest known one, oldest first.

    Reads the database that was written to, because a hint has announced messages. At
    most as many as one response may hold.
    """
    rows = on_write_database(Message.objects.filter(room=room_id).newer(after))
    return page_of(rows.with_actors()[:MESSAGES_LIMIT_MAX])


def page_of(messages: Iterable[Message]) -> Page:
    """Return messages, which were read `with_actors`, as a page."""
    listed = list(messages)
    return Page(messages=listed, names=names_in(listed))
