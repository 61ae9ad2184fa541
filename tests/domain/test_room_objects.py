"""Rooms of a site's own objects."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session as Basket
from django.utils import timezone

from talk.constants import ParticipantType, RoomType
from talk.domain import room_objects
from talk.domain.room_objects import find_room, get_or_create_room
from talk.exceptions import Invalid
from talk.models import Message, Participant, Room
from tests.api.helpers import assert_done
from tests.factories import GroupFactory, RoomFactory
from tests.threads import at_once

pytestmark = pytest.mark.django_db

UNSTORABLE = ["a\0b", "a\ud800b", "x" * 256]


@pytest.fixture
def team(db: None) -> Group:
    """An object of the site; any model would do."""
    return GroupFactory(name="team")


def basket(key: str, *, is_saved: bool = True) -> Basket:
    """Return an object with a text as its key, like a UUID."""
    found = Basket(session_key=key, session_data="", expire_date=timezone.now())
    found._state.adding = not is_saved
    return found


class TestFind:
    """`find_room`."""

    def test_none_is_returned_for_an_object_without_a_room(self, team):
        assert find_room(team) is None

    def test_the_room_of_an_object_is_found(self, team):
        room = get_or_create_room(team, name="Team")
        assert find_room(team) == room

    def test_another_object_of_the_model_does_not_have_it(self, team):
        get_or_create_room(team, name="Team")
        assert find_room(GroupFactory()) is None

    def test_an_object_of_another_model_with_the_same_key_does_not_have_it(self, team):
        get_or_create_room(team, name="Team")
        assert find_room(basket(str(team.pk))) is None

    def test_it_creates_no_room(self, team):
        find_room(team)
        assert not Room.objects.exists()


class TestCreate:
    """`get_or_create_room`."""

    def test_it_is_bound_by_the_models_label_and_the_objects_key(self, team):
        room = get_or_create_room(team, name="Team")
        room.refresh_from_db()
        assert (room.object_type, room.object_id) == ("auth.group", str(team.pk))
        assert room.is_bound

    def test_it_is_public_unless_another_type_is_asked_for(self, team):
        assert get_or_create_room(team, name="Team").type == RoomType.PUBLIC
        other = get_or_create_room(
            GroupFactory(), name="Team", room_type=RoomType.GROUP
        )
        assert other.type == RoomType.GROUP

    def test_its_first_message_tells_of_its_creation(self, team, alice):
        room = get_or_create_room(team, name="Team", owner=alice)
        message = Message.objects.get(room=room)
        assert message.system_message == "conversation_created"
        assert message.actor_user == alice

    def test_with_an_owner_the_owner_is_its_first_participant(self, team, alice):
        room = get_or_create_room(team, name="Team", owner=alice)
        participant = Participant.objects.get(room=room)
        assert (participant.user, participant.type) == (alice, ParticipantType.OWNER)

    def test_without_an_owner_it_has_no_participants(self, team):
        room = get_or_create_room(team, name="Team")
        assert not room.participants.exists()

    def test_without_an_owner_its_creation_has_no_actor(self, team):
        get_or_create_room(team, name="Team")
        message = Message.objects.get()
        assert message.actor_type == "guests"
        assert (message.actor_user, message.actor_guest) == (None, None)

    def test_the_second_time_it_is_the_same_room(self, team, alice, bob):
        first = get_or_create_room(team, name="Team", owner=alice)
        second = get_or_create_room(
            team, name="Other", owner=bob, room_type=RoomType.GROUP
        )
        assert second == first
        assert (second.name, second.type) == ("Team", RoomType.PUBLIC)
        assert Participant.objects.get().user == alice
        assert Message.objects.count() == 1

    def test_each_object_has_its_own(self, team):
        room = get_or_create_room(team, name="Team")
        assert get_or_create_room(GroupFactory(), name="Team") != room

    def test_a_caller_who_is_too_late_gets_the_room_of_the_other(
        self, team, monkeypatch
    ):
        room = get_or_create_room(team, name="Team")
        monkeypatch.setattr(room_objects, "find_room", lambda instance: None)
        assert get_or_create_room(team, name="Other") == room
        assert Room.objects.get().name == "Team"
        assert Message.objects.count() == 1

    def test_the_room_outlives_the_object(self, team):
        room = get_or_create_room(team, name="Team")
        team.delete()
        assert Room.objects.filter(pk=room.pk).exists()


class TestRefused:
    """Objects that no room can be bound to."""

    @pytest.mark.parametrize("act", [find_room, partial(get_or_create_room, name="x")])
    def test_an_object_without_a_key(self, act):
        with pytest.raises(Invalid):
            act(Group(name="team"))
        assert not Room.objects.exists()

    def test_an_object_that_has_a_key_but_is_not_saved(self):
        with pytest.raises(Invalid):
            get_or_create_room(basket("abc", is_saved=False), name="x")
        assert not Room.objects.exists()

    @pytest.mark.parametrize("act", [find_room, partial(get_or_create_room, name="x")])
    def test_a_key_of_more_than_64_characters(self, act):
        with pytest.raises(Invalid):
            act(basket("x" * 65))
        assert not Room.objects.exists()

    def test_64_characters_are_few_enough(self):
        room = get_or_create_room(basket("x" * 64), name="Basket")
        assert room.object_id == "x" * 64
        assert find_room(basket("x" * 64)) == room

    @pytest.mark.parametrize("name", UNSTORABLE)
    def test_a_name_that_no_room_can_have(self, team, name):
        with pytest.raises(Invalid):
            get_or_create_room(team, name=name)
        assert not Room.objects.exists()

    def test_255_characters_are_few_enough_for_a_name(self, team):
        assert get_or_create_room(team, name="x" * 255).name == "x" * 255


class TestOverHTTP:
    """The room as clients see it."""

    @pytest.fixture
    def room(self, team: Group, alice: Any) -> Room:
        """The team's room, which Alice owns."""
        return get_or_create_room(team, name="Team", owner=alice)

    def test_the_owner_sees_the_object(self, as_alice, team, room):
        shown = as_alice.room(room.token)
        assert shown["objectType"] == "auth.group"
        assert shown["objectId"] == str(team.pk)
        assert shown["participantType"] == 1

    def test_it_is_in_the_list(self, as_alice, team, room):
        (shown,) = as_alice.get("/room").data
        assert shown["objectType"] == "auth.group"
        assert shown["objectId"] == str(team.pk)

    def test_a_non_participant_sees_the_object(self, as_carol, team, room):
        shown = as_carol.room(room.token)
        assert shown["objectType"] == "auth.group"
        assert shown["objectId"] == str(team.pk)

    def test_other_rooms_have_no_object(self, as_alice, room):
        shown = as_alice.room(as_alice.create_room())
        assert (shown["objectType"], shown["objectId"]) == ("", "")

    def test_an_empty_room_can_be_joined(self, as_guest):
        room = get_or_create_room(GroupFactory(), name="Team")
        assert as_guest.join(room.token)

    def test_an_empty_private_room_is_not_found(self, as_alice, as_guest):
        private = RoomType.GROUP
        room = get_or_create_room(GroupFactory(), name="Team", room_type=private)
        for client in (as_alice, as_guest):
            assert client.ask_to_join(room.token).status == 404

    @pytest.mark.parametrize("clients", [1, 2])
    def test_it_survives_the_removal_of_its_last_participants(
        self, as_alice, as_carol, room, clients
    ):
        if clients == 2:
            as_carol.join(room.token)
            assert_done(as_carol.leave(room.token))
        assert_done(as_alice.delete(f"/room/{room.token}/participants/self"))
        assert Room.objects.filter(pk=room.pk).exists()
        assert not room.participants.exists()

    def test_it_survives_the_account_of_its_last_participant(self, alice, room):
        alice.delete()
        assert Room.objects.filter(pk=room.pk).exists()

    def test_other_rooms_are_deleted_then(self, as_alice):
        token = as_alice.create_room()
        assert_done(as_alice.delete(f"/room/{token}/participants/self"))
        assert not Room.objects.filter(token=token).exists()

    def test_its_owner_may_delete_it(self, as_alice, team, room):
        assert_done(as_alice.delete(f"/room/{room.token}"))
        assert find_room(team) is None

    def test_the_object_may_have_another_room_then(self, as_alice, team, room):
        assert_done(as_alice.delete(f"/room/{room.token}"))
        assert get_or_create_room(team, name="Again").token != room.token


class TestCosts:
    """Queries."""

    def test_finding_it_costs_one(self, team, django_assert_num_queries):
        get_or_create_room(team, name="Team")
        RoomFactory.create_batch(10)
        for get in (find_room, partial(get_or_create_room, name="Team")):
            with django_assert_num_queries(1):
                assert get(team) is not None


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    """Several calls at the same time."""

    def test_all_get_the_same_room(self, team, alice):
        ask = partial(get_or_create_room, team, name="Team", owner=alice)
        rooms = at_once(*[ask] * 8)
        assert {room.pk for room in rooms} == {Room.objects.get().pk}
        assert Participant.objects.count() == 1
        assert Message.objects.count() == 1
