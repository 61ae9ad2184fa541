"""The details of rooms, and the queries for them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from talk.constants import (
    ACTIVE_SECONDS,
    SESSION_LIVE_SECONDS,
    ParticipantType,
    RoomType,
)
from talk.domain import room_creation, room_details
from talk.domain.access import Caller, Identity, find_caller
from talk.exceptions import NotFound
from talk.models import Participant, Room, Session
from tests.factories import (
    GuestFactory,
    ParticipantFactory,
    RoomFactory,
    SessionFactory,
)

pytestmark = pytest.mark.django_db

NOW = datetime(2025, 1, 1, 12, tzinfo=UTC)


def create(user) -> Room:
    """Create a public room."""
    return room_creation.create_room(
        user=user, type=RoomType.PUBLIC, name="Plan", now=NOW
    )


def ask(user, room: Room, device: str | None = None) -> Caller:
    """Return the caller of a request by `user` about a room."""
    return find_caller(identity=Identity(user=user, device=device), token=room.token)


def put_guest_in(
    room: Room, *, seconds_ago: int, device: str | None = None
) -> Participant:
    """Add a guest to the room whose last ping was some time ago."""
    participant = ParticipantFactory(
        room=room, user=None, guest=GuestFactory(), type=ParticipantType.GUEST
    )
    last_ping = NOW - timedelta(seconds=seconds_ago)
    SessionFactory(participant=participant, device=device, last_ping=last_ping)
    return participant


def test_a_one_to_one_room_without_its_pair_is_not_found(alice, bob) -> None:
    room = room_creation.get_or_create_one_to_one(
        user=alice, invite="bob", now=NOW
    ).room
    bob.delete()
    with pytest.raises(NotFound):
        room_details.describe_room(caller=ask(alice, room), now=NOW)


@pytest.mark.parametrize("count", [0, 1, 30])
def test_the_list_takes_five_queries(alice, count, django_assert_num_queries) -> None:
    for _ in range(count):
        create(alice)
    with django_assert_num_queries(5):
        all_details = room_details.list_rooms(user=alice, device=None, now=NOW)
    assert len(all_details) == count


def test_a_single_room_takes_three_queries(alice, django_assert_num_queries) -> None:
    caller = ask(alice, create(alice))
    with django_assert_num_queries(3):
        room_details.describe_room(caller=caller, now=NOW)


def test_a_preview_takes_one_query(django_assert_num_queries) -> None:
    room = RoomFactory()
    with django_assert_num_queries(1):
        room_details.preview_room(room=room, now=NOW)


@pytest.mark.parametrize(
    ("seconds_ago", "is_shown"),
    [
        (0, True),
        (ACTIVE_SECONDS, True),
        (SESSION_LIVE_SECONDS - 1, True),
        (SESSION_LIVE_SECONDS, False),
    ],
)
def test_guests_without_a_live_session_are_not_loaded(
    alice, seconds_ago, is_shown
) -> None:
    room = create(alice)
    guest = put_guest_in(room, seconds_ago=seconds_ago)
    details = room_details.describe_room(caller=ask(alice, room), now=NOW)
    assert (guest.pk in [found.pk for found in details.participants]) is is_shown


def test_a_guest_who_is_the_caller_is_listed_after_any_silence(alice) -> None:
    room = create(alice)
    put_guest_in(room, seconds_ago=500, device="d")
    details = room_details.describe_room(caller=ask(None, room, "d"), now=NOW)
    assert details.own_participant is not None
    assert details.own_participant.last_ping == NOW - timedelta(seconds=500)


def test_users_are_listed_whether_connected_or_not(alice, bob) -> None:
    room = create(alice)
    ParticipantFactory(room=room, user=bob)
    details = room_details.describe_room(caller=ask(alice, room), now=NOW)
    assert [found.user for found in details.participants] == [alice, bob]


def test_users_keep_their_last_ping_for_long(alice, bob) -> None:
    room = create(alice)
    participant = ParticipantFactory(room=room, user=bob)
    silent = NOW - timedelta(days=1)
    SessionFactory(participant=participant, last_ping=silent)
    details = room_details.describe_room(caller=ask(bob, room), now=NOW)
    assert details.own_participant is not None
    assert details.own_participant.last_ping == silent
    assert details.own_sessions(NOW) == []


def test_the_callers_own_session_is_that_of_the_device(alice) -> None:
    room = create(alice)
    participant = Participant.objects.get(user=alice)
    here = SessionFactory(
        participant=participant, device="here", last_ping=NOW - timedelta(seconds=50)
    )
    fresh = SessionFactory(participant=participant, device="there", last_ping=NOW)

    def own(device: str | None) -> Session:
        details = room_details.describe_room(caller=ask(alice, room, device), now=NOW)
        return details.own_sessions(NOW)[0]

    assert own("here") == here
    assert own("elsewhere") == own(None) == fresh


def test_a_user_in_many_rooms_is_loaded_once(alice, bob) -> None:
    for _ in range(2):
        ParticipantFactory(room=create(alice), user=bob)
    all_details = room_details.list_rooms(user=alice, device=None, now=NOW)
    first, second = [details.participants[1].user for details in all_details]
    assert first == bob
    assert first is second
