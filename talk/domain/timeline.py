"""Adding messages to a room's timeline: the lock, the positions and the event."""

from __future__ import annotations

from datetime import datetime

from talk.domain import events
from talk.domain.access import Actor
from talk.domain.system_messages import MessageDraft
from talk.exceptions import NotFound
from talk.models import Message, Room, requires_transaction


@requires_transaction
def append(
    *, room_id: int, actor: Actor, drafts: list[MessageDraft], now: datetime
) -> list[Message]:
    """Add messages to the end of a room's timeline, in order.

    To be called in the transaction of the change that the messages describe. The first
    statement locks the room by counting the messages. Positions and ids are assigned
    under that lock, so a client that reads "newer than n" misses no message that
    commits late.

    Returns the messages, with ids where the database returns them.

    Raises:
        NotFound: the room was deleted meanwhile.

    API: Chat, all messages.
    """
    messages, token = _append(room_id, actor, drafts, now)
    position = messages[-1].position
    events.record(
        events.MessagesAppended(room_id=room_id, token=token, position=position)
    )
    return messages


def _append(
    room_id: int, actor: Actor, drafts: list[MessageDraft], now: datetime
) -> tuple[list[Message], str]:
    """Insert messages; return them and the room's token."""
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
    now: datetime,
) -> Message:
    """Add a comment to the end of a room's timeline, and move its author's read marker.

    Locks the room as `append` does. One query on PostgreSQL, else three or four. The
    caller records `CommentPosted`.

    Raises:
        NotFound: the room is gone, or the author is not in it any more.

    API: Sending a new chat message.
    """
    message = _message_of(room_id, MessageDraft(text=text), actor, now)
    if Message.objects.insert_comment(message, participant_pk=participant_pk) is None:
        raise NotFound
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
