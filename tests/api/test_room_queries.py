"""Query counts of requests about rooms: exact, and the same for many rows as for few."""

from __future__ import annotations

import pytest
from django.db import connection

from talk.models import Message
from tests.api.helpers import START, fill, put_guest_in
from tests.factories import (
    GroupFactory,
    GuestFactory,
    ParticipantFactory,
    RoomFactory,
    SessionFactory,
    UserFactory,
)

LOGIN_QUERIES = 2
"""The HTTP session and its user."""
GUEST_QUERIES = 1
"""The HTTP session."""

CREATE_QUERIES = LOGIN_QUERIES + 10
CREATE_WITH_GROUP_QUERIES = LOGIN_QUERIES + 17
CREATE_ONE_TO_ONE_QUERIES = LOGIN_QUERIES + 14
EXISTING_ONE_TO_ONE_QUERIES = LOGIN_QUERIES + 2
LIST_QUERIES = LOGIN_QUERIES + 5
GET_AS_MEMBER_QUERIES = LOGIN_QUERIES + 4
GET_AS_STRANGER_QUERIES = LOGIN_QUERIES + 3
GET_AS_GUEST_QUERIES = GUEST_QUERIES + 4
GET_AS_ANONYMOUS_QUERIES = 2

WRONG_PASSWORD_QUERIES = LOGIN_QUERIES + 2

# Without the lock:
JOIN_AGAIN_QUERIES = LOGIN_QUERIES + 14
JOIN_AGAIN_AS_GUEST_QUERIES = GUEST_QUERIES + 14
LEAVE_QUERIES = LOGIN_QUERIES + 12
LEAVE_AS_SELF_JOINED_QUERIES = LOGIN_QUERIES + 17
LEAVE_AS_GUEST_QUERIES = GUEST_QUERIES + 10
LEAVE_AS_STRANGER_QUERIES = LOGIN_QUERIES + 4


def lock_queries() -> int:
    """Locking a room is one query where the database can, two in SQLite."""
    return 1 if connection.features.has_select_for_update else 2


class TestCreate:
    """POST /room."""

    @pytest.mark.parametrize("rooms", [1, 100])
    def test_queries_do_not_depend_on_the_number_of_rooms(
        self, as_alice, alice, rooms, django_assert_num_queries
    ):
        for _ in range(rooms):
            ParticipantFactory(user=alice)
        with django_assert_num_queries(CREATE_QUERIES):
            as_alice.post("/room", roomType=3, roomName="Plan")

    @pytest.mark.parametrize("members", [2, 50])
    def test_queries_do_not_depend_on_the_size_of_the_group(
        self, as_alice, members, django_assert_num_queries
    ):
        GroupFactory(name="staff").user_set.set(UserFactory.create_batch(members))
        with django_assert_num_queries(CREATE_WITH_GROUP_QUERIES):
            as_alice.post("/room", roomType=2, invite="staff")

    def test_queries_for_a_new_one_to_one_room(
        self, as_alice, bob, django_assert_num_queries
    ):
        with django_assert_num_queries(CREATE_ONE_TO_ONE_QUERIES):
            as_alice.post("/room", roomType=1, invite="bob")

    def test_queries_for_an_existing_one_to_one_room(
        self, as_alice, bob, django_assert_num_queries
    ):
        as_alice.create_room(type=1, invite="bob")
        with django_assert_num_queries(EXISTING_ONE_TO_ONE_QUERIES):
            as_alice.post("/room", roomType=1, invite="bob")


class TestList:
    """GET /room."""

    @pytest.mark.parametrize("rooms", [1, 100])
    def test_queries_do_not_depend_on_the_number_of_rooms(
        self, as_alice, alice, bob, rooms, django_assert_num_queries
    ):
        guest = GuestFactory()
        for number in range(rooms):
            room = RoomFactory(name="", last_position=1, comment_count=1)
            SessionFactory(participant=ParticipantFactory(room=room, user=alice))
            SessionFactory(participant=ParticipantFactory(room=room, user=bob))
            put_guest_in(room.token)
            is_by_guest = bool(number % 2)
            Message.objects.create(
                room=room,
                position=1,
                comment_count=1,
                text="hello",
                actor_type="guests" if is_by_guest else "users",
                actor_guest=guest if is_by_guest else None,
                actor_user=None if is_by_guest else bob,
                created_at=START,
            )
        with django_assert_num_queries(LIST_QUERIES):
            answer = as_alice.get("/room")
        assert len(answer.data) == rooms

    @pytest.mark.parametrize("rooms", [1, 20])
    def test_names_in_last_messages_cost_one_query_for_all_rooms(
        self, as_alice, rooms, django_assert_num_queries
    ):
        for user in UserFactory.create_batch(rooms):
            as_alice.create_room(type=1, invite=user.username)
        with django_assert_num_queries(LIST_QUERIES + 1):
            answer = as_alice.get("/room")
        assert len(answer.data) == rooms


