"""Gathering what readers are shown of rooms, with few queries for many of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from talk.constants import ACTIVE_SECONDS
from talk.domain.access import Caller
from talk.domain.display_names import names_in
from talk.exceptions import NotFound
from talk.models import (
    Message,
    Names,
    Participant,
    Room,
    Session,
    in_batches,
    live_since,
    load_accounts,
)

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@dataclass(kw_only=True, slots=True, eq=False)
class Member:
    """A user with all their sessions, or a guest with the live ones.

    Somebody who is in many rooms is one instance of `user` in all of them. There are
    many members in a list of rooms, and each has only what it is shown with.
    """

    pk: int
    """The participant's."""

    type: int
    user_pk: Any
    """Primary key of `user`; None for guests."""

    user: User | None
    guest_name: str
    """Display name of a guest; empty for users."""

    last_ping: datetime | None
    """The last sign of life of any session, ended ones included."""

    sessions: Sequence[Session]

    def live_sessions(self, now: datetime) -> list[Session]:
        """Return the sessions that are connected at `now`, the freshest first."""
        live = [session for session in self.sessions if session.is_live(now)]
        return sorted(live, key=lambda session: session.last_ping, reverse=True)


def member_of(participant: Participant, sessions: Sequence[Session]) -> Member:
    """Return a participant, selected with names, as a member; no query."""
    return Member(
        pk=participant.pk,
        type=participant.type,
        user_pk=participant.user_id,
        user=participant.user,
        guest_name=participant.guest.display_name
        if participant.guest is not None
        else "",
        last_ping=_last_ping(participant.last_seen, sessions),
        sessions=sessions,
    )


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
        return next((member for member in self.members if member.pk == own), None)

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
    members = {caller.room.pk: _members_of(caller, now)}
    (state,) = _describe([caller], members, room_ids=[caller.room.pk])
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
    return sorted(_members_of(caller, now), key=lambda member: member.user is None)


def list_rooms(*, user: User, device: str | None, now: datetime) -> list[RoomState]:
    """Gather all rooms of a user: favourites first, then the latest activity.

    Five queries for any number of rooms, and one when a last message names users.
    One-to-one rooms whose other account is gone are left out.

    API: Get user's rooms.
    """
    participants = Participant.objects.filter(user=user)
    callers = [
        Caller(user=user, device=device, room=participant.room, participant=participant)
        for participant in participants.select_related("room")
    ]
    room_ids = participants.values("room")
    states = _describe(callers, _members_by_room(room_ids, now), room_ids=room_ids)
    return sorted((state for state in states if state.is_whole), key=_list_order)


def _list_order(state: RoomState) -> tuple[bool, float, int]:
    activity = state.room.last_activity
    newest_first = -activity.timestamp() if activity is not None else 0.0
    return (not state.caller.participant.favorite, newest_first, state.room.pk)


def _describe(
    callers: Sequence[Caller],
    members: Mapping[int, list[Member]],
    *,
    room_ids: Iterable[int] | QuerySet[Any],
) -> list[RoomState]:
    """Gather the state of the callers' rooms; `room_ids` may be a subquery."""
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


def _is_connected(now: datetime) -> Exists:
    """Return the condition for participants that they have a live session."""
    return Exists(Session.objects.filter(participant=OuterRef("pk")).live(now))


def _last_ping(
    last_seen: datetime | None, sessions: Sequence[Session]
) -> datetime | None:
    pings = [session.last_ping for session in sessions]
    if last_seen is not None:
        pings.append(last_seen)
    return max(pings, default=None)


def _sessions(
    is_own: Q, room_ids: Iterable[int] | QuerySet[Any], now: datetime
) -> Mapping[int, Sequence[Session]]:
    """Return users' sessions, live ones of guests, and the caller's; by participant."""
    is_live = Q(last_ping__gt=live_since(now))
    is_shown = Q(participant__user__isnull=False) | is_live | is_own
    sessions: defaultdict[int, list[Session]] = defaultdict(list)
    for session in Session.objects.filter(is_shown, room__in=room_ids).order_by("pk"):
        sessions[session.participant_id].append(session)
    return sessions


def _members_of(caller: Caller, now: datetime) -> list[Member]:
    """Return users, guests who are connected, and the caller; two queries.

    Guests who are gone may be many, and no reader is told of them.
    """
    room_id, own = caller.room.pk, caller.participant.pk
    is_user, is_own = Q(user__isnull=False), Q(pk=own)
    participants = Participant.objects.filter(
        is_user | is_own | _is_connected(now), room=room_id
    )
    sessions = _sessions(Q(participant=own), [room_id], now)
    return [
        member_of(participant, sessions.get(participant.pk, ()))
        for participant in participants.with_names().order_by("pk")
    ]


def _members_by_room(
    room_ids: QuerySet[Any], now: datetime
) -> defaultdict[int, list[Member]]:
    """Return users and guests who are connected, by room; three queries.

    Most people are in many of somebody's rooms: each is loaded once.
    """
    sessions = _sessions(Q(), room_ids, now)
    is_shown = Q(user__isnull=False) | _is_connected(now)
    participants = Participant.objects.filter(is_shown, room__in=room_ids).order_by(
        "pk"
    )
    columns = ("room_id", "pk", "type", "user_id", "last_seen")
    rows = list(participants.values_list(*columns))
    # Whoever joins or is deleted from now on is not, or not any more, in the list.
    users = load_accounts(Participant.objects.filter(room__in=room_ids).values("user"))
    members: defaultdict[int, list[Member]] = defaultdict(list)
    for room_id, pk, type_, user_pk, last_seen in rows:
        user = users.get(user_pk)
        if user is None and user_pk is not None:
            continue
        own = sessions.get(pk, ())
        members[room_id].append(
            Member(
                pk=pk,
                type=type_,
                user_pk=user_pk,
                user=user,
                guest_name="",
                last_ping=_last_ping(last_seen, own) if own else last_seen,
                sessions=own,
            )
        )
    return members
