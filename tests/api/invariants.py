"""Invariants of all rooms, which hold after every sequence of requests."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate

from django.db.models import Count, F, Q

from talk.constants import (
    BY_LINK_TYPES,
    GUEST_TYPES,
    NotificationLevel,
    ParticipantType,
    RoomType,
)
from talk.models import Message, Participant, ReadMarker, Room, Session
from tests.api.helpers import hash_of


def one_to_one_rooms_have_two_owners() -> None:
    """A one-to-one room has two owners and no other participant."""
    for room in Room.objects.filter(type=RoomType.ONE_TO_ONE):
        participants = list(room.participants.values_list("type", "user"))
        assert [type for type, _ in participants] == [ParticipantType.OWNER] * 2
        assert len({user for _, user in participants}) == 2


def only_one_to_one_rooms_have_a_pair_key() -> None:
    """Rooms of other types must not be found by a pair key."""
    one_to_one = Q(type=RoomType.ONE_TO_ONE)
    assert not Room.objects.filter(one_to_one, pair_key=None).exists()
    assert not Room.objects.exclude(one_to_one).exclude(pair_key=None).exists()


def one_to_one_rooms_have_no_name() -> None:
    """A one-to-one room is displayed with the other user's name."""
    rooms = Room.objects.filter(type=RoomType.ONE_TO_ONE)
    assert not rooms.exclude(name="").exists()


def only_public_rooms_have_guests_and_self_joined_users() -> None:
    """Neither guests nor self-joined users are in private rooms."""
    participants = Participant.objects.filter(type__in=BY_LINK_TYPES)
    assert not participants.exclude(room__type=RoomType.PUBLIC).exists()


def guests_and_self_joined_users_have_a_session() -> None:
    """Guests and self-joined users have a session."""
    participants = Participant.objects.filter(type__in=BY_LINK_TYPES)
    assert not participants.filter(sessions=None).exists()


def sessions_belong_to_participants_of_their_room() -> None:
    """A session and its participant are in the same room."""
    assert not Session.objects.exclude(room=F("participant__room")).exists()


def guests_and_users_have_their_types() -> None:
    """Guests have type 4 or 6, users any other type."""
    is_guest = Q(type__in=GUEST_TYPES)
    guests = Q(user=None, guest__isnull=False)
    users = Q(user__isnull=False, guest=None)
    assert not Participant.objects.filter(is_guest).exclude(guests).exists()
    assert not Participant.objects.exclude(is_guest).exclude(users).exists()


def guests_are_identified_by_their_session() -> None:
    """A guest has one session, and the hash of its id is the actor id."""
    participants = Participant.objects.filter(type__in=GUEST_TYPES)
    for participant in participants.prefetch_related("sessions").select_related(
        "guest"
    ):
        hashes = [hash_of(session.session_id) for session in participant.sessions.all()]
        assert hashes == [participant.guest.actor_id]


def positions_have_no_gaps() -> None:
    """Positions count from 1 to the room's last position, in the order of ids."""
    for room in Room.objects.all():
        messages = Message.objects.filter(room=room).order_by("pk")
        positions = list(messages.values_list("position", flat=True))
        assert positions == list(range(1, room.last_position + 1))


def comments_are_counted() -> None:
    """A room counts its comments, and a message the comments up to itself."""
    for room in Room.objects.all():
        rows = Message.objects.filter(room=room).order_by("pk")
        messages = list(rows.values_list("system_message", "comment_count"))
        expected = list(accumulate(int(not key) for key, _ in messages))
        assert [count for _, count in messages] == expected
        assert room.comment_count == (expected[-1] if expected else 0)


def read_markers_do_not_exceed_the_comments() -> None:
    """Read markers and mentions do not exceed the room's comments."""
    has_read_ahead = Q(read_comments__gt=F("room__comment_count"))
    is_mentioned_ahead = Q(last_mention__gt=F("room__comment_count"))
    participants = Participant.objects.filter(has_read_ahead | is_mentioned_ahead)
    assert not participants.exists()
    assert not ReadMarker.objects.filter(has_read_ahead).exists()


def the_first_message_is_the_creation() -> None:
    """The first message of a room, and only the first, is its creation."""
    created = Message.objects.filter(system_message="conversation_created")
    assert not created.exclude(position=1).exists()
    assert created.count() == Room.objects.count()


def the_newest_message_is_the_last_activity() -> None:
    """The last activity of a room is the time of its newest message."""
    newest = Message.objects.newest_of_each_room()
    assert newest.count() == Room.objects.count()
    assert not newest.exclude(created_at=F("room__last_activity")).exists()


def only_users_have_preferences() -> None:
    """Guests have neither favourites nor a notification level."""
    chosen = Q(favorite=True) | ~Q(notification_level=NotificationLevel.DEFAULT)
    guests = Participant.objects.filter(type__in=GUEST_TYPES)
    assert not guests.filter(chosen).exists()


def users_participate_once() -> None:
    """A user is one participant of a room."""
    participants = Participant.objects.exclude(user=None).values("room", "user")
    assert not participants.annotate(number=Count("pk")).filter(number__gt=1).exists()


ALL: list[Callable[[], None]] = [
    one_to_one_rooms_have_two_owners,
    only_one_to_one_rooms_have_a_pair_key,
    one_to_one_rooms_have_no_name,
    only_public_rooms_have_guests_and_self_joined_users,
    guests_and_self_joined_users_have_a_session,
    sessions_belong_to_participants_of_their_room,
    guests_and_users_have_their_types,
    guests_are_identified_by_their_session,
    positions_have_no_gaps,
    comments_are_counted,
    read_markers_do_not_exceed_the_comments,
    the_first_message_is_the_creation,
    the_newest_message_is_the_last_activity,
    only_users_have_preferences,
    users_participate_once,
]


def assert_consistent() -> None:
    """Check all invariants."""
    for holds in ALL:
        holds()
