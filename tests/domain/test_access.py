"""Finding rooms and callers."""

from __future__ import annotations

from typing import Any

import pytest

from talk.constants import ParticipantType, RoomType
from talk.domain.access import Identity, find_caller, find_room
from talk.exceptions import NotFound
from talk.models import Participant, Room
from tests.factories import (
    GuestFactory,
    ParticipantFactory,
    RoomFactory,
    SessionFactory,
)

pytestmark = pytest.mark.django_db

DEVICE = "a device"
ALL_TYPES = [RoomType.ONE_TO_ONE, RoomType.GROUP, RoomType.PUBLIC]
PRIVATE_TYPES = [RoomType.ONE_TO_ONE, RoomType.GROUP]
USER_TYPES = [
    ParticipantType.OWNER,
    ParticipantType.MODERATOR,
    ParticipantType.USER,
    ParticipantType.SELF_JOINED,
]


def identity(user: Any = None, device: str | None = None) -> Identity:
    """Return an identity."""
    return Identity(user=user, device=device)


def put_guest_in(room: Room, *, device: str | None = DEVICE) -> Participant:
    """Let a guest join a room on a device."""
    participant = ParticipantFactory(
        room=room, user=None, guest=GuestFactory(), type=ParticipantType.GUEST
    )
    SessionFactory(participant=participant, device=device)
    return participant


class TestFindCaller:
    @pytest.mark.parametrize("room_type", ALL_TYPES)
    @pytest.mark.parametrize("type", USER_TYPES)
    def test_a_user_is_found_in_every_room_with_them_as_participant(
        self, room_type, type
    ):
        participant = ParticipantFactory(room=RoomFactory(type=room_type), type=type)
        caller = find_caller(
            identity=identity(participant.user), token=participant.room.token
        )
        assert caller.participant == participant
        assert caller.room == participant.room
        assert caller.user == participant.user
        assert caller.guest is None

    @pytest.mark.parametrize("device", [None, "", DEVICE])
    def test_a_user_need_not_have_joined(self, device):
        participant = ParticipantFactory()
        caller = find_caller(
            identity=identity(participant.user, device), token=participant.room.token
        )
        assert caller.session_pk is None

    def test_the_session_of_the_users_device_is_found(self):
        session = SessionFactory(device=DEVICE)
        SessionFactory(participant=session.participant, device="another")
        user = session.participant.user
        caller = find_caller(identity=identity(user, DEVICE), token=session.room.token)
        assert caller.session_pk == session.pk

    def test_sessions_of_other_devices_are_not_the_callers(self):
        session = SessionFactory(device="another")
        user = session.participant.user
        caller = find_caller(identity=identity(user, DEVICE), token=session.room.token)
        assert caller.session_pk is None

    def test_sessions_of_the_device_in_other_rooms_are_not_the_callers(self):
        session = SessionFactory(device=DEVICE)
        participant = ParticipantFactory(user=session.participant.user)
        caller = find_caller(
            identity=identity(participant.user, DEVICE), token=participant.room.token
        )
        assert caller.participant == participant
        assert caller.session_pk is None

    def test_without_a_device_no_session_is_the_callers(self):
        session = SessionFactory(device=None)
        user = session.participant.user
        caller = find_caller(identity=identity(user), token=session.room.token)
        assert caller.session_pk is None

    def test_a_guest_is_found_by_the_device(self):
        participant = put_guest_in(RoomFactory())
        caller = find_caller(
            identity=identity(device=DEVICE), token=participant.room.token
        )
        assert caller.participant == participant
        assert caller.guest == participant.guest
        assert caller.user is None
        assert caller.session_pk == participant.sessions.get().pk

    def test_a_guest_is_not_found_by_another_device(self):
        participant = put_guest_in(RoomFactory())
        with pytest.raises(NotFound):
            find_caller(
                identity=identity(device="another"), token=participant.room.token
            )

    def test_a_guest_without_a_device_is_not_found(self):
        participant = put_guest_in(RoomFactory(), device=None)
        with pytest.raises(NotFound):
            find_caller(identity=identity(), token=participant.room.token)

    def test_a_guest_is_not_found_in_another_room(self):
        put_guest_in(RoomFactory())
        with pytest.raises(NotFound):
            find_caller(identity=identity(device=DEVICE), token=RoomFactory().token)

    @pytest.mark.parametrize("type", PRIVATE_TYPES)
    def test_a_guest_is_not_found_in_a_room_that_is_not_public(self, type):
        participant = put_guest_in(RoomFactory(type=type))
        with pytest.raises(NotFound):
            find_caller(identity=identity(device=DEVICE), token=participant.room.token)

    def test_an_anonymous_caller_is_not_the_user_of_the_same_device(self):
        session = SessionFactory(device=DEVICE)
        with pytest.raises(NotFound):
            find_caller(identity=identity(device=DEVICE), token=session.room.token)

    def test_a_user_is_not_the_guest_of_the_same_device(self, carol):
        participant = put_guest_in(RoomFactory())
        with pytest.raises(NotFound):
            find_caller(identity=identity(carol, DEVICE), token=participant.room.token)

    def test_a_participant_is_not_the_guest_of_the_same_device(self):
        guest = put_guest_in(RoomFactory())
        participant = ParticipantFactory(room=guest.room)
        caller = find_caller(
            identity=identity(participant.user, DEVICE), token=participant.room.token
        )
        assert caller.participant == participant
        assert caller.session_pk is None

    @pytest.mark.parametrize("type", ALL_TYPES)
    @pytest.mark.parametrize("device", [None, "", DEVICE])
    def test_a_user_who_is_no_participant_is_not_found(self, carol, type, device):
        participant = ParticipantFactory(room=RoomFactory(type=type))
        with pytest.raises(NotFound):
            find_caller(identity=identity(carol, device), token=participant.room.token)

    @pytest.mark.parametrize("type", ALL_TYPES)
    @pytest.mark.parametrize("device", [None, "", DEVICE])
    def test_an_anonymous_identity_is_not_found(self, type, device):
        participant = ParticipantFactory(room=RoomFactory(type=type))
        with pytest.raises(NotFound):
            find_caller(identity=identity(device=device), token=participant.room.token)

    def test_an_unknown_token_is_not_found(self, alice):
        with pytest.raises(NotFound):
            find_caller(identity=identity(alice), token="k7pz3mqd")

    @pytest.mark.parametrize("who", ["user", "guest"])
    def test_one_query_finds_room_participant_and_session(
        self, who, django_assert_num_queries
    ):
        room = RoomFactory()
        if who == "user":
            participant = ParticipantFactory(room=room)
            SessionFactory(participant=participant, device=DEVICE)
        else:
            participant = put_guest_in(room)
        someone = identity(participant.user, DEVICE)
        with django_assert_num_queries(1):
            caller = find_caller(identity=someone, token=room.token)
            assert (caller.room.name, caller.session_pk is None) == ("Room", False)
            assert (caller.user is None) == (caller.guest is not None)


