"""POST /room with an invite: one-to-one rooms, and rooms of a group's members."""

from __future__ import annotations

import pytest

from talk.constants import ParticipantType, RoomType
from talk.models import Room
from tests.api.helpers import (
    START,
    UNSTORABLE,
    assert_refused,
    put_in,
    system_messages_of,
    user_types_of,
)
from tests.factories import GroupFactory, UserFactory
from tests.threads import at_once


class TestOneToOne:
    """One-to-one rooms."""

    def test_a_one_to_one_room_is_created_with_201(self, as_alice, bob):
        answer = as_alice.post("/room", roomType=1, invite="bob")
        assert answer.status == 201
        assert answer.data == {
            "token": Room.objects.get().token,
            "name": "",
            "displayName": "Bob Brown",
        }

    def test_both_are_owners_of_a_one_to_one_room(self, as_alice, bob):
        token = as_alice.create_room(type=1, invite="bob")
        assert user_types_of(token) == {
            "alice": ParticipantType.OWNER,
            "bob": ParticipantType.OWNER,
        }

    def test_one_to_one_rooms_ignore_the_name(self, as_alice, bob):
        answer = as_alice.post("/room", roomType=1, invite="bob", roomName="Plan")
        assert answer.data["name"] == ""
        assert Room.objects.get().name == ""

    def test_a_one_to_one_room_begins_with_creation_and_invitation(self, as_alice, bob):
        token = as_alice.create_room(type=1, invite="bob")
        assert system_messages_of(as_alice, token) == [
            ("conversation_created", ""),
            ("user_added", "bob"),
        ]

    def test_the_creator_is_the_actor_of_the_system_messages(self, as_alice, bob):
        token = as_alice.create_room(type=1, invite="bob")
        actors = [message["actorId"] for message in as_alice.history(token).data]
        assert actors == ["alice", "alice"]

    def test_an_existing_one_to_one_room_is_200(self, as_alice, bob):
        token = as_alice.create_room(type=1, invite="bob")
        answer = as_alice.post("/room", roomType=1, invite="bob")
        assert answer.status == 200
        assert answer.meta["statuscode"] == 200
        assert answer.data == {"token": token, "name": "", "displayName": "Bob Brown"}

    def test_an_existing_one_to_one_room_is_the_same_for_the_other(
        self, as_alice, as_bob
    ):
        token = as_alice.create_room(type=1, invite="bob")
        answer = as_bob.post("/room", roomType=1, invite="alice")
        assert answer.status == 200
        assert answer.data == {
            "token": token,
            "name": "",
            "displayName": "Alice Adams",
        }

    def test_creating_an_existing_one_to_one_room_changes_nothing(
        self, clock, as_alice, bob
    ):
        token = as_alice.create_room(type=1, invite="bob")
        clock.shift(60)
        as_alice.create_room(type=1, invite="bob")
        room = Room.objects.get(token=token)
        assert room.last_activity == START
        assert room.messages.count() == 2
        assert room.participants.count() == 2

    def test_a_third_user_gets_another_one_to_one_room(self, as_alice, as_carol, bob):
        first = as_alice.create_room(type=1, invite="bob")
        answer = as_carol.post("/room", roomType=1, invite="bob")
        assert answer.status == 201
        assert answer.data["token"] != first

    def test_a_one_to_one_room_that_became_a_group_is_not_found_again(
        self, as_alice, bob
    ):
        first = as_alice.create_room(type=1, invite="bob")
        Room.objects.update(type=RoomType.GROUP, pair_key=None)
        answer = as_alice.post("/room", roomType=1, invite="bob")
        assert answer.status == 201
        assert answer.data["token"] != first

    def test_a_new_account_of_the_same_name_gets_a_new_one_to_one_room(
        self, as_alice, bob
    ):
        first = as_alice.create_room(type=1, invite="bob")
        bob.delete()
        UserFactory(username="bob")
        answer = as_alice.post("/room", roomType=1, invite="bob")
        assert answer.status == 201
        assert answer.data["token"] != first

    def test_a_named_group_of_two_is_no_one_to_one_room(self, as_alice, bob):
        put_in(as_alice.create_room(type=2), bob)
        assert as_alice.post("/room", roomType=1, invite="bob").status == 201

    @pytest.mark.parametrize(
        "parameters",
        [{"invite": "nobody"}, {"invite": ""}, {}, {"invite": "BOB"}, {"invite": "b%"}],
        ids=str,
    )
    def test_an_unknown_user_is_404(self, as_alice, bob, parameters):
        assert_refused(as_alice.post("/room", roomType=1, **parameters), 404)
        assert not Room.objects.exists()

    def test_a_disabled_account_is_404(self, as_alice):
        UserFactory(username="dora", is_active=False)
        assert_refused(as_alice.post("/room", roomType=1, invite="dora"), 404)
        assert not Room.objects.exists()

    def test_a_group_is_no_user(self, as_alice):
        GroupFactory(name="staff")
        assert_refused(as_alice.post("/room", roomType=1, invite="staff"), 404)

    def test_inviting_the_caller_is_403(self, as_alice):
        assert_refused(as_alice.post("/room", roomType=1, invite="alice"), 403)
        assert not Room.objects.exists()

    @pytest.mark.django_db(transaction=True)
    def test_two_users_who_create_their_room_at_once_get_200_and_201(
        self, as_alice, as_bob
    ):
        answers = at_once(
            lambda: as_alice.post("/room", roomType=1, invite="bob"),
            lambda: as_bob.post("/room", roomType=1, invite="alice"),
        )
        assert sorted(answer.status for answer in answers) == [200, 201]
        tokens = {answer.data["token"] for answer in answers}
        assert tokens == set(Room.objects.values_list("token", flat=True))