class TestGet:
    """GET /room/{token}."""

    @pytest.mark.parametrize("people", [1, 50])
    def test_queries_of_a_member(self, as_alice, people, django_assert_num_queries):
        token = as_alice.create_room()
        fill(token, people)
        with django_assert_num_queries(GET_AS_MEMBER_QUERIES):
            as_alice.get(f"/room/{token}")

    @pytest.mark.parametrize("people", [1, 50])
    def test_queries_of_a_guest(
        self, as_alice, as_guest, people, django_assert_num_queries
    ):
        token = as_alice.create_room()
        fill(token, people)
        as_guest.join(token)
        with django_assert_num_queries(GET_AS_GUEST_QUERIES):
            as_guest.get(f"/room/{token}")

    @pytest.mark.parametrize("people", [1, 50])
    def test_queries_of_a_logged_in_stranger(
        self, as_alice, as_carol, people, django_assert_num_queries
    ):
        token = as_alice.create_room()
        fill(token, people)
        with django_assert_num_queries(GET_AS_STRANGER_QUERIES):
            as_carol.get(f"/room/{token}")

    @pytest.mark.parametrize("people", [1, 50])
    def test_queries_of_an_anonymous_stranger(
        self, as_alice, as_guest, people, django_assert_num_queries
    ):
        token = as_alice.create_room()
        fill(token, people)
        with django_assert_num_queries(GET_AS_ANONYMOUS_QUERIES):
            as_guest.get(f"/room/{token}")

    def test_a_user_in_the_last_message_costs_one_query(
        self, as_alice, bob, django_assert_num_queries
    ):
        token = as_alice.create_room(type=1, invite="bob")
        with django_assert_num_queries(GET_AS_MEMBER_QUERIES + 1):
            as_alice.get(f"/room/{token}")


class TestJoin:
    """POST /room/{token}/participants/active."""

    @pytest.mark.parametrize("people", [1, 50])
    def test_queries_of_a_member_who_joins_again(
        self, as_alice, public, people, django_assert_num_queries
    ):
        fill(public, people)
        as_alice.join(public)
        with django_assert_num_queries(lock_queries() + JOIN_AGAIN_QUERIES):
            as_alice.join(public)

    @pytest.mark.parametrize("people", [1, 50])
    def test_queries_of_a_guest_who_joins_again(
        self, as_guest, public, people, django_assert_num_queries
    ):
        fill(public, people)
        as_guest.join(public)
        with django_assert_num_queries(lock_queries() + JOIN_AGAIN_AS_GUEST_QUERIES):
            as_guest.join(public)

    @pytest.mark.parametrize("people", [1, 50])
    def test_queries_of_a_wrong_password(
        self, as_carol, locked, people, django_assert_num_queries
    ):
        fill(locked, people)
        with django_assert_num_queries(WRONG_PASSWORD_QUERIES):
            as_carol.ask_to_join(locked, password="wrong")


class TestLeave:
    """DELETE /room/{token}/participants/active."""

    @pytest.mark.parametrize("people", [1, 50])
    def test_queries_of_a_member(
        self, as_alice, public, people, django_assert_num_queries
    ):
        fill(public, people)
        as_alice.join(public)
        with django_assert_num_queries(lock_queries() + LEAVE_QUERIES):
            as_alice.leave(public)

    @pytest.mark.parametrize("people", [1, 50])
    def test_queries_of_a_self_joined_user(
        self, as_carol, public, people, django_assert_num_queries
    ):
        fill(public, people)
        as_carol.join(public)
        with django_assert_num_queries(lock_queries() + LEAVE_AS_SELF_JOINED_QUERIES):
            as_carol.leave(public)

    @pytest.mark.parametrize("people", [1, 50])
    def test_queries_of_a_guest(
        self, as_guest, public, people, django_assert_num_queries
    ):
        fill(public, people)
        as_guest.join(public)
        with django_assert_num_queries(lock_queries() + LEAVE_AS_GUEST_QUERIES):
            as_guest.leave(public)

    @pytest.mark.parametrize("people", [1, 50])
    def test_queries_of_a_stranger(
        self, as_carol, public, people, django_assert_num_queries
    ):
        fill(public, people)
        with django_assert_num_queries(lock_queries() + LEAVE_AS_STRANGER_QUERIES):
            as_carol.leave(public)
