"""Changes of rooms by the site's staff, and their effects for participants."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from django.contrib.auth.hashers import check_password
from django.utils import timezone

from talk import signals
from talk.constants import ParticipantType, RoomType
from talk.domain import room_administration
from talk.domain.access import Actor
from talk.domain.room_administration import RoomChanges
from talk.exceptions import (
    Invalid,
    NotAllowed,
    NotFound,
    NotSupported,
    PreconditionFailed,
)
from talk.models import Participant, Room, Session
from tests.api.helpers import SECRET, put_guest_in, put_in, set_password
from tests.client import TalkClient
from tests.factories import UserFactory
from tests.hearing import teller

pytestmark = pytest.mark.django_db

GONE = 10**9


@pytest.fixture
def ada(db: None) -> Any:
    """A member of the site's staff, who is in no room."""
    return UserFactory(username="ada", first_name="Ada", last_name="Admin")


@pytest.fixture
def by(ada: Any) -> Actor:
    return Actor(user=ada)


@pytest.fixture
def token(as_alice: TalkClient, bob: Any) -> str:
    """A public room of Alice's with Bob in it."""
    token = as_alice.create_room(type=3, name="Old")
    put_in(token, bob)
    return token


def pk(token: str) -> int:
    return Room.objects.get(token=token).pk


def place_of(token: str, user: Any) -> Participant:
    return Participant.objects.get(room__token=token, user=user)


def newest(client: TalkClient, token: str, count: int = 1) -> list[str]:
    """Return the newest messages, newest first, as other users than the actor see them."""
    found = client.history(token, limit=count).data
    actors = {message["actorDisplayName"] for message in found}
    assert actors == {"Ada Admin"}
    return [message["systemMessage"] for message in found]


class TestChangeRoom:
    """Type, name and password in one transaction."""

    def change(self, token: str, by: Actor, **changes: Any) -> None:
        room_administration.change_room(
            room_id=pk(token),
            actor=by,
            changes=RoomChanges(**changes),
            now=timezone.now(),
        )

    def test_participants_see_the_new_name(self, token, by, as_bob):
        self.change(token, by, name="New")
        assert as_bob.room(token)["name"] == "New"
        assert newest(as_bob, token) == ["conversation_renamed"]

    def test_signals_name_the_actor(
        self, token, by, django_capture_on_commit_callbacks
    ):
        told = teller(django_capture_on_commit_callbacks)
        change = partial(self.change, token, by, name="New")
        (news,) = told(signals.room_renamed, change)
        assert (news["actor"], news["new_name"]) == (by, "New")

    @pytest.mark.parametrize("name", ["", "a" * 201, "a\0b"])
    def test_a_name_that_no_room_can_have_is_invalid(self, token, by, name, as_bob):
        with pytest.raises(Invalid):
            self.change(token, by, name=name)
        assert as_bob.room(token)["name"] == "Old"

    def test_one_to_one_rooms_have_no_name(self, as_alice, bob, by):
        token = as_alice.create_room(type=1, invite="bob")
        with pytest.raises(NotSupported):
            self.change(token, by, name="New")

    def test_non_participants_need_the_password(self, token, by, as_bob, as_guest):
        self.change(token, by, password=SECRET)
        assert as_guest.ask_to_join(token).status == 403
        assert as_guest.ask_to_join(token, password=SECRET).status == 200
        assert newest(as_bob, token) == ["password_set"]

    def test_an_empty_password_removes_it(self, token, by, as_bob, as_guest):
        set_password(token)
        self.change(token, by, password="")
        assert as_guest.ask_to_join(token).status == 200
        assert newest(as_bob, token) == ["password_removed"]

    def test_a_private_room_gets_no_password(self, as_alice, by):
        token = as_alice.create_room(type=2)
        with pytest.raises(NotAllowed):
            self.change(token, by, password=SECRET)

    def test_a_room_becomes_public_and_gets_a_password(self, as_alice, by, as_guest):
        token = as_alice.create_room(type=2)
        self.change(token, by, type=RoomType.PUBLIC, password=SECRET, name="New")
        assert check_password(SECRET, Room.objects.get(token=token).password)
        assert as_guest.ask_to_join(token).status == 403
        assert newest(as_alice, token, 3) == [
            "password_set",
            "conversation_renamed",
            "guests_allowed",
        ]

    def test_a_one_to_one_room_becomes_a_group(self, as_alice, bob, by):
        token = as_alice.create_room(type=1, invite="bob")
        self.change(token, by, type=RoomType.GROUP, name="New")
        assert as_alice.room(token)["type"] == RoomType.GROUP
        assert as_alice.room(token)["name"] == "New"

    def test_no_room_becomes_one_to_one(self, token, by):
        with pytest.raises(Invalid):
            self.change(token, by, type=RoomType.ONE_TO_ONE)

    def test_all_properties_are_changed_or_none(self, as_alice, by):
        token = as_alice.create_room(type=2, name="Old")
        with pytest.raises(NotAllowed):
            self.change(token, by, name="New", password=SECRET)
        assert as_alice.room(token)["name"] == "Old"

    def test_unchanged_properties_add_no_message(self, token, by, as_alice):
        before = as_alice.history(token).data
        self.change(token, by, type=RoomType.PUBLIC, name="Old", password="")
        assert as_alice.history(token).data == before

    def test_the_same_password_adds_no_message(self, token, by, as_alice):
        set_password(token)
        before = as_alice.history(token).data
        self.change(token, by, password=SECRET)
        assert as_alice.history(token).data == before

    def test_another_password_adds_a_message(self, token, by, as_bob):
        set_password(token)
        self.change(token, by, password="another")
        assert newest(as_bob, token) == ["password_set"]


