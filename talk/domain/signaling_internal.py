"""Internal signaling: what sessions of a room send each other, and who is there.

A message is taken when an answer is begun with it and deleted when that has left. An
answer that did not leave gives it back; what a process took with it when it died is
given out again after a while.
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
"""After this long nobody is sending any more what an answer was begun with."""

MESSAGES_MAX = 500
"""Messages of one answer; the next one has more."""


@dataclass(frozen=True, kw_only=True)
class ParsedMessage:
    """A message to a session of the room, as its sender wrote it."""

    recipient: str
    text: str


@dataclass(frozen=True, kw_only=True)
class SignalingUpdate:
    """What a session is told: messages in the order they came, and who is connected."""

    session_pk: int
    messages: list[SignalingMessage]
    sessions: list[Session]


def parse_messages(messages: Any, *, session_id: str) -> list[ParsedMessage]:
    """Return what a client wants to send; whatever makes no sense is left out.

    `messages` is JSON text or what it stands for. Only what claims to come from the
    client's own session counts; the sender is written into it whatever it says.

    API: internal signaling, POST.
    """
    found = []
    for element in _elements(messages):
        if element.get("ev") != "message" or element.get("sessionId") != session_id:
            continue
        payload = _decode(element.get("fn"))
        if isinstance(payload, dict) and _may_be_session_id(payload.get("to")):
            text = _encode({**payload, "from": session_id})
            if text is not None:
                found.append(ParsedMessage(recipient=payload["to"], text=text))
    return found


@atomic
def send_messages(*, caller: Caller, messages: Any, now: datetime) -> None:
    """Queue messages of the caller's session for other live sessions of the room.

    `messages` is what the client sent. What makes no sense, is too large, is for
    nobody who is connected here, or would make a queue too long is dropped: clients
    send again and again what is refused. Four queries for any number of messages.

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
    named = {item.recipient for item in small}
    rows = Session.objects.filter(room=sender.room_id, session_id__in=named).live(now)
    recipients = {
        row.session_id: row for row in on_write_database(rows.with_queue_length())
    }
    room_left = {
        session_id: SIGNALING_QUEUE_MAX - row.queue_length
        for session_id, row in recipients.items()
    }
    queued = []
    for item in small:
        recipient = recipients.get(item.recipient)
        if recipient is None or room_left[item.recipient] <= 0:
            continue
        room_left[item.recipient] -= 1
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
    """Take what is new for a session; None when nothing is, which costs one query.

    New is a message for it, and any change of who is connected, and how, since it was
    last told.

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
    """Return who is connected, for an answer to a session for which nothing came.

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
    """Return those of these sessions for which messages wait; one query."""
    rows = SignalingMessage.objects.filter(recipient__in=session_pks)
    waiting = on_write_database(rows.filter(taken_at__isnull=True))
    return set(waiting.values_list("recipient", flat=True).distinct())


def delete_sent_messages(*, update: SignalingUpdate) -> None:
    """Forget messages whose answer has left."""
    for some in in_batches([message.pk for message in update.messages]):
        SignalingMessage.objects.filter(pk__in=some).delete()


@atomic
def requeue_messages(*, update: SignalingUpdate) -> None:
    """Have told again what an answer was begun with that did not leave.

    Whoever has asked meanwhile and found nothing is rung.
    """
    session = Session.objects.filter(pk=update.session_pk)
    if not session.update(seen_presence_version=0):
        return
    for some in in_batches([message.pk for message in update.messages]):
        SignalingMessage.objects.filter(pk__in=some).update(taken_at=None)
    room_id = on_write_database(session).values_list("room_id", flat=True).get()
    events.record(
        events.SignalingQueued(room_id=room_id, session_pks=[update.session_pk])
    )


@atomic
def _take(*, session_pk: int, now: datetime) -> SignalingUpdate:
    # Two answers to one session take one after the other, and not the same.
    own = Session.objects.filter(pk=session_pk)
    own.update(seen_presence_version=F("seen_presence_version"))
    session = on_write_database(own.with_rooms()).first()
    if session is None:
        raise NotFound
    own.update(seen_presence_version=session.room.presence_version)
    queue = SignalingMessage.objects.filter(recipient=session_pk)
    messages = list(on_write_database(queue.untaken(_taken_since(now)))[:MESSAGES_MAX])
    for some in in_batches([message.pk for message in messages]):
        SignalingMessage.objects.filter(pk__in=some).update(taken_at=now)
    sessions = connected_sessions(room_id=session.room_id, now=now)
    return SignalingUpdate(session_pk=session_pk, messages=messages, sessions=sessions)


def _taken_since(now: datetime) -> datetime:
    return now - timedelta(seconds=TAKEN_SECONDS)


def _may_be_session_id(value: Any) -> bool:
    return isinstance(value, str) and value.isascii() and value.isalnum()


def _encode(payload: dict[str, Any]) -> str | None:
    """Return the JSON text; None for numbers that browsers would not read in it."""
    try:
        return json.dumps(payload, separators=(",", ":"), allow_nan=False)
    except (ValueError, RecursionError):
        return None


def _elements(messages: Any) -> Iterable[dict[str, Any]]:
    decoded = _decode(messages) if isinstance(messages, str) else messages
    elements = decoded if isinstance(decoded, list) else []
    return [element for element in elements if isinstance(element, dict)]


def _decode(text: Any) -> Any:
    """Return what JSON text stands for; None for what is none."""
    if not isinstance(text, str):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
