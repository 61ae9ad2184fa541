"""Internal signaling: messages between the sessions of a room.

A message is marked as taken when it becomes part of a response, and deleted when the
response was sent. If it could not be sent, the message is queued again. If the process
died, the message is given to the next poll after `TAKEN_SECONDS`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F

from talk.constants import SIGNALING_MESSAGE_MAX, SIGNALING_QUEUE_MAX
from talk.domain import events
from talk.domain.access import Caller
from talk.exceptions import NotFound
from talk.models import Session, SignalingMessage, atomic, in_batches, on_write_database

TAKEN_SECONDS = 30
"""After this time a response is no longer being sent."""

MESSAGES_MAX = 500
"""Messages in one response; the next response has the rest."""


@dataclass(frozen=True, kw_only=True)
class ParsedMessage:
    """A message to a session of the room, as its sender wrote it."""

    recipient: str
    text: str


@dataclass(frozen=True, kw_only=True)
class SignalingUpdate:
    """Messages for a session, in the order they came, and the room's live sessions."""

    session_pk: int
    messages: list[SignalingMessage]
    sessions: list[Session]


def parse_messages(messages: Any, *, session_id: str) -> list[ParsedMessage]:
    """Return the valid ones of the messages that a client wants to send.

    `messages` is JSON text, or decoded JSON. A message must name the client's own
    session as its sender. The sender inside the payload is overwritten.

    API: internal signaling, POST.
    """
    parsed = []
    for element in _elements(messages):
        if element.get("ev") != "message" or element.get("sessionId") != session_id:
            continue
        payload = _decode(element.get("fn"))
        if isinstance(payload, dict) and _may_be_session_id(payload.get("to")):
            text = _encode({**payload, "from": session_id})
            if text is not None:
                parsed.append(ParsedMessage(recipient=payload["to"], text=text))
    return parsed


@atomic
def send_messages(*, caller: Caller, messages: Any, now: datetime) -> None:
    """Queue messages of the caller's session for other live sessions of the room.

    `messages` comes from the client. Messages that are invalid or too large, and
    messages to sessions that are not connected or have a full queue, are dropped,
    because clients send refused messages again and again. Four queries for any number
    of messages.

    API: internal signaling, POST.
    """
    if caller.session_pk is None:
        return
    sender = on_write_database(Session.objects.filter(pk=caller.session_pk)).first()
    if sender is None:
        return
    parsed = parse_messages(messages, session_id=sender.session_id)
    small = [item for item in parsed if len(item.text) <= SIGNALING_MESSAGE_MAX]
    if not small:
        return
    recipient_ids = {item.recipient for item in small}
    rows = Session.objects.filter(
        room=sender.room_id, session_id__in=recipient_ids
    ).live(now)
    recipients = {
        row.session_id: row for row in on_write_database(rows.with_queue_length())
    }
    free = {
        session_id: SIGNALING_QUEUE_MAX - row.queue_length
        for session_id, row in recipients.items()
    }
    queued = []
    for item in small:
        recipient = recipients.get(item.recipient)
        if recipient is None or free[item.recipient] <= 0:
            continue
        free[item.recipient] -= 1
        queued.append(
            SignalingMessage(
                recipient=recipient,
                sender_session_id=sender.session_id,
                text=item.text,
                created_at=now,
            )
        )
    SignalingMessage.objects.bulk_create(queued)
    if queued:
        session_pks = sorted({message.recipient_id for message in queued})
        events.record(
            events.SignalingQueued(room_id=sender.room_id, session_pks=session_pks)
        )


def take_update(*, session_pk: int, now: datetime) -> SignalingUpdate | None:
    """Take the queued messages of a session, and read the room's sessions.

    Returns None, after one query, if there are no messages and the room's
    `presence_version` is the one that the session has seen.

    Raises:
        NotFound: the session has ended.

    API: internal signaling, GET.
    """
    rows = Session.objects.filter(pk=session_pk).with_rooms()
    session = on_write_database(rows.with_untaken(_taken_since(now))).first()
    if session is None:
        raise NotFound
    if (
        not session.has_untaken
        and session.room.presence_version <= session.seen_presence_version
    ):
        return None
    return _take(session_pk=session_pk, now=now)