class TestRooms:
    """Actions on a whole room."""

    def test_make_public(self, as_alice, as_guest, by):
        token = as_alice.create_room(type=2)
        now = timezone.now()
        assert room_administration.make_public(room_id=pk(token), actor=by, now=now)
        assert as_guest.ask_to_join(token).status == 200
        assert newest(as_alice, token) == ["guests_allowed"]
        assert not room_administration.make_public(room_id=pk(token), actor=by, now=now)

    def test_make_private(self, token, as_alice, as_guest, by):
        as_guest.join(token)
        now = timezone.now()
        assert room_administration.make_private(room_id=pk(token), actor=by, now=now)
        assert as_guest.get(f"/chat/{token}").status == 404
        assert newest(as_alice, token) == ["guests_disallowed"]
        assert not room_administration.make_private(
            room_id=pk(token), actor=by, now=now
        )

    def test_clear_password(self, token, as_alice, as_guest, by):
        set_password(token)
        now = timezone.now()
        assert room_administration.clear_password(room_id=pk(token), actor=by, now=now)
        assert as_guest.ask_to_join(token).status == 200
        assert newest(as_alice, token) == ["password_removed"]
        assert not room_administration.clear_password(
            room_id=pk(token), actor=by, now=now
        )

    def test_end_call(self, token, as_alice, as_bob):
        for client in (as_alice, as_bob):
            client.join(token)
            client.post(f"/call/{token}")
        assert room_administration.end_call(room_id=pk(token), now=timezone.now())
        assert as_alice.get(f"/call/{token}").data == []
        assert as_alice.room(token)["hasCall"] is False
        assert as_alice.room(token)["participantFlags"] == 0
        (summary,) = as_alice.history(token, limit=1).data
        assert summary["systemMessage"] == "call_ended"

    def test_end_call_without_a_call(self, token, as_alice):
        before = as_alice.history(token).data
        assert not room_administration.end_call(room_id=pk(token), now=timezone.now())
        assert as_alice.history(token).data == before

    def test_disconnect_everybody(self, token, as_alice, as_carol, as_guest, by):
        for client in (as_alice, as_carol, as_guest):
            client.join(token)
            client.post(f"/call/{token}")
        now = timezone.now()
        ended = room_administration.disconnect_everybody(
            room_id=pk(token), actor=by, now=now
        )
        assert ended == 3
        assert not Session.objects.exists()
        assert as_alice.room(token)["hasCall"] is False
        assert sorted(as_alice.room(token)["participants"]) == ["alice", "bob"]
        assert as_guest.get(f"/chat/{token}").status == 404

    def test_disconnected_users_were_last_seen_then(self, token, as_alice, by):
        as_alice.join(token)
        now = timezone.now()
        room_administration.disconnect_everybody(room_id=pk(token), actor=by, now=now)
        assert as_alice.room(token)["lastPing"] > 0

    def test_disconnect_everybody_in_an_empty_room(self, token, by):
        now, room_id = timezone.now(), pk(token)
        ended = room_administration.disconnect_everybody(
            room_id=room_id, actor=by, now=now
        )
        assert ended == 0

    def test_remove_guests(self, token, as_alice, as_carol, as_guest, by):
        as_guest.join(token)
        as_carol.join(token)
        moderator = put_guest_in(token)
        Participant.objects.filter(pk=moderator.pk).update(
            type=ParticipantType.GUEST_MODERATOR
        )
        now, room_id = timezone.now(), pk(token)
        assert (
            room_administration.remove_guests(room_id=room_id, actor=by, now=now) == 2
        )
        assert as_guest.get(f"/chat/{token}").status == 404
        assert "carol" in as_alice.room(token)["participants"]

    def test_delete_room(self, token, as_alice, by):
        room_administration.delete_room(room_id=pk(token), actor=by)
        assert as_alice.get(f"/room/{token}").status == 404

    def test_the_signal_names_who_deleted_it(
        self, token, by, django_capture_on_commit_callbacks
    ):
        told = teller(django_capture_on_commit_callbacks)
        delete = partial(room_administration.delete_room, room_id=pk(token), actor=by)
        (news,) = told(signals.room_deleted, delete)
        assert news["actor"] == by

    @pytest.mark.parametrize(
        "name",
        [
            "make_public",
            "make_private",
            "clear_password",
            "disconnect_everybody",
            "remove_guests",
        ],
    )
    def test_a_room_that_is_gone_is_not_found(self, name, by):
        with pytest.raises(NotFound):
            getattr(room_administration, name)(
                room_id=GONE, actor=by, now=timezone.now()
            )


