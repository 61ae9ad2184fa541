"""Overviews of rooms for the admin: numbers of participants, and their names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Count

from talk.adapters import get_adapter
from talk.domain.room_details import ParticipantDetails, describe_participant
from talk.models import Participant, Room, Session

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@dataclass(frozen=True, kw_only=True)
class RoomOverview:
    """The numbers of a room's participants, live sessions, and participants in the call.

    `pair` holds the users of a one-to-one room; it is empty for other rooms.
    """

    participants: int = 0
    sessions: int = 0
    callers: int = 0
    pair: list[User] = field(default_factory=list)

    def title(self, room: Room) -> str:
        """Return the name of the room, else the names of its pair, else its token."""
        names = [get_adapter().display_name(user) for user in self.pair]
        return room.name or " – ".join(names) or room.token


def overviews_of(rooms: Collection[Room], *, now: datetime) -> dict[int, RoomOverview]:
    """Return an overview of each room on a page, by primary key.

    Three queries, and one more when there are one-to-one rooms.
    """
    keys = [room.pk for room in rooms]
    present = Participant.objects.filter(room__in=keys).order_by()
    live = Session.objects.filter(room__in=keys).live(now).order_by()
    count, distinct_count = Count("pk"), Count("participant", distinct=True)
    participants = dict(present.values_list("room").annotate(count=count))
    sessions = dict(live.values_list("room").annotate(count=count))
    callers = dict(live.in_call().values_list("room").annotate(count=distinct_count))
    pairs = _pairs([room.pk for room in rooms if room.is_one_to_one])
    return {
        key: RoomOverview(
            participants=participants.get(key, 0),
            sessions=sessions.get(key, 0),
            callers=callers.get(key, 0),
            pair=pairs[key],
        )
        for key in keys
    }


def list_participants(
    *, room: Room, limit: int, now: datetime
) -> list[tuple[Participant, ParticipantDetails]]:
    """Return the first `limit` participants of a room, connected ones first.

    Two queries.
    """
    participants = Participant.objects.filter(room=room).with_names()
    found = list(participants.present_first(now)[:limit])
    sessions: dict[int, list[Session]] = defaultdict(list)
    for session in Session.objects.filter(participant__in=found):
        sessions[session.participant_id].append(session)
    return [
        (participant, describe_participant(participant, sessions[participant.pk]))
        for participant in found
    ]


def _pairs(room_ids: Collection[int]) -> dict[int, list[User]]:
    users: dict[int, list[User]] = defaultdict(list)
    if room_ids:
        participants = Participant.objects.filter(room__in=room_ids, user__isnull=False)
        for participant in participants.with_names().order_by("pk"):
            if participant.user is not None:
                users[participant.room_id].append(participant.user)
    return users
