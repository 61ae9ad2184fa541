"""Bringing people into a room."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from talk.adapters import get_adapter
from talk.constants import ParticipantType
from talk.domain.system_messages import user_added
from talk.domain.timeline import Actor, append
from talk.models import Participant, Room, requires_transaction

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@requires_transaction
def add_users(
    *,
    room: Room,
    actor: User,
    users: Sequence[User],
    type: ParticipantType,
    now: datetime,
) -> None:
    """Give users who are not in the room a place, and say so for all but the actor.

    `room` was created or locked in the same transaction. New members start with
    everything read.

    API: System messages, `user_added`.
    """
    Participant.objects.bulk_create(
        Participant(room=room, user=user, type=type, read_comments=room.comment_count)
        for user in users
    )
    adapter = get_adapter()
    lines = [user_added(adapter.user_id(user)) for user in users if user != actor]
    if lines:
        append(room_id=room.pk, actor=Actor(user=actor), lines=lines, now=now)