class TestParticipants:
    """Actions on a participant."""

    def do(self, name: str, participant: Participant, by: Actor) -> None:
        work = getattr(room_administration, name)
        work(participant_id=participant.pk, actor=by, now=timezone.now())

    def test_promote_and_demote_a_user(self, token, as_bob, bob, by):
        self.do("promote", place_of(token, bob), by)
        assert as_bob.room(token)["participantType"] == ParticipantType.MODERATOR
        assert newest(as_bob, token) == ["moderator_promoted"]
        self.do("demote", place_of(token, bob), by)
        assert as_bob.room(token)["participantType"] == ParticipantType.USER
        assert newest(as_bob, token) == ["moderator_demoted"]

    def test_promote_and_demote_a_guest(self, token, as_alice, by):
        participant = put_guest_in(token)
        self.do("promote", participant, by)
        assert newest(as_alice, token) == ["guest_moderator_promoted"]
        self.do("demote", participant, by)
        assert newest(as_alice, token) == ["guest_moderator_demoted"]

    @pytest.mark.parametrize("name", ["promote", "demote"])
    def test_owners_stay_what_they_are(self, name, token, alice, by):
        with pytest.raises(PreconditionFailed):
            self.do(name, place_of(token, alice), by)

    def test_remove_a_user(self, token, as_alice, as_bob, bob, by):
        self.do("remove_participant", place_of(token, bob), by)
        assert as_bob.get("/room").data == []
        assert newest(as_alice, token) == ["user_removed"]

    def test_remove_an_owner(self, token, as_alice, as_bob, alice, by):
        self.do("remove_participant", place_of(token, alice), by)
        assert as_alice.get("/room").data == []
        assert newest(as_bob, token) == ["user_removed"]

    def test_the_room_is_deleted_with_its_last_participant(self, as_alice, alice, by):
        token = as_alice.create_room(type=2)
        self.do("remove_participant", place_of(token, alice), by)
        assert not Room.objects.exists()

    def test_a_one_to_one_room_is_deleted_with_either_participant(
        self, as_alice, as_bob, bob, by
    ):
        token = as_alice.create_room(type=1, invite="bob")
        self.do("remove_participant", place_of(token, bob), by)
        assert as_alice.get("/room").data == []

    @pytest.mark.parametrize("name", ["promote", "demote", "remove_participant"])
    def test_a_removed_participant_is_not_found(self, name, by):
        with pytest.raises(NotFound):
            self.do(name, Participant(pk=GONE), by)
