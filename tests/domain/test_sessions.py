"""Joining and leaving: queries, concurrent changes, concurrent requests."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.db import connection

from talk.constants import ParticipantType, RoomType
from talk.domain.access import Identity, find_room
from talk.domain.guests import actor_id_of
from talk.domain.sessions import (
    join_room,
    leave_room,
    new_session_id,
)
from talk.exceptions import NotAllowed, NotFound
from talk.models import Guest, Participant, Room, Session, atomic
from tests.factories import (
    ParticipantFactory,
    RoomFactory,
    SessionFactory,
    UserFactory,
)
from tests.threads import at_once

NOW = datetime(2025, 1, 1, 12, tzinfo=UTC)
PHONE = "phone"
LAPTOP = "laptop"

MEMBER_JOIN_QUERIES = 8
STRANGER_JOIN_QUERIES = 11
GUEST_JOIN_QUERIES = 9
"""To find the room and to join it, without the lock."""


def identity(user: Any = None, device: str | None = PHONE) -> Identity:
    """Return the identity of a request."""
    return Identity(user=user, device=device)


def join(
    who: Identity, room: Room, *, password: str = "", now: datetime = NOW
) -> Session:
    """Find the room and join it."""
    found, caller = find_room(identity=who, token=room.token)
    return join_room(
        identity=who, room=found, caller=caller, password=password, now=now
    )


def leave(who: Identity, room: Room, *, now: datetime = NOW) -> bool:
    """Leave the room."""
    return leave_room(identity=who, token=room.token, now=now)


def lock_queries() -> int:
    """Locking a room is one query where the database can, two in SQLite."""
    return 1 if connection.features.has_select_for_update else 2


class TestSessionId:
    def test_it_is_512_letters_and_digits(self):
        for _ in range(20):
            assert re.fullmatch("[A-Za-z0-9]{512}", new_session_id())

    def test_it_does_not_repeat(self):
        assert len({new_session_id() for _ in range(20)}) == 20

    def test_the_actor_id_of_a_guest_is_its_sha1(self):
        expected = "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"
        assert actor_id_of("hello") == expected


@pytest.mark.django_db
class TestJoin:
    def test_the_session_belongs_to_participant_room_and_device(self, carol):
        room = RoomFactory()
        session = join(identity(carol), room)
        assert session.room == room
        assert session.participant == Participant.objects.get(user=carol)
        assert session.device == PHONE
        assert session.last_ping == NOW
        assert session.in_call == 0

    @pytest.mark.parametrize("who", ["user", "guest"])
    def test_a_new_participant_starts_with_everything_read(self, carol, who):
        room = RoomFactory(comment_count=7)
        session = join(identity(carol if who == "user" else None), room)
        assert session.participant.read_comments == 7

    def test_a_former_participant_keeps_the_read_marker(self):
        participant = ParticipantFactory(
            room=RoomFactory(comment_count=7), read_comments=3
        )
        join(identity(participant.user), participant.room)
        participant.refresh_from_db()
        assert participant.read_comments == 3

    def test_a_session_id_stays_unique_over_all_rooms(self, carol):
        first = join(identity(carol), RoomFactory())
        second = join(identity(carol), RoomFactory())
        assert first.session_id != second.session_id

    def test_several_sessions_without_a_device_exist_side_by_side(self, carol):
        room = RoomFactory()
        join(identity(carol, device=None), room)
        join(identity(carol, device=None), room)
        assert room.sessions.count() == 2

    def test_live_sessions_of_others_are_left_alone(self, carol):
        room = RoomFactory()
        session = SessionFactory(participant=ParticipantFactory(room=room))
        join(identity(carol), room)
        assert Session.objects.filter(pk=session.pk).exists()

    # Changes between finding the room and joining it.

    @pytest.mark.parametrize("who", ["user", "guest"])
    def test_a_room_that_became_private_meanwhile_is_not_found(self, carol, who):
        someone = identity(carol if who == "user" else None)
        found, caller = find_room(identity=someone, token=RoomFactory().token)
        Room.objects.update(type=RoomType.GROUP)
        with pytest.raises(NotFound):
            join_room(identity=someone, room=found, caller=caller, password="", now=NOW)
        assert not Participant.objects.exists()

    @pytest.mark.parametrize("who", ["user", "guest"])
    def test_a_room_that_was_deleted_meanwhile_is_not_found(self, carol, who):
        someone = identity(carol if who == "user" else None)
        found, caller = find_room(identity=someone, token=RoomFactory().token)
        Room.objects.all().delete()
        with pytest.raises(NotFound):
            join_room(identity=someone, room=found, caller=caller, password="", now=NOW)
        assert not Session.objects.exists()

    @pytest.mark.parametrize("who", ["user", "guest"])
    @pytest.mark.parametrize(("old", "given"), [("", ""), ("old", "old")])
    def test_a_password_that_was_changed_meanwhile_is_not_allowed(
        self, carol, who, old, given
    ):
        someone = identity(carol if who == "user" else None)
        token = RoomFactory(password=make_password(old) if old else "").token
        found, caller = find_room(identity=someone, token=token)
        Room.objects.update(password=make_password("new"))
        with pytest.raises(NotAllowed):
            join_room(
                identity=someone, room=found, caller=caller, password=given, now=NOW
            )
        assert not Participant.objects.exists()

    def test_a_participant_who_was_removed_from_a_private_room_is_not_found(self):
        participant = ParticipantFactory(room=RoomFactory(type=RoomType.GROUP))
        someone = identity(participant.user)
        found, caller = find_room(identity=someone, token=participant.room.token)
        participant.delete()
        with pytest.raises(NotFound):
            join_room(identity=someone, room=found, caller=caller, password="", now=NOW)
        assert not Session.objects.exists()

    def test_a_participant_who_was_removed_meanwhile_needs_the_password(self):
        participant = ParticipantFactory(
            room=RoomFactory(password=make_password("secret"))
        )
        someone = identity(participant.user)
        found, caller = find_room(identity=someone, token=participant.room.token)
        participant.delete()
        with pytest.raises(NotAllowed):
            join_room(
                identity=someone, room=found, caller=caller, password="wrong", now=NOW
            )
        assert not Participant.objects.exists()

    # Queries.

    def test_queries_of_a_participants_first_join(self, django_assert_num_queries):
        participant = ParticipantFactory()
        with django_assert_num_queries(MEMBER_JOIN_QUERIES + lock_queries()):
            join(identity(participant.user), participant.room)

    def test_queries_of_a_non_participants_first_join(
        self, carol, django_assert_num_queries
    ):
        room = RoomFactory()
        with django_assert_num_queries(STRANGER_JOIN_QUERIES + lock_queries()):
            join(identity(carol), room)

    def test_queries_of_a_guests_first_join(self, django_assert_num_queries):
        room = RoomFactory()
        with django_assert_num_queries(GUEST_JOIN_QUERIES + lock_queries()):
            join(identity(), room)

    @pytest.mark.parametrize("devices", [1, 20])
    def test_queries_do_not_depend_on_the_number_of_devices(
        self, devices, django_assert_num_queries
    ):
        participant = ParticipantFactory()
        for number in range(devices):
            SessionFactory(participant=participant, device=str(number), last_ping=NOW)
        with django_assert_num_queries(MEMBER_JOIN_QUERIES + lock_queries()):
            join(identity(participant.user), participant.room)


@pytest.mark.django_db
class TestLeave:
    def test_it_returns_whether_they_were_a_participant(self, carol):
        participant = ParticipantFactory()
        assert leave(identity(participant.user), participant.room) is True
        assert leave(identity(carol), participant.room) is False

    def test_it_returns_false_for_an_unknown_token(self, carol):
        assert leave_room(identity=identity(carol), token="k7pz3mqd", now=NOW) is False

    def test_the_session_of_a_device_ends_when_another_user_leaves_on_it(self, carol):
        session = SessionFactory(device=PHONE)
        assert leave(identity(carol), session.room) is False
        assert not Session.objects.exists()

    def test_the_session_of_a_device_ends_when_an_anonymous_caller_leaves_on_it(self):
        session = SessionFactory(device=PHONE)
        assert leave(identity(), session.room) is False
        assert not Session.objects.exists()
        assert Participant.objects.filter(pk=session.participant.pk).exists()

    def test_ending_the_session_of_a_device_changes_presence(self):
        session = SessionFactory(device=PHONE)
        before = session.room.presence_version
        leave(identity(), session.room)
        session.room.refresh_from_db()
        assert session.room.presence_version > before

    def test_ending_the_session_of_a_device_removes_a_self_joined_user(self):
        participant = ParticipantFactory(type=ParticipantType.SELF_JOINED)
        SessionFactory(participant=participant, device=PHONE)
        leave(identity(), participant.room)
        assert not Participant.objects.filter(pk=participant.pk).exists()

    def test_the_guest_stays_as_an_author_after_leaving(self):
        room = RoomFactory()
        join(identity(), room)
        leave(identity(), room)
        assert Guest.objects.count() == 1

    def test_other_participants_stay(self, carol):
        room = RoomFactory()
        other = join(identity(device=LAPTOP), room).participant
        join(identity(carol), room)
        leave(identity(carol), room)
        assert list(room.participants.all()) == [other]

    @pytest.mark.parametrize(("seconds", "is_kept"), [(99, True), (100, False)])
    def test_a_self_joined_user_with_a_live_session_stays(
        self, carol, seconds, is_kept
    ):
        room = RoomFactory()
        join(identity(carol, LAPTOP), room)
        later = NOW + timedelta(seconds=seconds)
        participant = Participant.objects.get(user=carol)
        SessionFactory(participant=participant, device=PHONE, last_ping=later)
        leave(identity(carol, PHONE), room, now=later)
        assert Participant.objects.filter(user=carol).exists() is is_kept


@pytest.mark.django_db
@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def joining(self, who: Identity, room: Room) -> Callable[[], Session]:
        """Return a call that joins."""
        return lambda: join(who, room)

    def leaving(self, who: Identity, room: Room) -> Callable[[], bool]:
        """Return a call that leaves."""
        return lambda: leave(who, room)

    def test_a_user_who_joins_on_eight_devices_is_one_participant_with_eight_sessions(
        self, carol
    ):
        room = RoomFactory()
        sessions = at_once(
            *(self.joining(identity(carol, f"device {n}"), room) for n in range(8))
        )
        participant = Participant.objects.get(user=carol)
        assert participant.type == ParticipantType.SELF_JOINED
        assert set(participant.sessions.all()) == set(sessions)
        assert len(set(sessions)) == 8

    def test_a_user_who_joins_eight_times_without_a_device_is_one_participant(
        self, carol
    ):
        room = RoomFactory()
        sessions = at_once(*[self.joining(identity(carol, None), room)] * 8)
        assert set(Participant.objects.get().sessions.all()) == set(sessions)
        assert len(set(sessions)) == 8

    def test_a_device_that_joins_twice_has_one_session(self, carol):
        room = RoomFactory()
        sessions = at_once(*[self.joining(identity(carol), room)] * 2)
        assert Session.objects.get() in sessions
        assert Participant.objects.count() == 1

    def test_a_participant_whose_device_joins_twice_has_one_session(self):
        participant = ParticipantFactory()
        sessions = at_once(
            *[self.joining(identity(participant.user), participant.room)] * 2
        )
        assert Session.objects.get() in sessions
        assert Participant.objects.get() == participant

    def test_a_guest_whose_device_joins_twice_is_one_guest(self):
        room = RoomFactory()
        sessions = at_once(*[self.joining(identity(), room)] * 2)
        participant = Participant.objects.get()
        assert participant.sessions.get() in sessions

    def test_eight_guests_who_join_are_eight_participants(self):
        room = RoomFactory()
        at_once(*(self.joining(identity(device=f"device {n}"), room) for n in range(8)))
        assert room.participants.count() == 8
        assert room.sessions.count() == 8

    def test_eight_users_who_join_are_eight_participants(self):
        room = RoomFactory()
        users = UserFactory.create_batch(8)
        at_once(
            *(
                self.joining(identity(user, f"device of {user.pk}"), room)
                for user in users
            )
        )
        assert room.participants.count() == 8

    def test_leaving_on_one_device_leaves_a_joining_one_connected(self, carol):
        room = RoomFactory()
        join(identity(carol, PHONE), room)
        _, session = at_once(
            self.leaving(identity(carol, PHONE), room),
            self.joining(identity(carol, LAPTOP), room),
        )
        assert Participant.objects.get().user == carol
        assert Session.objects.get() == session

    def test_leaving_on_both_devices_removes_the_participant(self, carol):
        room = RoomFactory()
        join(identity(carol, PHONE), room)
        join(identity(carol, LAPTOP), room)
        answers = at_once(
            self.leaving(identity(carol, PHONE), room),
            self.leaving(identity(carol, LAPTOP), room),
        )
        assert answers == [True, True]
        assert not Participant.objects.exists()

    def test_leaving_twice_at_once_succeeds_once_for_a_guest(self):
        room = RoomFactory()
        join(identity(), room)
        answers = at_once(*[self.leaving(identity(), room)] * 2)
        assert sorted(answers) == [False, True]
        assert not Participant.objects.exists()

    def test_joining_a_room_that_is_deleted_leaves_nothing_behind(self, carol):
        room = RoomFactory()

        @atomic
        def delete() -> None:
            Room.objects.lock(room.pk)
            room.delete()

        answer, _ = at_once(self.joining(identity(carol), room), delete)
        assert isinstance(answer, Session | NotFound)
        assert not Participant.objects.exists()
        assert not Session.objects.exists()
