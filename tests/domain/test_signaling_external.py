"""Updates for external signaling servers, and their order."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from talk.domain import events, signaling_external
from talk.domain.access import NOBODY
from talk.domain.cleanup import clean_up
from talk.domain.signaling_external import is_configured
from talk.models import Room, Session
from tests.api.helpers import make_pinged_before, put_in
from tests.client import TalkClient
from tests.external_signaling import (
    SERVER,
    TALK,
    Told,
    content,
    kinds,
    properties,
    teller,
)
from tests.factories import GroupFactory, SessionFactory

pytestmark = pytest.mark.django_db

MESSAGE = {
    "type": "message",
    "message": {"data": {"type": "chat", "chat": {"refresh": True}}},
}


@pytest.fixture(autouse=True)
def one_server(settings: Any) -> None:
    """The site has a signaling server."""
    settings.TALK = TALK


@pytest.fixture
def told(monkeypatch: Any, django_capture_on_commit_callbacks: Any) -> Told:
    """Returns the requests to the server that an action causes."""
    return teller(monkeypatch, django_capture_on_commit_callbacks)


@pytest.fixture
def public(as_alice: TalkClient) -> str:
    """A public room of Alice's, with nobody else in it."""
    return as_alice.create_room(type=3)


@pytest.fixture
def shared(public: str, bob: Any) -> str:
    """A public room of Alice's with Bob in it."""
    put_in(public, bob)
    return public


class TestInvite:
    """Participants were added."""

    def test_a_new_room_invites_its_owner(self, told, as_alice):
        sent = told(as_alice.create_room)
        assert kinds(sent) == ["message", "invite"]
        assert content(sent, "invite") == {
            "userids": ["alice"],
            "alluserids": ["alice"],
            "properties": properties(),
        }

    def test_a_one_to_one_room_invites_both(self, told, as_alice, bob):
        sent = told(partial(as_alice.create_room, type=1, invite="bob"))
        assert content(sent, "invite") == {
            "userids": ["alice", "bob"],
            "alluserids": ["alice", "bob"],
            "properties": properties("", 1),
        }

    def test_an_added_user_is_invited(self, told, as_alice, public, bob, carol):
        put_in(public, carol)
        add = partial(
            as_alice.post, f"/room/{public}/participants", newParticipant="bob"
        )
        sent = told(add)
        assert sorted(kinds(sent)) == ["invite", "message"]
        invited = content(sent, "invite")
        assert invited["userids"] == ["bob"]
        assert sorted(invited["alluserids"]) == ["alice", "bob", "carol"]
        assert invited["properties"] == properties()

    def test_a_group_is_one_request(self, told, as_alice, public, bob, carol):
        GroupFactory(name="staff").user_set.add(bob, carol)
        add = partial(
            as_alice.post,
            f"/room/{public}/participants",
            newParticipant="staff",
            source="groups",
        )
        assert sorted(content(told(add), "invite")["userids"]) == ["bob", "carol"]

    def test_a_self_joined_user_is_invited(self, told, as_carol, public):
        sent = told(lambda: as_carol.join(public))
        assert kinds(sent) == ["invite"]
        assert content(sent, "invite")["userids"] == ["carol"]

    def test_a_participant_who_joins_is_not_invited(self, told, as_alice, public):
        assert told(lambda: as_alice.join(public)) == []
        assert told(lambda: as_alice.join(public)) == []

    def test_guests_who_join_are_not_invited(self, told, as_guest, public):
        assert told(lambda: as_guest.join(public)) == []

    def test_guests_are_not_among_all_users(self, told, as_guest, as_carol, public):
        as_guest.join(public)
        sent = told(lambda: as_carol.join(public))
        assert content(sent, "invite")["alluserids"] == ["alice", "carol"]

    def test_a_user_who_is_removed_before_it_is_sent_is_not_invited(
        self, told, as_carol, public
    ):
        def act():
            as_carol.join(public)
            as_carol.leave(public)

        assert kinds(told(act)) == ["disinvite"]

    def test_an_all_digit_id_is_a_text(self, told, as_alice, public):
        from tests.factories import UserFactory

        UserFactory(username="1234")
        add = partial(
            as_alice.post, f"/room/{public}/participants", newParticipant="1234"
        )
        assert content(told(add), "invite")["userids"] == ["1234"]


