"""What kind of room it is: who may come, and who has to go when that changes."""

from __future__ import annotations

from datetime import datetime

from talk.constants import BY_LINK_TYPES, RoomType
from talk.domain import events
from talk.domain.access import Actor
from talk.domain.participant_removal import drop_participants
from talk.domain.system_messages import guests_allowed, guests_disallowed
from talk.domain.timeline import append
from talk.models import Participant, Room, on_write_database, requires_transaction


@requires_transaction
def make_public(*, room: Room, actor: Actor, now: datetime) -> bool:
    """Let everybody with the link join a locked room; tell whether that is new.

    A one-to-one room belongs to its pair no longer, who stay its owners.

    API: Allow guests in a room.
    """
    if room.is_public:
        return False
    draft = guests_allowed(old_type=RoomType(room.type))
    _change(room, RoomType.PUBLIC, actor)
    append(room_id=room.pk, actor=actor, drafts=[draft], now=now)
    return True


@requires_transaction
def make_private(*, room: Room, actor: Actor, now: datetime) -> bool:
    """Keep a locked room to those who were invited; tell whether that is new.

    Guests, guest moderators and self-joined users lose their places. The password
    is kept for the day on which the room is public again.

    API: Disallow guests in a room.
    """
    if not room.is_public:
        return False
    _change(room, RoomType.GROUP, actor)
    participants = Participant.objects.filter(room=room, type__in=BY_LINK_TYPES)
    by_link = list(on_write_database(participants.with_names().order_by("pk")))
    drop_participants(room=room, participants=by_link, actor=actor, now=now)
    draft = guests_disallowed(new_type=RoomType.GROUP)
    append(room_id=room.pk, actor=actor, drafts=[draft], now=now)
    return True


@requires_transaction
def make_group(*, room: Room, actor: Actor) -> bool:
    """Turn a locked one-to-one room into a group room; tell whether it was one.

    API: Add a participant, "in case the room type changed".
    """
    if not room.is_one_to_one:
        return False
    _change(room, RoomType.GROUP, actor)
    return True


def _change(room: Room, new_type: RoomType, actor: Actor) -> None:
    old_type = RoomType(room.type)
    room.type = new_type
    # The pair may have a new one-to-one room from now on.
    room.pair_key = None
    Room.objects.filter(pk=room.pk).update(type=new_type, pair_key=None)
    events.record(
        events.RoomTypeChanged(room=room, actor=actor, old=old_type, new=new_type)
    )
