"""Rooms and messages after accounts and groups are deleted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import transaction
from django.test import Client

from talk.models import Message, Participant, Room, Session
from tests.api.helpers import (
    TIMESTAMP,
    assert_refused,
    put_in,
    rows,
    session_ids,
    user_types_of,
)
from tests.api.moderation import join_as_guest, last_activity, newest, put_in_call, told
from tests.factories import GroupFactory, UserFactory

NOBODY = "failed-to-get-session"
"""The actor of the removal of deleted accounts."""

Delete = Callable[[Any], None]


def delete_itself(user: Any) -> None:
    user.delete()


def delete_by_queryset(user: Any) -> None:
    get_user_model().objects.filter(pk=user.pk).delete()


def delete_in_admin(user: Any) -> None:
    admin = UserFactory(username="root", is_staff=True, is_superuser=True)
    browser = Client()
    browser.force_login(admin)
    path = f"/admin/auth/user/{user.pk}/delete/"
    assert browser.post(path, {"post": "yes"}).status_code == 302


@pytest.fixture(params=[delete_itself, delete_by_queryset, delete_in_admin])
def delete(request: pytest.FixtureRequest) -> Delete:
    """Delete an account in one of several ways."""

    def run(user: Any) -> None:
        request.param(get_user_model().objects.get(pk=user.pk))
        assert not get_user_model().objects.filter(pk=user.pk).exists()

    return run


def assert_nothing_is_left() -> None:
    """No room and no related row exists."""
    assert rows(Room, Participant, Session, Message) == [[], [], [], []]


class TestOneOfSeveral:
    """The room stays without the account."""

    @pytest.mark.parametrize("type", [1, 2, 3, 5])
    @pytest.mark.parametrize("room", ["public", "locked", "group"])
    def test_the_participant_is_removed_and_others_stay(
        self, bob, carol, request, delete: Delete, room, type
    ):
        token = request.getfixturevalue(room)
        put_in(token, bob, type=type)
        put_in(token, carol)
        delete(bob)
        assert user_types_of(token) == {"alice": 1, "carol": 3}

    def test_sessions_are_ended(self, as_alice, as_bob, bob, shared, delete: Delete):
        session_id = as_alice.join(shared)
        as_bob.join(shared)
        delete(bob)
        assert session_ids(shared) == {session_id}

    def test_others_no_longer_see_the_account(
        self, as_alice, bob, shared, delete: Delete
    ):
        delete(bob)
        assert set(as_alice.room(shared)["participants"]) == {"alice"}

    def test_the_removal_is_announced_without_an_actor(
        self, as_alice, bob, shared, delete: Delete
    ):
        delete(bob)
        assert told(as_alice, shared) == [("user_removed", NOBODY, "bob")]

    def test_the_message_names_the_user_by_id(
        self, as_alice, bob, shared, delete: Delete
    ):
        delete(bob)
        message = newest(as_alice, shared)
        assert message["actorType"] == "guests"
        assert message["actorId"] == NOBODY
        assert message["actorDisplayName"] == ""
        assert message["message"] == "{actor} removed {user} from the conversation"
        assert message["messageParameters"] == {
            "actor": {"type": "guest", "id": NOBODY, "name": "Guest"},
            "user": {"type": "user", "id": "bob", "name": "bob"},
        }

    def test_the_removal_is_activity(
        self, clock, as_alice, bob, shared, delete: Delete
    ):
        clock.shift(60)
        delete(bob)
        assert last_activity(as_alice, shared) == TIMESTAMP + 60

    def test_the_room_stays_without_an_owner(
        self, as_bob, alice, shared, delete: Delete
    ):
        delete(alice)
        assert user_types_of(shared) == {"bob": 3}
        assert told(as_bob, shared) == [("user_removed", NOBODY, "alice")]

    def test_all_rooms_of_the_account_are_left(
        self, as_alice, bob, delete: Delete, public, group, locked
    ):
        for token in (public, group):
            put_in(token, bob)
        delete(bob)
        for token in (public, group):
            assert told(as_alice, token) == [("user_removed", NOBODY, "bob")]
        assert told(as_alice, locked) == []

    def test_a_new_account_of_the_same_name_is_no_participant(
        self, bob, shared, delete: Delete
    ):
        delete(bob)
        UserFactory(username="bob")
        assert user_types_of(shared) == {"alice": 1}

    def test_the_call_ends_if_nobody_else_is_in_it(
        self, as_alice, as_bob, bob, shared, delete: Delete
    ):
        put_in_call(shared, as_bob.join(shared))
        delete(bob)
        assert as_alice.room(shared)["hasCall"] is False

    def test_the_call_continues_if_others_are_in_it(
        self, as_alice, as_bob, bob, shared, delete: Delete
    ):
        put_in_call(shared, as_alice.join(shared), as_bob.join(shared))
        delete(bob)
        assert as_alice.room(shared)["hasCall"] is True

    def test_deleting_an_account_without_rooms_changes_nothing(
        self, carol, shared, delete: Delete
    ):
        before = rows()
        delete(carol)
        assert rows() == before


class TestMessages:
    """Messages stay, without their actor."""

    def test_comments_stay(self, as_alice, as_bob, bob, shared, delete: Delete):
        as_bob.say(shared, "bye")
        delete(bob)
        _, message, *_ = as_alice.history(shared).data
        assert message["message"] == "bye"
        assert message["actorType"] == "deleted_users"
        assert message["actorId"] == "deleted_users"
        assert message["actorDisplayName"] == ""
        assert message["messageParameters"] == []

    def test_system_messages_of_the_account_stay(
        self, as_bob, alice, staff, delete: Delete
    ):
        delete(alice)
        _, added, created = as_bob.history(staff).data
        gone = {"type": "user", "id": "deleted_users", "name": "deleted_users"}
        for message in (added, created):
            assert message["actorType"] == "deleted_users"
            assert message["messageParameters"]["actor"] == gone
        assert added["systemMessage"] == "user_added"
        assert created["message"] == "{actor} created the conversation"

    def test_system_messages_about_the_account_keep_its_id(
        self, as_alice, bob, staff, delete: Delete
    ):
        delete(bob)
        _, added, _ = as_alice.history(staff).data
        user = {"type": "user", "id": "bob", "name": "bob"}
        assert added["message"] == "You added {user} to the conversation"
        assert added["messageParameters"]["user"] == user

    def test_messages_of_others_keep_their_actor(
        self, as_alice, bob, shared, delete: Delete
    ):
        as_alice.say(shared, "hello")
        delete(bob)
        _, message, *_ = as_alice.history(shared).data
        assert (message["actorType"], message["actorId"]) == ("users", "alice")

    def test_messages_of_a_former_participant_lose_their_actor(
        self, as_alice, as_carol, carol, public, delete: Delete
    ):
        as_carol.join(public)
        as_carol.say(public, "bye")
        as_carol.leave(public)
        delete(carol)
        message = newest(as_alice, public)
        assert (message["message"], message["actorId"]) == ("bye", "deleted_users")


class TestLast:
    """The room is deleted with its last permanent member."""

    @pytest.mark.parametrize("type", [1, 2, 3])
    @pytest.mark.parametrize("room", ["public", "locked", "group"])
    def test_the_room_of_the_only_member_is_deleted(
        self, as_alice, alice, request, delete: Delete, room, type
    ):
        token = request.getfixturevalue(room)
        Participant.objects.update(type=type)
        as_alice.join(token)
        as_alice.say(token, "hello")
        delete(alice)
        assert_nothing_is_left()

    def test_guests_and_self_joined_users_do_not_keep_the_room(
        self, alice, as_carol, as_guest, public, delete: Delete
    ):
        as_carol.join(public)
        as_guest.join(public)
        as_carol.say(public, "hello")
        delete(alice)
        assert_nothing_is_left()
        assert_refused(as_guest.get(f"/room/{public}"), 404)
        assert as_carol.get("/room").data == []

    def test_a_guest_of_the_room_keeps_the_name_in_other_rooms(
        self, alice, as_bob, as_guest, public, delete: Delete
    ):
        other = as_bob.create_room(type=3)
        for token in (public, other):
            as_guest.join(token)
            as_guest.post(f"/guest/{token}/name", displayName="Gwen")
        as_guest.say(other, "hello")
        delete(alice)
        assert newest(as_bob, other)["actorDisplayName"] == "Gwen"

    def test_a_guest_moderator_keeps_the_room(self, alice, public, delete: Delete):
        client, _ = join_as_guest(public, type=6)
        delete(alice)
        assert user_types_of(public) == {None: 6}
        assert told(client, public) == [("user_removed", NOBODY, "alice")]

    def test_other_rooms_stay(self, as_bob, alice, public, group, delete: Delete):
        token = as_bob.create_room(type=3)
        put_in(token, alice)
        delete(alice)
        assert list(Room.objects.values_list("token", flat=True)) == [token]
        assert user_types_of(token) == {"bob": 1}

    def test_all_members_deleted_at_once_leave_no_room_behind(
        self, alice, bob, as_bob, shared
    ):
        as_bob.say(shared, "hello")
        people = get_user_model().objects.filter(username__in=["alice", "bob"])
        people.delete()
        assert_nothing_is_left()

    def test_several_accounts_deleted_at_once_are_each_announced(
        self, as_alice, bob, carol, shared
    ):
        put_in(shared, carol)
        people = get_user_model().objects.filter(username__in=["carol", "bob"])
        people.delete()
        assert user_types_of(shared) == {"alice": 1}
        assert sorted(told(as_alice, shared)) == [
            ("user_removed", NOBODY, "bob"),
            ("user_removed", NOBODY, "carol"),
        ]


class TestSelfJoined:
    """Deleting a self-joined user removes only the participant."""

    def test_the_room_of_one_permanent_member_stays(
        self, as_alice, as_carol, carol, public, delete: Delete
    ):
        as_carol.join(public)
        delete(carol)
        assert user_types_of(public) == {"alice": 1}
        assert told(as_alice, public) == [("user_removed", NOBODY, "carol")]

    def test_the_room_without_permanent_members_stays(
        self, as_carol, carol, public, delete: Delete
    ):
        Participant.objects.all().delete()
        as_carol.join(public)
        delete(carol)
        assert Room.objects.filter(token=public).exists()


class TestPair:
    """A one-to-one room ends with either account."""

    @pytest.mark.parametrize("name", ["alice", "bob"])
    def test_the_room_is_deleted(
        self, as_alice, as_bob, request, pair, delete: Delete, name
    ):
        as_alice.say(pair, "hello")
        as_bob.say(pair, "hi")
        delete(request.getfixturevalue(name))
        assert_nothing_is_left()

    def test_the_other_user_gets_404(self, as_alice, bob, pair, delete: Delete):
        delete(bob)
        assert as_alice.get("/room").data == []
        assert_refused(as_alice.get(f"/room/{pair}"), 404)
        assert as_alice.history(pair).status == 404

    def test_both_deleted_at_once_leave_no_room_behind(self, alice, bob, pair):
        get_user_model().objects.all().delete()
        assert_nothing_is_left()

    def test_a_former_one_to_one_room_stays(
        self, as_alice, bob, carol, pair, delete: Delete
    ):
        as_alice.post(f"/room/{pair}/participants", newParticipant="carol")
        delete(bob)
        assert user_types_of(pair) == {"alice": 1, "carol": 3}


class TestObjects:
    """Rooms of the site's own objects stay."""

    @pytest.mark.parametrize("room", ["public", "group"])
    def test_the_room_of_the_only_member_stays(
        self, alice, request, delete: Delete, room
    ):
        token = request.getfixturevalue(room)
        rooms = Room.objects.filter(token=token)
        rooms.update(object_type="order", object_id="17")
        delete(alice)
        assert rooms.exists()
        assert user_types_of(token) == {}