class TestDisinvite:
    """Participants were removed."""

    def test_a_user_who_is_removed(self, told, as_alice, as_bob, shared):
        as_bob.join(shared)
        remove = partial(
            as_alice.delete, f"/room/{shared}/participants", participant="bob"
        )
        sent = told(remove)
        assert kinds(sent) == ["disinvite", "message"]
        assert content(sent, "disinvite") == {
            "userids": ["bob"],
            "alluserids": ["alice"],
            "properties": properties(),
        }

    def test_a_user_who_leaves_for_good(self, told, as_bob, shared):
        sent = told(partial(as_bob.delete, f"/room/{shared}/participants/self"))
        assert content(sent, "disinvite")["userids"] == ["bob"]

    def test_a_self_joined_user_who_leaves(self, told, as_carol, public):
        as_carol.join(public)
        sent = told(lambda: as_carol.leave(public))
        assert kinds(sent) == ["disinvite"]
        assert content(sent, "disinvite")["userids"] == ["carol"]

    def test_a_participant_who_only_disconnects_is_not_disinvited(
        self, told, as_bob, shared
    ):
        as_bob.join(shared)
        assert told(lambda: as_bob.leave(shared)) == []

    def test_a_guest_who_is_removed(self, told, as_alice, as_guest, public):
        session_id = as_guest.join(public)
        path = f"/room/{public}/participants/guests"
        sent = told(partial(as_alice.delete, path, participant=session_id))
        assert kinds(sent) == ["disinvite", "participants"]
        assert content(sent, "disinvite") == {
            "sessionids": [session_id],
            "alluserids": ["alice"],
            "properties": properties(),
        }
        listed = content(sent, "participants")
        assert listed["changed"] == []
        assert [one["userId"] for one in listed["users"]] == ["alice"]

    def test_a_guest_who_leaves(self, told, as_guest, public):
        session_id = as_guest.join(public)
        sent = told(lambda: as_guest.leave(public))
        assert kinds(sent) == ["disinvite", "participants"]
        assert content(sent, "disinvite")["sessionids"] == [session_id]

    def test_a_guest_who_joins_again_keeps_the_connection(self, told, as_guest, public):
        as_guest.join(public)
        sent = told(lambda: as_guest.join(public))
        assert kinds(sent) == ["participants"]

    def test_everyone_who_is_removed_when_a_room_becomes_private(
        self, told, as_alice, as_carol, as_guest, public
    ):
        as_carol.join(public)
        session_id = as_guest.join(public)
        sent = told(partial(as_alice.delete, f"/room/{public}/public"))
        assert kinds(sent) == [
            "update",
            "disinvite",
            "disinvite",
            "participants",
            "message",
        ]
        users, guests = (one["disinvite"] for one in sent if "disinvite" in one)
        assert users["userids"] == ["carol"]
        assert guests["sessionids"] == [session_id]
        assert users["properties"] == guests["properties"] == properties(type=2)

    def test_a_guest_whose_session_is_dead(self, told, as_guest, public):
        session_id = as_guest.join(public)
        make_pinged_before(public, seconds=1000)
        sent = told(lambda: clean_up(now=timezone.now()))
        assert content(sent, "disinvite")["sessionids"] == [session_id]
        assert content(sent, "participants")["changed"] == []

    def test_a_user_whose_account_is_deleted(self, told, bob, shared):
        sent = told(bob.delete)
        assert content(sent, "disinvite")["userids"] == ["bob"]

    def test_a_user_who_is_back_before_it_is_sent_is_not_disinvited(
        self, told, as_carol, public
    ):
        as_carol.join(public)

        def act():
            as_carol.leave(public)
            as_carol.join(public)

        assert kinds(told(act)) == ["invite"]


class TestUpdate:
    """A room or a participant's type has changed."""

    def test_another_name(self, told, as_alice, shared):
        sent = told(partial(as_alice.put, f"/room/{shared}", roomName="New"))
        assert kinds(sent) == ["update", "message"]
        assert content(sent, "update") == {
            "userids": ["alice", "bob"],
            "properties": properties("New"),
        }

    def test_the_same_name_is_no_update(self, told, as_alice, shared):
        assert told(partial(as_alice.put, f"/room/{shared}", roomName="Room")) == []

    def test_a_password(self, told, as_alice, shared):
        path = f"/room/{shared}/password"
        sent = told(partial(as_alice.put, path, password="open sesame"))
        assert content(sent, "update")["userids"] == ["alice", "bob"]
        assert "sesame" not in str(sent)

    def test_another_type(self, told, as_alice):
        token = as_alice.create_room(type=2)
        sent = told(partial(as_alice.post, f"/room/{token}/public"))
        assert content(sent, "update")["properties"] == properties(type=3)

    def test_promoting_and_demoting_a_user(self, told, as_alice, shared):
        path = f"/room/{shared}/moderators"
        for act in (as_alice.post, as_alice.delete):
            sent = told(partial(act, path, participant="bob"))
            assert kinds(sent) == ["update", "message"]
            assert content(sent, "update")["userids"] == ["alice", "bob"]

    def test_promoting_and_demoting_a_guest(self, told, as_alice, as_guest, public):
        session_id = as_guest.join(public)
        path = f"/room/{public}/moderators"
        for act in (as_alice.post, as_alice.delete):
            sent = told(partial(act, path, sessionId=session_id))
            assert kinds(sent) == ["update", "message"]
            assert content(sent, "update")["userids"] == ["alice"]

    def test_own_preferences_are_no_update(self, told, as_alice, public):
        assert told(partial(as_alice.post, f"/room/{public}/favorite")) == []
        assert told(partial(as_alice.post, f"/room/{public}/notify", level=3)) == []