def read_presence(*, session_pk: int, now: datetime) -> SignalingUpdate:
    """Return the room's sessions, for a poll of a session that got nothing new.

    Raises:
        NotFound: the session has ended.

    API: internal signaling, GET, `usersInRoom`.
    """
    session = on_write_database(Session.objects.filter(pk=session_pk)).first()
    if session is None:
        raise NotFound
    sessions = connected_sessions(room_id=session.room_id, now=now)
    return SignalingUpdate(session_pk=session_pk, messages=[], sessions=sessions)


def connected_sessions(*, room_id: int, now: datetime) -> list[Session]:
    """Return the live sessions of a room, in the call or not; one query.

    API: internal signaling, `usersInRoom`.
    """
    sessions = Session.objects.filter(room=room_id).live(now).with_participants()
    return list(on_write_database(sessions.order_by("pk")))


def sessions_with_queued_messages(*, session_pks: Sequence[int]) -> set[int]:
    """Return those of the sessions that have untaken messages; one query."""
    rows = SignalingMessage.objects.filter(recipient__in=session_pks)
    untaken = on_write_database(rows.filter(taken_at__isnull=True))
    return set(untaken.values_list("recipient", flat=True).distinct())


def delete_sent_messages(*, update: SignalingUpdate) -> None:
    """Delete messages whose response was sent."""
    for batch in in_batches([message.pk for message in update.messages]):
        SignalingMessage.objects.filter(pk__in=batch).delete()


@atomic
def requeue_messages(*, update: SignalingUpdate) -> None:
    """Put the messages of a response that was not sent back into the queue.

    Wakes a poll that has found nothing meanwhile.
    """
    session = Session.objects.filter(pk=update.session_pk)
    if not session.update(seen_presence_version=0):
        return
    for batch in in_batches([message.pk for message in update.messages]):
        SignalingMessage.objects.filter(pk__in=batch).update(taken_at=None)
    room_id = on_write_database(session).values_list("room_id", flat=True).get()
    events.record(
        events.SignalingQueued(room_id=room_id, session_pks=[update.session_pk])
    )


@atomic
def _take(*, session_pk: int, now: datetime) -> SignalingUpdate:
    # The update locks the session, so that two polls do not take the same messages.
    rows = Session.objects.filter(pk=session_pk)
    rows.update(seen_presence_version=F("seen_presence_version"))
    session = on_write_database(rows.with_rooms()).first()
    if session is None:
        raise NotFound
    rows.update(seen_presence_version=session.room.presence_version)
    queue = SignalingMessage.objects.filter(recipient=session_pk)
    messages = list(on_write_database(queue.untaken(_taken_since(now)))[:MESSAGES_MAX])
    for batch in in_batches([message.pk for message in messages]):
        SignalingMessage.objects.filter(pk__in=batch).update(taken_at=now)
    sessions = connected_sessions(room_id=session.room_id, now=now)
    return SignalingUpdate(session_pk=session_pk, messages=messages, sessions=sessions)


def _taken_since(now: datetime) -> datetime:
    return now - timedelta(seconds=TAKEN_SECONDS)


def _may_be_session_id(value: Any) -> bool:
    return isinstance(value, str) and value.isascii() and value.isalnum()


def _encode(payload: dict[str, Any]) -> str | None:
    """Return the JSON text; None if it has numbers that browsers cannot read."""
    try:
        return json.dumps(payload, separators=(",", ":"), allow_nan=False)
    except (ValueError, RecursionError):
        return None


def _elements(messages: Any) -> Iterable[dict[str, Any]]:
    decoded = _decode(messages) if isinstance(messages, str) else messages
    elements = decoded if isinstance(decoded, list) else []
    return [element for element in elements if isinstance(element, dict)]


def _decode(text: Any) -> Any:
    """Return decoded JSON text; None if it is not JSON."""
    if not isinstance(text, str):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