class TestFindRoom:
    @pytest.mark.parametrize("type", ALL_TYPES)
    def test_participants_find_the_room_and_themselves(self, type):
        participant = ParticipantFactory(room=RoomFactory(type=type))
        room, caller = find_room(
            identity=identity(participant.user), token=participant.room.token
        )
        assert room == participant.room
        assert caller is not None
        assert caller.participant == participant

    def test_guests_find_the_room_and_themselves(self):
        participant = put_guest_in(RoomFactory())
        room, caller = find_room(
            identity=identity(device=DEVICE), token=participant.room.token
        )
        assert room == participant.room
        assert caller is not None
        assert caller.participant == participant

    @pytest.mark.parametrize("password", ["", "a hash"])
    def test_a_user_who_is_no_participant_finds_a_public_room(self, carol, password):
        public = RoomFactory(password=password)
        assert find_room(identity=identity(carol), token=public.token) == (public, None)

    @pytest.mark.parametrize("device", [None, "", DEVICE])
    @pytest.mark.parametrize("password", ["", "a hash"])
    def test_an_anonymous_identity_finds_a_public_room(self, device, password):
        public = RoomFactory(password=password)
        found = find_room(identity=identity(device=device), token=public.token)
        assert found == (public, None)

    @pytest.mark.parametrize("type", PRIVATE_TYPES)
    def test_a_user_who_is_no_participant_finds_no_private_room(self, carol, type):
        with pytest.raises(NotFound):
            find_room(identity=identity(carol), token=RoomFactory(type=type).token)

    @pytest.mark.parametrize("type", PRIVATE_TYPES)
    def test_an_anonymous_identity_finds_no_private_room(self, type):
        with pytest.raises(NotFound):
            find_room(
                identity=identity(device=DEVICE), token=RoomFactory(type=type).token
            )

    @pytest.mark.parametrize("type", PRIVATE_TYPES)
    def test_a_guest_finds_no_room_that_became_private(self, type):
        participant = put_guest_in(RoomFactory(type=type))
        with pytest.raises(NotFound):
            find_room(identity=identity(device=DEVICE), token=participant.room.token)

    def test_an_unknown_token_finds_no_room(self, alice):
        with pytest.raises(NotFound):
            find_room(identity=identity(alice), token="k7pz3mqd")

    def test_one_query_for_a_participant(self, django_assert_num_queries):
        participant = ParticipantFactory()
        with django_assert_num_queries(1):
            find_room(identity=identity(participant.user), token=participant.room.token)

    def test_two_queries_for_a_user_who_is_no_participant(
        self, carol, django_assert_num_queries
    ):
        token = RoomFactory().token
        with django_assert_num_queries(2):
            find_room(identity=identity(carol), token=token)

    def test_one_query_for_a_request_without_a_cookie(self, django_assert_num_queries):
        token = RoomFactory().token
        with django_assert_num_queries(1):
            find_room(identity=identity(), token=token)