class TestDelete:
    """A room was deleted."""

    def test_it_lists_all_users_of_the_room(self, told, as_alice, as_guest, shared):
        as_guest.join(shared)
        sent = told(partial(as_alice.delete, f"/room/{shared}"))
        assert sent == [{"type": "delete", "delete": {"userids": ["alice", "bob"]}}]

    def test_a_room_that_is_deleted_with_its_last_participant(
        self, told, as_alice, public
    ):
        sent = told(partial(as_alice.delete, f"/room/{public}/participants/self"))
        assert sent == [{"type": "delete", "delete": {"userids": ["alice"]}}]

    def test_a_one_to_one_room_that_is_deleted_with_an_account(
        self, told, as_alice, bob
    ):
        as_alice.create_room(type=1, invite="bob")
        sent = told(bob.delete)
        assert content(sent, "delete")["userids"] == ["alice", "bob"]


class TestMessage:
    """Messages were added."""

    @pytest.mark.parametrize("who", ["alice", "guest"])
    def test_a_comment_is_announced(self, request, told, public, who):
        client = request.getfixturevalue(f"as_{who}")
        client.join(public)
        sent = told(partial(client.say, public, "hello"))
        assert sent == [MESSAGE]
        assert "hello" not in str(sent)

    def test_every_message_is_announced(self, told, as_alice, public):
        def act():
            for _ in range(3):
                as_alice.say(public, "hello")

        assert told(act) == [MESSAGE] * 3

    def test_reading_is_no_update(self, told, as_alice, public):
        assert told(partial(as_alice.history, public)) == []


class TestCosts:
    """Costs and failures; without a server there are no queries."""

    @pytest.fixture
    def room(self, shared: str) -> Room:
        """A room with somebody in its call."""
        room = Room.objects.get(token=shared)
        for participant in room.participants.all():
            SessionFactory(participant=participant, in_call=7)
        return room

    def record_all(self, room: Room) -> None:
        """Record an event of every kind that has updates for a server."""
        participants = list(room.participants.with_names())
        with transaction.atomic():
            for event in [
                events.ParticipantsAdded(
                    room=room, actor=NOBODY, participants=participants
                ),
                events.RoomRenamed(room=room, actor=NOBODY, old="", new="New"),
                events.ParticipantsRemoved(
                    room=room, actor=None, participants=participants
                ),
                events.RoomDeleted(room=room, actor=NOBODY),
                events.InCallFlagsChanged(room=room, session_ids=["s"]),
                events.SessionsEnded(room_id=room.pk, sessions=Session.objects.all()),
                events.MessagesAppended(room_id=room.pk, token=room.token, position=1),
            ]:
                events.record(event)

    @pytest.mark.parametrize(
        "talk",
        [{}, {"SIGNALING_SERVERS": [{**SERVER, "secret": ""}]}],
        ids=["no server", "no secret"],
    )
    def test_without_a_server_nothing_is_queried_or_sent(
        self, settings, told, room, talk, django_assert_num_queries
    ):
        settings.TALK = talk
        assert not is_configured()
        with django_assert_num_queries(3):  # the places and a savepoint's two
            assert told(lambda: self.record_all(room)) == []

    def test_rolled_back_changes_send_nothing(self, told, room):
        assert is_configured()

        def act():
            with transaction.atomic():
                self.record_all(room)
                transaction.set_rollback(True)

        assert told(act) == []

    def test_a_broken_signaling_queue_fails_no_request(
        self, monkeypatch, django_capture_on_commit_callbacks, as_alice, public, caplog
    ):
        def fail(**_: Any) -> None:
            raise RuntimeError("out of threads")

        monkeypatch.setattr(signaling_external, "queue_requests", fail)
        with (
            caplog.at_level(logging.ERROR, logger="django"),
            django_capture_on_commit_callbacks(execute=True),
        ):
            assert as_alice.post(f"/chat/{public}", message="hello").status == 201
        assert "out of threads" in caplog.text
