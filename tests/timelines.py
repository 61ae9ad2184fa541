"""Long timelines, inserted at once and without the code under test."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils import timezone

from talk.constants import ActorType
from talk.models import Message, Room

ADVANCE = 2 if connection.vendor == "mysql" else 1
"""Queries of `advance`; an UPDATE of MariaDB cannot return rows."""

SAY = 1 if connection.vendor == "postgresql" else ADVANCE + 2
"""Queries of `insert_comment`."""


def write(
    token: str, texts: Sequence[str], *, user: Any, now: datetime | None = None
) -> list[int]:
    """Insert comments by `user` into a room; return their ids, oldest first."""
    now = now or timezone.now()
    room = Room.objects.get(token=token)
    messages = [
        Message(
            room=room,
            position=room.last_position + number,
            comment_count=room.comment_count + number,
            text=text,
            actor_type=ActorType.USERS,
            actor_user=user,
            created_at=now,
        )
        for number, text in enumerate(texts, start=1)
    ]
    Message.objects.bulk_create(messages)
    room.last_position += len(messages)
    room.comment_count += len(messages)
    room.last_activity = now
    room.save()
    return [message.pk for message in messages]


def ids_of(token: str) -> list[int]:
    """Return the ids of all messages of a room, oldest first."""
    rows = Message.objects.filter(room__token=token)
    return list(rows.order_by("pk").values_list("pk", flat=True))
