"""What holds for all rooms at all times, whatever was done to them and by whom."""

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
    """Both people own it, and nobody else is there."""
    for room in Room.objects.filter(type=RoomType.ONE_TO_ONE):
        participants = list(room.participants.values_list("type", "user"))
        assert [type for type, _ in participants] == [ParticipantType.OWNER] * 2
        assert len({user for _, user in participants}) == 2


def only_one_to_one_rooms_have_a_pair_key() -> None:
    """It finds the room of two people, and no room that is another kind by now."""
    one_to_one = Q(type=RoomType.ONE_TO_ONE)
    assert not Room.objects.filter(one_to_one, pair_key=None).exists()
    assert not Room.objects.exclude(one_to_one).exclude(pair_key=None).exists()


def one_to_one_rooms_have_no_name() -> None:
    """They are called after the other person."""
    rooms = Room.objects.filter(type=RoomType.ONE_TO_ONE)
    assert not rooms.exclude(name="").exists()


def only_public_rooms_have_people_by_link() -> None:
    """Neither guests nor self-joined users are in private rooms."""
    participants = Participant.objects.filter(type__in=BY_LINK_TYPES)
    assert not participants.exclude(room__type=RoomType.PUBLIC).exists()


def everybody_by_link_is_connected() -> None:
    """Who is in a room by its link has no place without a session."""
    participants = Participant.objects.filter(type__in=BY_LINK_TYPES)
    assert not participants.filter(sessions=None).exists()


def sessions_belong_to_places_of_their_room() -> None:
    """A session and its participant are in the same room."""
    assert not Session.objects.exclude(room=F("participant__room")).exists()


def guests_and_users_have_their_types() -> None:
    """Types 4 and 6 are guests', all others users', and nobody is both."""
    is_guest = Q(type__in=GUEST_TYPES)
    guests = Q(user=None, guest__isnull=False)
    users = Q(user__isnull=False, guest=None)
    assert not Participant.objects.filter(is_guest).exclude(guests).exists()
    assert not Participant.objects.exclude(is_guest).exclude(users).exists()


def guests_are_known_by_their_session() -> None:
    """A guest has one session, and the hash of its id is who the guest is."""
    participants = Participant.objects.filter(type__in=GUEST_TYPES)
    for participant in participants.prefetch_related("sessions").select_related(
        "guest"
    ):
        hashes = [hash_of(session.session_id) for session in participant.sessions.all()]
        assert hashes == [participant.guest.actor_id]


def positions_have_no_gaps() -> None:
    """In the order of ids from 1 up to the room's last position."""
    for room in Room.objects.all():
        messages = Message.objects.filter(room=room).order_by("pk")
        positions = list(messages.values_list("position", flat=True))
        assert positions == list(range(1, room.last_position + 1))


def comments_are_counted() -> None:
    """By the room, and by each message up to itself."""
    for room in Room.objects.all():
        rows = Message.objects.filter(room=room).order_by("pk")
        messages = list(rows.values_list("system_message", "comment_count"))
        expected = list(accumulate(int(not key) for key, _ in messages))
        assert [count for _, count in messages] == expected
        assert room.comment_count == (expected[-1] if expected else 0)


def nobody_has_read_more_than_was_written() -> None:
    """Neither read markers nor mentions run ahead of the room."""
    has_read_ahead = Q(read_comments__gt=F("room__comment_count"))
    is_mentioned_ahead = Q(last_mention__gt=F("room__comment_count"))
    participants = Participant.objects.filter(has_read_ahead | is_mentioned_ahead)
    assert not participants.exists()
    assert not ReadMarker.objects.filter(has_read_ahead).exists()


def rooms_begin_with_their_creation() -> None:
    """It is told once in each room, and nothing was there before."""
    created = Message.objects.filter(system_message="conversation_created")
    assert not created.exclude(position=1).exists()
    assert created.count() == Room.objects.count()


def the_newest_message_is_the_last_activity() -> None:
    """Nothing else is activity."""
    newest = Message.objects.newest_of_each_room()
    assert newest.count() == Room.objects.count()
    assert not newest.exclude(created_at=F("room__last_activity")).exists()


def only_people_with_accounts_have_preferences() -> None:
    """Guests neither pin rooms nor choose notifications."""
    chosen = Q(favorite=True) | ~Q(notification_level=NotificationLevel.DEFAULT)
    guests = Participant.objects.filter(type__in=GUEST_TYPES)
    assert not guests.filter(chosen).exists()


def nobody_has_two_places() -> None:
    """Each user is in a room once."""
    participants = Participant.objects.exclude(user=None).values("room", "user")
    assert not participants.annotate(number=Count("pk")).filter(number__gt=1).exists()


ALL: list[Callable[[], None]] = [
    one_to_one_rooms_have_two_owners,
    only_one_to_one_rooms_have_a_pair_key,
    one_to_one_rooms_have_no_name,
    only_public_rooms_have_people_by_link,
    everybody_by_link_is_connected,
    sessions_belong_to_places_of_their_room,
    guests_and_users_have_their_types,
    guests_are_known_by_their_session,
    positions_have_no_gaps,
    comments_are_counted,
    nobody_has_read_more_than_was_written,
    rooms_begin_with_their_creation,
    the_newest_message_is_the_last_activity,
    only_people_with_accounts_have_preferences,
    nobody_has_two_places,
]


def assert_consistent() -> None:
    """All of them hold."""
    for holds in ALL:
        holds()
