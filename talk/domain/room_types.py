"""Changing the type of a room: one-to-one, group or public."""

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
    """Let everyone with the link join a locked room; return whether that is new.

    The two participants of a one-to-one room stay its owners, and may create another
    one-to-one room.

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
    """Make a locked public room a group room; return whether it was public.

    Guests, guest moderators and self-joined users are removed. The password is kept
    and applies again when the room becomes public.

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
    """Make a locked one-to-one room a group room; return whether it was one-to-one.

    API: Add a participant, "in case the room type changed".
    """
    if not room.is_one_to_one:
        return False
    _change(room, RoomType.GROUP, actor)
    return True


def _change(room: Room, new_type: RoomType, actor: Actor) -> None:
    old_type = RoomType(room.type)
    room.type = new_type
    # The two users may create another one-to-one room.
    room.pair_key = None
    Room.objects.filter(pk=room.pk).update(type=new_type, pair_key=None)
    events.record(
        events.RoomTypeChanged(room=room, actor=actor, old=old_type, new=new_type)
    )
