"""Constraints: the database refuses what two requests could break together."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from talk.constants import GUEST_TYPES, ParticipantType, RoomType
from talk.domain.guests import actor_id_of
from talk.models import (
    CallAttendance,
    Guest,
    Message,
    Participant,
    Room,
    Session,
    SignalingMessage,
)
from tests.factories import (
    GuestFactory,
    ParticipantFactory,
    RoomFactory,
    SessionFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

NOW = datetime(2025, 1, 1, 12, tzinfo=UTC)


def guest_participant(**fields: Any) -> Participant:
    """Return a guest as a participant of a room."""
    fields = {"guest": GuestFactory(), "type": ParticipantType.GUEST, **fields}
    return ParticipantFactory(user=None, **fields)


def message(room: Room, position: int, **fields: Any) -> Message:
    """Insert a message without an actor."""
    fields = {"actor_type": "guests", "text": "hello", **fields}
    return Message.objects.create(
        room=room, position=position, comment_count=position, created_at=NOW, **fields
    )


def attend(room: Room, **attendee: Any) -> CallAttendance:
    """Record the attendance of the call of a room."""
    return CallAttendance.objects.create(room=room, joined_at=NOW, **attendee)


def assert_impossible(create: Callable[[], Any]) -> None:
    """Assert that the database refuses a row."""
    with pytest.raises(IntegrityError), transaction.atomic():
        create()


class TestRoom:
    def test_two_rooms_with_one_token_are_impossible(self):
        RoomFactory(token="k7pz3mqd")
        assert_impossible(lambda: RoomFactory(token="k7pz3mqd"))

    def test_two_rooms_of_one_pair_are_impossible(self):
        RoomFactory(type=RoomType.ONE_TO_ONE, pair_key="a+b")
        assert_impossible(lambda: RoomFactory(type=RoomType.ONE_TO_ONE, pair_key="a+b"))

    def test_any_number_of_rooms_belong_to_no_pair(self):
        RoomFactory.create_batch(2, pair_key=None)
        assert Room.objects.filter(pair_key=None).count() == 2

    def test_deleting_a_room_deletes_everything_in_it(self):
        session = SessionFactory()
        room = session.room
        message(room, 1)
        attend(room, user=session.participant.user)
        SignalingMessage.objects.create(
            recipient=session, sender_session_id="x", text="{}", created_at=NOW
        )
        room.delete()
        for table in (
            Participant,
            Session,
            Message,
            CallAttendance,
            SignalingMessage,
        ):
            assert not table.objects.exists()

    def test_deleting_a_room_keeps_guests(self):
        guest = guest_participant().guest
        Room.objects.all().delete()
        assert Guest.objects.filter(pk=guest.pk).exists()

    def test_deleting_a_room_leaves_other_rooms_alone(self):
        session = SessionFactory()
        RoomFactory().delete()
        assert Session.objects.filter(pk=session.pk).exists()


class TestParticipant:
    def test_a_user_twice_in_one_room_is_impossible(self):
        participant = ParticipantFactory()
        assert_impossible(
            lambda: ParticipantFactory(room=participant.room, user=participant.user)
        )

    def test_a_user_may_be_in_two_rooms(self):
        user = UserFactory()
        ParticipantFactory.create_batch(2, user=user)
        assert Participant.objects.filter(user=user).count() == 2

    def test_any_number_of_guests_may_be_in_one_room(self):
        room = RoomFactory()
        guest_participant(room=room)
        guest_participant(room=room)
        assert room.participants.count() == 2

    def test_a_guest_in_two_rooms_is_impossible(self):
        guest = guest_participant().guest
        assert_impossible(lambda: guest_participant(guest=guest))

    @pytest.mark.parametrize("type", ParticipantType.values)
    def test_user_and_guest_at_once_is_impossible(self, type):
        room, user, guest = RoomFactory(), UserFactory(), GuestFactory()
        assert_impossible(
            lambda: ParticipantFactory(room=room, user=user, guest=guest, type=type)
        )

    @pytest.mark.parametrize("type", sorted(GUEST_TYPES))
    def test_a_user_of_a_guests_type_is_impossible(self, type):
        room, user = RoomFactory(), UserFactory()
        assert_impossible(lambda: ParticipantFactory(room=room, user=user, type=type))

    @pytest.mark.parametrize("type", sorted(set(ParticipantType.values) - GUEST_TYPES))
    def test_a_guest_of_a_users_type_is_impossible(self, type):
        room, guest = RoomFactory(), GuestFactory()
        assert_impossible(lambda: guest_participant(room=room, guest=guest, type=type))

    @pytest.mark.parametrize("type", sorted(set(ParticipantType.values) - GUEST_TYPES))
    def test_users_may_be_of_any_other_type(self, type):
        assert ParticipantFactory(type=type).pk

    @pytest.mark.parametrize("type", sorted(GUEST_TYPES))
    def test_guests_may_be_guests_and_guest_moderators(self, type):
        assert guest_participant(type=type).pk

    def test_a_type_that_does_not_exist_is_impossible(self):
        assert_impossible(lambda: ParticipantFactory(type=7))

    def test_deleting_an_account_deletes_its_participants_and_sessions(self):
        session = SessionFactory()
        session.participant.user.delete()
        assert not Participant.objects.exists()
        assert not Session.objects.exists()

    def test_deleting_an_account_keeps_its_rooms(self):
        participant = ParticipantFactory()
        ParticipantFactory(room=participant.room)
        participant.user.delete()
        assert Room.objects.filter(pk=participant.room.pk).exists()

    def test_deleting_a_participant_deletes_its_sessions(self):
        session = SessionFactory()
        session.participant.delete()
        assert not Session.objects.exists()

    def test_deleting_a_participant_keeps_the_guest(self):
        participant = guest_participant()
        participant.delete()
        assert Guest.objects.filter(pk=participant.guest.pk).exists()


class TestSession:
    def test_two_sessions_with_one_id_are_impossible(self):
        session = SessionFactory()
        participant = ParticipantFactory()
        assert_impossible(
            lambda: SessionFactory(
                participant=participant, session_id=session.session_id
            )
        )

    def test_one_device_twice_in_one_room_is_impossible(self):
        session = SessionFactory(device="phone")
        assert_impossible(
            lambda: SessionFactory(participant=session.participant, device="phone")
        )

    def test_one_device_for_two_participants_of_one_room_is_impossible(self):
        session = SessionFactory(device="phone")
        other = ParticipantFactory(room=session.room)
        assert_impossible(lambda: SessionFactory(participant=other, device="phone"))

    def test_one_device_may_be_in_two_rooms(self):
        SessionFactory.create_batch(2, device="phone")
        assert Session.objects.filter(device="phone").count() == 2

    def test_a_participant_may_have_several_devices(self):
        participant = ParticipantFactory()
        SessionFactory(participant=participant, device="phone")
        SessionFactory(participant=participant, device="laptop")
        assert participant.sessions.count() == 2

    def test_a_participant_may_have_several_sessions_without_a_device(self):
        participant = ParticipantFactory()
        SessionFactory.create_batch(2, participant=participant, device=None)
        assert participant.sessions.count() == 2


class TestGuest:
    def test_two_guests_with_one_hash_are_impossible(self):
        GuestFactory(actor_id=actor_id_of("x"))
        assert_impossible(lambda: GuestFactory(actor_id=actor_id_of("x")))

    def test_two_guests_may_have_the_same_name(self):
        GuestFactory.create_batch(2, display_name="Zoe")
        assert Guest.objects.filter(display_name="Zoe").count() == 2

    def test_a_guest_with_messages_cannot_be_deleted(self):
        guest = GuestFactory()
        message(RoomFactory(), 1, actor_guest=guest)
        with pytest.raises(ProtectedError):
            guest.delete()


class TestMessage:
    def test_two_messages_at_one_position_are_impossible(self):
        room = RoomFactory()
        message(room, 1)
        assert_impossible(lambda: message(room, 1))

    def test_each_room_counts_its_own_positions(self):
        message(RoomFactory(), 1)
        message(RoomFactory(), 1)
        assert Message.objects.filter(position=1).count() == 2

    def test_messages_stay_when_the_account_is_deleted(self):
        user = UserFactory()
        written = message(RoomFactory(), 1, actor_type="users", actor_user=user)
        user.delete()
        written.refresh_from_db()
        assert written.actor_user is None
        assert written.text == "hello"


class TestCallAttendance:
    def test_a_user_twice_in_one_call_is_impossible(self):
        room, user = RoomFactory(), UserFactory()
        attend(room, user=user)
        assert_impossible(lambda: attend(room, user=user))

    def test_a_guest_twice_in_one_call_is_impossible(self):
        room, guest = RoomFactory(), GuestFactory()
        attend(room, guest=guest)
        assert_impossible(lambda: attend(room, guest=guest))

    def test_user_and_guest_at_once_is_impossible(self):
        room, user, guest = RoomFactory(), UserFactory(), GuestFactory()
        assert_impossible(lambda: attend(room, user=user, guest=guest))

    def test_a_user_may_attend_calls_of_two_rooms(self):
        user = UserFactory()
        attend(RoomFactory(), user=user)
        attend(RoomFactory(), user=user)
        assert CallAttendance.objects.filter(user=user).count() == 2
