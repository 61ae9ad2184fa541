"""Gathering what readers are shown of rooms, with few queries for many of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from talk.constants import ACTIVE_SECONDS
from talk.domain.access import Caller
from talk.domain.names import Names, names_in
from talk.exceptions import NotFound
from talk.models import (
    Message,
    Participant,
    Room,
    Session,
    in_batches,
    live_since,
)

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@dataclass(frozen=True, kw_only=True)
class Member:
    """A user with all their sessions, or a guest with the live ones."""

    participant: Participant
    sessions: list[Session]

    @cached_property
    def last_ping(self) -> datetime | None:
        """The last sign of life of any session, ended ones included."""
        pings = [session.last_ping for session in self.sessions]
        if self.participant.last_seen is not None:
            pings.append(self.participant.last_seen)
        return max(pings, default=None)

    def live_sessions(self, now: datetime) -> list[Session]:
        """Return the sessions that are connected at `now`, the freshest first."""
        live = [session for session in self.sessions if session.is_live(now)]
        return sorted(live, key=lambda session: session.last_ping, reverse=True)


@dataclass(frozen=True, kw_only=True)
class RoomState:
    """A room with all that a participant is shown of it.

    `names` are of those whom `last_message` speaks about.
    """

    caller: Caller
    members: list[Member]
    last_message: Message | None
    names: Names

    @property
    def room(self) -> Room:
        """The room."""
        return self.caller.room

    @cached_property
    def own_member(self) -> Member | None:
        """The caller among the members; None if they have just left."""
        own = self.caller.participant.pk
        return next((m for m in self.members if m.participant.pk == own), None)

    def own_sessions(self, now: datetime) -> list[Session]:
        """Return the caller's live session on this device, or else all live ones.

        The first one is what the caller is told to be their own.
        """
        member = self.own_member
        live = member.live_sessions(now) if member is not None else []
        device = self.caller.device
        here = [session for session in live if device and session.device == device]
        return here or live

    @property
    def is_whole(self) -> bool:
        """Whether a one-to-one room still has both of its users."""
        return not self.room.is_one_to_one or len(self.members) == 2


@dataclass(frozen=True, kw_only=True)
class RoomPreview:
    """A public room with what strangers are shown of it."""

    room: Room
    active_count: int


def describe_room(*, caller: Caller, now: datetime) -> RoomState:
    """Gather what the caller is shown of their room.

    Three queries, and one when the last message names users.

    Raises:
        NotFound: it is a one-to-one room and the other account is gone.

    API: Get single room.
    """
    (state,) = _describe([caller], room_ids=[caller.room.pk], now=now)
    if not state.is_whole:
        raise NotFound
    return state


def preview_room(*, room: Room, now: datetime) -> RoomPreview:
    """Gather what somebody is shown who has not joined a public room; one query.

    API: Get single room (also for guests).
    """
    since = now - timedelta(seconds=ACTIVE_SECONDS)
    is_active = Q(last_seen__gt=since) | Q(sessions__last_ping__gt=since)
    active = Participant.objects.filter(is_active, room=room).values("pk").distinct()
    return RoomPreview(room=room, active_count=active.count())


def list_members(*, caller: Caller, now: datetime) -> list[Member]:
    """Gather who is in the caller's room: users, then guests who are connected.

    Two queries.

    API: Get list of participants in a room.
    """
    own = [caller.participant.pk] if caller.guest is not None else []
    members = _members_by_room([caller.room.pk], own, now)[caller.room.pk]
    return sorted(members, key=lambda member: member.participant.is_guest)


def list_rooms(*, user: User, device: str | None, now: datetime) -> list[RoomState]:
    """Gather all rooms of a user: favourites first, then the latest activity.

    Four queries for any number of rooms, and one when a last message names users.
    One-to-one rooms whose other account is gone are left out.

    API: Get user's rooms.
    """
    places = Participant.objects.filter(user=user)
    callers = [
        Caller(user=user, device=device, room=place.room, participant=place)
        for place in places.select_related("room", "user")
    ]
    states = _describe(callers, room_ids=places.values("room"), now=now)
    return sorted((state for state in states if state.is_whole), key=_list_order)


def _list_order(state: RoomState) -> tuple[bool, float, int]:
    activity = state.room.last_activity
    newest_first = -activity.timestamp() if activity is not None else 0.0
    return (not state.caller.participant.favorite, newest_first, state.room.pk)


def _describe(
    callers: Sequence[Caller],
    *,
    room_ids: Iterable[int] | QuerySet[Any],
    now: datetime,
) -> list[RoomState]:
    """Gather the state of the callers' rooms; `room_ids` may be a subquery."""
    guests = [caller.participant.pk for caller in callers if caller.guest is not None]
    members = _members_by_room(room_ids, guests, now)
    last_messages = _last_messages([caller.room for caller in callers], room_ids)
    names = names_in(last_messages.values())
    return [
        RoomState(
            caller=caller,
            members=members[caller.room.pk],
            last_message=last_messages.get(caller.room.pk),
            names=names,
        )
        for caller in callers
    ]


def _last_messages(
    rooms: Sequence[Room], room_ids: Iterable[int] | QuerySet[Any]
) -> dict[int, Message]:
    """Return the newest message of each room that has one.

    One query, and one where a room's last message was deleted.
    """
    newest = Message.objects.filter(room__in=room_ids).newest_of_each_room()
    found = {message.room_id: message for message in newest.with_actors()}
    bare = [room.pk for room in rooms if room.last_position and room.pk not in found]
    for some in in_batches(bare):
        left = Message.objects.newest_left(some).with_actors()
        found |= {message.room_id: message for message in left}
    return found


def _members_by_room(
    room_ids: Iterable[int] | QuerySet[Any], guests: Sequence[int], now: datetime
) -> dict[int, list[Member]]:
    """Return users, guests who are connected, and the `guests` who ask, by room.

    Guests who are gone may be many, and no reader is told of them.
    """
    is_live = Q(last_ping__gt=live_since(now))
    is_shown = Q(participant__user__isnull=False) | Q(participant__in=guests) | is_live
    sessions: dict[int, list[Session]] = defaultdict(list)
    for session in Session.objects.filter(is_shown, room__in=room_ids).order_by("pk"):
        sessions[session.participant_id].append(session)
    own_live = Session.objects.filter(is_live, participant=OuterRef("pk"))
    is_member = Q(user__isnull=False) | Q(pk__in=guests) | Exists(own_live)
    places = Participant.objects.filter(is_member, room__in=room_ids)
    members: dict[int, list[Member]] = defaultdict(list)
    for place in places.with_names().order_by("pk"):
        member = Member(participant=place, sessions=sessions[place.pk])
        members[place.room_id].append(member)
    return members
