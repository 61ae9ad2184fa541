"""The details of rooms that clients are shown, read with few queries."""

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
class ParticipantDetails:
    """A participant with sessions: all of a user's, the live ones of a guest.

    Holds only what is shown, because a list of rooms has many of them. A user who is in
    several of these rooms is one instance of `user`.
    """

    pk: int
    """Primary key of the participant."""

    type: int
    user_pk: Any
    """Primary key of `user`; None for guests."""

    user: User | None
    guest_name: str
    """Display name of a guest; empty for users."""

    last_ping: datetime | None
    """The newest ping of all sessions, including ended ones."""

    sessions: Sequence[Session]

    def live_sessions(self, now: datetime) -> list[Session]:
        """Return the sessions that are live at `now`, newest ping first."""
        live = [session for session in self.sessions if session.is_live(now)]
        return sorted(live, key=lambda session: session.last_ping, reverse=True)


def describe_participant(
    participant: Participant, sessions: Sequence[Session]
) -> ParticipantDetails:
    """Return the details of a participant that was read with names; no query."""
    return ParticipantDetails(
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
class RoomDetails:
    """A room with everything that a participant is shown of it.

    `names` are the display names for `last_message`.
    """

    caller: Caller
    participants: list[ParticipantDetails]
    last_message: Message | None
    names: Names

    @property
    def room(self) -> Room:
        """The room."""
        return self.caller.room

    @cached_property
    def own_participant(self) -> ParticipantDetails | None:
        """The caller among the participants; None if removed a moment ago."""
        own_pk = self.caller.participant.pk
        return next((found for found in self.participants if found.pk == own_pk), None)

    def own_sessions(self, now: datetime) -> list[Session]:
        """Return the caller's live session on this device, or else all live ones.

        The room object names the first of them as the caller's own.
        """
        participant = self.own_participant
        live = participant.live_sessions(now) if participant is not None else []
        device = self.caller.device
        on_device = [session for session in live if device and session.device == device]
        return on_device or live

    @property
    def has_pair(self) -> bool:
        """Whether both users are there, if this is a one-to-one room."""
        return not self.room.is_one_to_one or len(self.participants) == 2


@dataclass(frozen=True, kw_only=True)
class RoomPreview:
    """A public room with everything that non-participants are shown of it."""

    room: Room
    active_count: int


def describe_room(*, caller: Caller, now: datetime) -> RoomDetails:
    """Return the details of the caller's room.

    Three queries, and one more when the last message refers to users.

    Raises:
        NotFound: it is a one-to-one room and the other account is gone.

    API: Get single room.
    """
    participants = {caller.room.pk: _participants_of(caller, now)}
    (details,) = _describe([caller], participants, room_ids=[caller.room.pk])
    if not details.has_pair:
        raise NotFound
    return details


def preview_room(*, room: Room, now: datetime) -> RoomPreview:
    """Return what non-participants are shown of a public room; one query.

    API: Get single room (also for guests).
    """
    since = now - timedelta(seconds=ACTIVE_SECONDS)
    is_active = Q(last_seen__gt=since) | Q(sessions__last_ping__gt=since)
    active = Participant.objects.filter(is_active, room=room).values("pk").distinct()
    return RoomPreview(room=room, active_count=active.count())


def list_participants(*, caller: Caller, now: datetime) -> list[ParticipantDetails]:
    """Return the participants of the caller's room: users, then connected guests.

    Two queries.

    API: Get list of participants in a room.
    """
    participants = _participants_of(caller, now)
    return sorted(participants, key=lambda participant: participant.user is None)


def list_rooms(*, user: User, device: str | None, now: datetime) -> list[RoomDetails]:
    """Return all rooms of a user: favourites first, then by latest activity.

    Five queries for any number of rooms, and one more when a last message refers to
    users.
    One-to-one rooms whose other account is gone are left out.

    API: Get user's rooms.
    """
    participants = Participant.objects.filter(user=user)
    callers = [
        Caller(user=user, device=device, room=participant.room, participant=participant)
        for participant in participants.select_related("room")
    ]
    room_ids = participants.values("room")
    found = _describe(callers, _participants_by_room(room_ids, now), room_ids=room_ids)
    return sorted((details for details in found if details.has_pair), key=_list_order)


def _list_order(details: RoomDetails) -> tuple[bool, float, int]:
    activity = details.room.last_activity
    newest_first = -activity.timestamp() if activity is not None else 0.0
    return (not details.caller.participant.favorite, newest_first, details.room.pk)


def _describe(
    callers: Sequence[Caller],
    participants: Mapping[int, list[ParticipantDetails]],
    *,
    room_ids: Iterable[int] | QuerySet[Any],
) -> list[RoomDetails]:
    """Return the details of the callers' rooms; `room_ids` may be a subquery."""
    last_messages = _last_messages([caller.room for caller in callers], room_ids)
    names = names_in(last_messages.values())
    return [
        RoomDetails(
            caller=caller,
            participants=participants[caller.room.pk],
            last_message=last_messages.get(caller.room.pk),
            names=names,
        )
        for caller in callers
    ]


def _last_messages(
    rooms: Sequence[Room], room_ids: Iterable[int] | QuerySet[Any]
) -> dict[int, Message]:
    """Return the newest message of each room that has one.

    One query, and one more when a room's last message was deleted.
    """
    newest = Message.objects.filter(room__in=room_ids).newest_of_each_room()
    found = {message.room_id: message for message in newest.with_actors()}
    missing = [room.pk for room in rooms if room.last_position and room.pk not in found]
    for batch in in_batches(missing):
        remaining = Message.objects.newest_left(batch).with_actors()
        found |= {message.room_id: message for message in remaining}
    return found


def _is_connected(now: datetime) -> Exists:
    """Return the condition that a participant has a live session."""
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
    """Return the sessions of users, the live ones of guests, and the caller's.

    They are grouped by participant.
    """
    is_live = Q(last_ping__gt=live_since(now))
    is_shown = Q(participant__user__isnull=False) | is_live | is_own
    sessions: defaultdict[int, list[Session]] = defaultdict(list)
    for session in Session.objects.filter(is_shown, room__in=room_ids).order_by("pk"):
        sessions[session.participant_id].append(session)
    return sessions


def _participants_of(caller: Caller, now: datetime) -> list[ParticipantDetails]:
    """Return users, connected guests, and the caller; two queries.

    Disconnected guests may be many, and are not shown.
    """
    room_id, own_pk = caller.room.pk, caller.participant.pk
    is_user, is_own = Q(user__isnull=False), Q(pk=own_pk)
    participants = Participant.objects.filter(
        is_user | is_own | _is_connected(now), room=room_id
    )
    sessions = _sessions(Q(participant=own_pk), [room_id], now)
    return [
        describe_participant(participant, sessions.get(participant.pk, ()))
        for participant in participants.with_names().order_by("pk")
    ]


def _participants_by_room(
    room_ids: QuerySet[Any], now: datetime
) -> defaultdict[int, list[ParticipantDetails]]:
    """Return users and connected guests, by room; three queries.

    Loads each user once, because most are in several of the rooms.
    """
    sessions = _sessions(Q(), room_ids, now)
    is_shown = Q(user__isnull=False) | _is_connected(now)
    participants = Participant.objects.filter(is_shown, room__in=room_ids).order_by(
        "pk"
    )
    columns = ("room_id", "pk", "type", "user_id", "last_seen")
    rows = list(participants.values_list(*columns))
    # A user who is added or deleted between these queries is left out below.
    users = load_accounts(Participant.objects.filter(room__in=room_ids).values("user"))
    details: defaultdict[int, list[ParticipantDetails]] = defaultdict(list)
    for room_id, pk, type_, user_pk, last_seen in rows:
        user = users.get(user_pk)
        if user is None and user_pk is not None:
            continue
        own_sessions = sessions.get(pk, ())
        details[room_id].append(
            ParticipantDetails(
                pk=pk,
                type=type_,
                user_pk=user_pk,
                user=user,
                guest_name="",
                last_ping=_last_ping(last_seen, own_sessions)
                if own_sessions
                else last_seen,
                sessions=own_sessions,
            )
        )
    return details