class TestGroup:
    """Rooms of a group's members."""

    def test_a_group_room_with_invite_is_named_after_the_group(self, as_alice):
        GroupFactory(name="Kitchen staff")
        answer = as_alice.post("/room", roomType=2, invite="Kitchen staff")
        assert answer.status == 201
        assert answer.data == {
            "token": Room.objects.get().token,
            "name": "Kitchen staff",
            "displayName": "Kitchen staff",
        }
        assert Room.objects.get().type == RoomType.GROUP

    def test_the_name_is_ignored_when_a_group_is_invited(self, as_alice):
        GroupFactory(name="staff")
        answer = as_alice.post("/room", roomType=2, invite="staff", roomName="Plan")
        assert answer.data["name"] == "staff"

    def test_an_unknown_group_is_404(self, as_alice):
        assert_refused(as_alice.post("/room", roomType=2, invite="nobody"), 404)
        assert not Room.objects.exists()

    def test_the_case_of_a_group_matters(self, as_alice):
        GroupFactory(name="staff")
        assert_refused(as_alice.post("/room", roomType=2, invite="Staff"), 404)

    def test_a_user_is_no_group(self, as_alice, bob):
        assert_refused(as_alice.post("/room", roomType=2, invite="bob"), 404)

    def test_a_creator_inside_the_group_is_owner_and_the_others_users(
        self, as_alice, alice, bob, carol
    ):
        GroupFactory(name="staff").user_set.add(alice, bob, carol)
        token = as_alice.create_room(type=2, invite="staff")
        assert user_types_of(token) == {
            "alice": ParticipantType.OWNER,
            "bob": ParticipantType.USER,
            "carol": ParticipantType.USER,
        }

    def test_a_creator_outside_the_group_is_owner_all_the_same(self, as_alice, bob):
        GroupFactory(name="staff").user_set.add(bob)
        token = as_alice.create_room(type=2, invite="staff")
        assert user_types_of(token) == {
            "alice": ParticipantType.OWNER,
            "bob": ParticipantType.USER,
        }

    def test_an_empty_group_adds_nobody(self, as_alice):
        GroupFactory(name="staff")
        token = as_alice.create_room(type=2, invite="staff")
        assert user_types_of(token) == {"alice": ParticipantType.OWNER}
        assert system_messages_of(as_alice, token) == [("conversation_created", "")]

    def test_a_group_of_the_creator_only_adds_nobody(self, as_alice, alice):
        GroupFactory(name="staff").user_set.add(alice)
        token = as_alice.create_room(type=2, invite="staff")
        assert user_types_of(token) == {"alice": ParticipantType.OWNER}
        assert system_messages_of(as_alice, token) == [("conversation_created", "")]

    def test_every_invited_member_is_announced_after_the_creation(
        self, as_alice, alice, bob, carol
    ):
        GroupFactory(name="staff").user_set.add(alice, bob, carol)
        token = as_alice.create_room(type=2, invite="staff")
        first, *rest = system_messages_of(as_alice, token)
        assert first == ("conversation_created", "")
        actors = {message["actorId"] for message in as_alice.history(token).data}
        assert actors == {"alice"}
        assert sorted(rest) == [("user_added", "bob"), ("user_added", "carol")]

    def test_disabled_members_of_the_group_are_not_added(self, as_alice):
        disabled = UserFactory(username="dora", is_active=False)
        GroupFactory(name="staff").user_set.add(disabled)
        token = as_alice.create_room(type=2, invite="staff")
        assert user_types_of(token) == {"alice": ParticipantType.OWNER}
        assert system_messages_of(as_alice, token) == [("conversation_created", "")]

    def test_members_of_other_groups_are_not_added(self, as_alice, bob):
        GroupFactory(name="staff")
        GroupFactory(name="others").user_set.add(bob)
        token = as_alice.create_room(type=2, invite="staff")
        assert "bob" not in user_types_of(token)

    def test_later_changes_of_the_group_have_no_effect(self, as_alice, bob, carol):
        group = GroupFactory(name="staff")
        group.user_set.add(bob)
        token = as_alice.create_room(type=2, invite="staff")
        group.user_set.set([carol])
        assert user_types_of(token) == {
            "alice": ParticipantType.OWNER,
            "bob": ParticipantType.USER,
        }


@pytest.mark.parametrize("type", [1, 2])
@pytest.mark.parametrize("invite", UNSTORABLE)
def test_an_invite_that_cannot_be_stored_is_refused(as_alice, type, invite):
    body = {"roomType": type, "invite": invite}
    answer = as_alice.post_json("/room", body)
    assert answer.status in (400, 404)
    assert not Room.objects.exists()
