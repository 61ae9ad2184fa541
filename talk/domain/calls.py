"""Calls: when the running one is over."""

from __future__ import annotations

from datetime import datetime

from talk.adapters import get_adapter
from talk.domain.actors import Actor
from talk.domain.system_messages import call_ended
from talk.domain.timeline import append
from talk.models import CallAttendance, Room, Session, primary, requires_transaction


@requires_transaction
def end_if_empty(*, room: Room, now: datetime) -> bool:
    """End the room's call when nobody is in it any more; tell whether it did.

    To be called under the room's lock, after anything that may have taken somebody
    out of the call. Who took part is summed up in the timeline, unless that was one
    user alone, or guests alone.

    One query while a call goes on, none when there is no call.

    API: System messages, `call_ended`.
    """
    if room.active_since is None:
        return False
    sessions = Session.objects.filter(room=room).live(now).in_call()
    if primary(sessions).exists():
        return False
    started = room.active_since
    attended = primary(CallAttendance.objects.filter(room=room))
    users = sorted(
        (row.user for row in attended.select_related("user") if row.user is not None),
        key=get_adapter().user_id,
    )
    guests = attended.filter(guest__isnull=False).count()
    attended.delete()
    room.active_since = None
    Room.objects.filter(pk=room.pk).update(active_since=None)
    if len(users) + min(guests, 1) >= 2:
        line = call_ended(
            user_ids=[get_adapter().user_id(user) for user in users],
            guests=guests,
            seconds=int((now - started).total_seconds()),
        )
        append(room_id=room.pk, actor=Actor(user=users[0]), lines=[line], now=now)
    return True