class TestGroups:
    """Members of groups are copied when the group is added."""

    @pytest.fixture
    def team(self, as_alice: Any, bob: Any, carol: Any, public: str) -> Any:
        """A group whose members were added to the public room."""
        group = GroupFactory(name="team")
        group.user_set.add(bob, carol)
        path = f"/room/{public}/participants"
        as_alice.post(path, newParticipant="team", source="groups")
        assert user_types_of(public) == {"alice": 1, "bob": 3, "carol": 3}
        return group

    def test_a_deleted_group_changes_nothing(self, team):
        before = rows()
        team.delete()
        assert rows() == before

    def test_a_member_who_leaves_the_group_stays_in_the_room(self, team, bob):
        before = rows()
        team.user_set.remove(bob)
        assert rows() == before

    def test_a_new_member_of_the_group_is_not_in_the_room(self, team):
        dora = UserFactory(username="dora")
        before = rows()
        team.user_set.add(dora)
        assert rows() == before


class TestTransactions:
    """Accounts that are not deleted after all."""

    @pytest.mark.parametrize("room", ["shared", "pair"])
    def test_a_deletion_that_is_rolled_back_changes_nothing(self, bob, request, room):
        request.getfixturevalue(room)
        before = rows()
        with transaction.atomic():
            get_user_model().objects.get(pk=bob.pk).delete()
            transaction.set_rollback(True)
        assert rows() == before

    def test_a_disabled_account_stays_a_participant(self, bob, shared):
        before = rows()
        bob.is_active = False
        bob.save()
        assert rows() == before
