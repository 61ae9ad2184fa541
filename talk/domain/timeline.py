"""Writing to a room's timeline: the lock, the positions and the hint."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from talk import hints
from talk.domain import signaling_external
from talk.domain.access import Actor
from talk.domain.handover import hand_over_after_commit
from talk.domain.system_messages import MessageDraft
from talk.exceptions import NotFound
from talk.models import Message, Room, requires_transaction

if TYPE_CHECKING:
    from talk.models import Names


@requires_transaction
def append(
    *, room_id: int, actor: Actor, drafts: list[MessageDraft], now: datetime
) -> list[Message]:
    """Write lines to the end of a room's timeline, in order, and ring the doorbell.

    Part of the change that the lines tell about. The first statement locks the room
    by counting the lines. Positions and ids are taken under that lock, so nobody who
    reads "newer than n" can miss a line that commits late.

    Returns the messages, with ids where the database tells them.

    Raises:
        NotFound: the room was deleted meanwhile.

    API: Chat; all that is written there.
    """
    messages, token = _append(room_id, actor, drafts, now)
    _ring(messages[-1], token)
    return messages


def _append(
    room_id: int, actor: Actor, drafts: list[MessageDraft], now: datetime
) -> tuple[list[Message], str]:
    """Write lines; return the messages and the room's token."""
    comments = sum(draft.system_message is None for draft in drafts)
    counts = Room.objects.advance(
        room_id, messages=len(drafts), comments=comments, now=now
    )
    if counts is None:
        raise NotFound
    last_position, comment_count, token = counts
    position = last_position - len(drafts)
    count = comment_count - comments
    messages = []
    for draft in drafts:
        position += 1
        count += draft.system_message is None
        message = _message_of(room_id, draft, actor, now)
        message.position = position
        message.comment_count = count
        messages.append(message)
    if len(messages) == 1:
        messages[0].save(force_insert=True)
    else:
        Message.objects.bulk_create(messages)
    return messages, token


@requires_transaction
def append_comment(
    *,
    room_id: int,
    participant_pk: int,
    actor: Actor,
    text: str,
    names: Names,
    now: datetime,
) -> Message:
    """Write a comment to the end of a room's timeline, which its author has read.

    Locks the room as `append` does. One query on PostgreSQL, else three or four.
    `names` are the names of the users it mentions.

    Raises:
        NotFound: the room is gone, or the author is not in it any more.

    API: Sending a new chat message.
    """
    message = _message_of(room_id, MessageDraft(text=text), actor, now)
    token = Message.objects.insert_comment(message, participant_pk=participant_pk)
    if token is None:
        raise NotFound
    hand_over_after_commit(message, names)
    _ring(message, token)
    return message


def _message_of(
    room_id: int, draft: MessageDraft, actor: Actor, now: datetime
) -> Message:
    return Message(
        room_id=room_id,
        system_message=draft.system_message or "",
        text=draft.text,
        parameters=draft.parameters,
        actor_type=actor.type,
        actor_user=actor.user,
        actor_guest=actor.guest,
        created_at=now,
    )


def _ring(newest: Message, token: str) -> None:
    hints.record(room_id=newest.room_id, position=newest.position)
    signaling_external.tell_message(token=token)
