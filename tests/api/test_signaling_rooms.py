"""POST /signaling/backend: who enters rooms, leaves them, and is still there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from talk.constants import ParticipantType
from talk.models import Message, Participant, Room, Session
from tests.api.helpers import START, fill, rows
from tests.external_signaling import TALK, SignalingServer, error_of
from tests.factories import ParticipantFactory, RoomFactory, SessionFactory

pytestmark = pytest.mark.django_db

LATER = timedelta(seconds=50)


@pytest.fixture
def server() -> SignalingServer:
    """A signaling server that shares our secret."""
    return SignalingServer()


@pytest.fixture(autouse=True)
def one_server(settings: Any) -> None:
    """The site has configured it."""
    settings.TALK = TALK


def entered(token: str, name: str = "Room", type: int = 3) -> dict[str, Any]:
    """Return what the server is told of a room that somebody may enter."""
    properties = {"name": name, "type": type}
    room = {"version": "1.0", "roomid": token, "properties": properties}
    return {"type": "room", "room": room}


def pings(token: str) -> dict[str, Any]:
    """Return when each session of a room has pinged last."""
    sessions = Session.objects.filter(room__token=token)
    return dict(sessions.values_list("session_id", "last_ping"))


def session_ids(token: str) -> set[str]:
    """Return the ids of all sessions of a room."""
    return set(pings(token))


class TestEnter:
    """`room` without an action."""

    def test_a_participant(self, server, as_alice, public):
        session_id = as_alice.join(public)
        assert server.room(public, "alice", session_id) == entered(public)

    @pytest.mark.parametrize("user_id", ["", None, False])
    def test_a_guest(self, server, as_guest, public, user_id):
        session_id = as_guest.join(public)
        assert server.room(public, user_id, session_id) == entered(public)

    def test_a_self_joined_user(self, server, as_carol, public):
        session_id = as_carol.join(public)
        assert server.room(public, "carol", session_id) == entered(public)

    @pytest.mark.parametrize("action", ["join", "", None])
    def test_the_action_may_be_said(self, server, as_alice, public, action):
        session_id = as_alice.join(public)
        told = server.room(public, "alice", session_id, action=action)
        assert told == entered(public)

    def test_the_name_of_a_one_to_one_room_is_empty(self, server, as_alice, pair):
        session_id = as_alice.join(pair)
        assert server.room(pair, "alice", session_id) == entered(pair, "", 1)

    def test_an_invited_user_is_let_in_with_any_session(
        self, server, clock, as_bob, shared
    ):
        before = rows()
        assert server.room(shared, "bob", "no-session-of-ours") == entered(shared)
        assert rows() == before

    def test_a_session_of_the_room_is_let_in_with_any_user(
        self, server, as_guest, public, carol
    ):
        session_id = as_guest.join(public)
        assert server.room(public, "carol", session_id) == entered(public)
        assert server.room(public, "nobody", session_id) == entered(public)

    @pytest.mark.parametrize("user_id", ["carol", "nobody", ""])
    @pytest.mark.parametrize("room", ["public", "group"])
    def test_strangers_are_not(self, request, server, carol, room, user_id):
        token = request.getfixturevalue(room)
        assert error_of(server.room(token, user_id, "s")) == "no_such_room"
        assert error_of(server.room(token, user_id, "")) == "no_such_room"

    @pytest.mark.parametrize("token", ["abcd2345", "", "ABCD", "a" * 1000, "../x"])
    def test_a_room_that_does_not_exist(self, server, alice, token):
        assert error_of(server.room(token, "alice", "s")) == "no_such_room"

    def test_a_stranger_cannot_tell_which_rooms_there_are(self, server, carol, group):
        known = server.room(group, "carol", "s")
        assert known == server.room("abcd2345", "carol", "s")

    def test_a_session_of_another_room_does_not_count(self, server, as_guest, public):
        session_id = as_guest.join(RoomFactory().token)
        assert error_of(server.room(public, "", session_id)) == "no_such_room"

    def test_a_user_who_was_removed(self, server, as_alice, as_bob, shared):
        session_id = as_bob.join(shared)
        as_alice.delete(f"/room/{shared}/participants", participant="bob")
        assert error_of(server.room(shared, "bob", session_id)) == "no_such_room"

    def test_it_pings_the_session_alone(self, server, clock, as_alice, as_bob, shared):
        own, other = as_alice.join(shared), as_bob.join(shared)
        clock.shift(LATER)
        server.room(shared, "alice", own)
        assert pings(shared) == {own: START + LATER, other: START}

    def test_it_pings_no_session_of_somebody_else(
        self, server, clock, as_alice, as_bob, shared
    ):
        as_alice.join(shared)
        other = as_bob.join(shared)
        clock.shift(LATER)
        assert server.room(shared, "alice", other) == entered(shared)
        assert set(pings(shared).values()) == {START}

    def test_an_unknown_action_changes_nothing(self, server, clock, as_alice, public):
        session_id = as_alice.join(public)
        clock.shift(LATER)
        before = rows()
        told = server.room(public, "alice", session_id, action="dance")
        assert told == entered(public)
        assert rows() == before

    @pytest.mark.parametrize("people", [1, 20])
    def test_queries_do_not_depend_on_the_number_of_people(
        self, server, as_alice, public, people, django_assert_num_queries
    ):
        session_id = as_alice.join(public)
        fill(public, people)
        with django_assert_num_queries(5):
            server.room(public, "alice", session_id)


class TestLeave:
    """`room` with the action `leave`."""

    def test_a_user_is_disconnected_and_keeps_the_place(
        self, server, as_alice, alice, public
    ):
        session_id = as_alice.join(public)
        assert server.leave(public, "alice", session_id) == entered(public)
        assert session_ids(public) == set()
        assert Participant.objects.filter(room__token=public, user=alice).exists()
        assert as_alice.room(public)["sessionId"] == "0"

    def test_a_guest_is_gone(self, server, as_guest, public):
        session_id = as_guest.join(public)
        assert server.leave(public, "", session_id) == entered(public)
        assert not Participant.objects.filter(type=ParticipantType.GUEST).exists()
        assert error_of(server.leave(public, "", session_id)) == "no_such_room"

    def test_a_self_joined_user_is_gone(self, server, as_carol, carol, public):
        session_id = as_carol.join(public)
        assert server.leave(public, "carol", session_id) == entered(public)
        assert not Participant.objects.filter(user=carol).exists()

    def test_a_self_joined_users_other_device_stays(
        self, server, as_carol, carol, public
    ):
        session_id = as_carol.join(public)
        other = SessionFactory(participant=Participant.objects.get(user=carol))
        server.leave(public, "carol", session_id)
        assert session_ids(public) == {other.session_id}
        assert Participant.objects.filter(user=carol).exists()

    def test_a_participant_who_has_joined_again_stays(self, server, as_alice, public):
        old = as_alice.join(public)
        new = as_alice.join(public)
        before = rows()
        assert server.leave(public, "alice", old) == entered(public)
        assert rows() == before
        assert session_ids(public) == {new}

    def test_a_guest_who_has_joined_again_stays(self, server, as_guest, public):
        old = as_guest.join(public)
        new = as_guest.join(public)
        assert error_of(server.leave(public, "", old)) == "no_such_room"
        assert session_ids(public) == {new}

    def test_nobody_leaves_for_somebody_else(self, server, as_alice, as_bob, shared):
        own, other = as_alice.join(shared), as_bob.join(shared)
        assert server.leave(shared, "alice", other) == entered(shared)
        assert session_ids(shared) == {own, other}

    def test_twice_is_once(self, server, as_alice, public):
        session_id = as_alice.join(public)
        server.leave(public, "alice", session_id)
        before = rows()
        assert server.leave(public, "alice", session_id) == entered(public)
        assert rows() == before

    def test_the_last_one_ends_the_call(self, server, clock, as_alice, as_bob, shared):
        owner, other = as_alice.join(shared), as_bob.join(shared)
        Session.objects.filter(session_id=other).update(in_call=7)
        Room.objects.update(active_since=START)
        server.leave(shared, "alice", owner)
        assert Room.objects.get().active_since == START
        server.leave(shared, "bob", other)
        assert Room.objects.get().active_since is None

    def test_it_writes_nothing(self, server, as_guest, public):
        session_id = as_guest.join(public)
        before = Message.objects.count()
        server.leave(public, "", session_id)
        assert Message.objects.count() == before


class TestPing:
    """`ping`: who is still there."""

    def test_the_sessions_that_are_named(
        self, server, clock, as_alice, as_bob, as_guest, shared
    ):
        owner, other = as_alice.join(shared), as_bob.join(shared)
        guest = as_guest.join(shared)
        clock.shift(LATER)
        told = server.ping(
            shared, {"userid": "alice", "sessionid": owner}, {"sessionid": guest}
        )
        # The type is `room` here as well.
        assert told == {"type": "room", "room": {"version": "1.0", "roomid": shared}}
        now = START + LATER
        assert pings(shared) == {owner: now, guest: now, other: START}

    @pytest.mark.parametrize("nobody", [{}, {"userid": ""}, {"userid": None}])
    def test_guests_have_no_user(self, server, clock, as_guest, public, nobody):
        guest = as_guest.join(public)
        clock.shift(LATER)
        server.ping(public, {**nobody, "sessionid": guest})
        assert pings(public) == {guest: START + LATER}

    def test_a_session_of_another_room_is_ignored(
        self, server, clock, as_alice, as_guest, shared
    ):
        owner, guest = as_alice.join(shared), as_guest.join(shared)
        elsewhere = SessionFactory(last_ping=START)
        clock.shift(LATER)
        server.ping(
            shared,
            {"userid": "bob", "sessionid": owner},
            {"userid": "alice", "sessionid": guest},
            {"userid": "", "sessionid": "unknown"},
            {"userid": elsewhere.participant.user.username, "sessionid": ""},
            {
                "userid": elsewhere.participant.user.username,
                "sessionid": elsewhere.session_id,
            },
            {},
            None,
            "x",
        )
        assert set(pings(shared).values()) == {START}
        assert Session.objects.get(pk=elsewhere.pk).last_ping == START

    def test_an_empty_list(self, server, public):
        assert server.ping(public)["type"] == "room"

    @pytest.mark.parametrize("entries", [None, "x", {"userid": "alice"}, 1])
    def test_something_else_than_a_list(self, server, public, entries):
        ping = {"roomid": public, "entries": entries}
        assert server.ask({"type": "ping", "ping": ping})["type"] == "room"

    def test_a_room_that_does_not_exist(self, server):
        assert error_of(server.ping("abcd2345")) == "no_such_room"

    def test_it_keeps_people_alive(self, server, clock, as_guest, public):
        guest = as_guest.join(public)
        for _ in range(5):
            clock.shift(LATER)
            server.ping(public, {"sessionid": guest})
        assert as_guest.room(public)["sessionId"] == guest

    @pytest.mark.parametrize("people", [2, 50])
    def test_queries_do_not_depend_on_the_number_of_sessions(
        self, server, public, people, django_assert_max_num_queries
    ):
        room = Room.objects.get(token=public)
        sessions = [
            SessionFactory(participant=ParticipantFactory(room=room))
            for _ in range(people)
        ]
        entries = [
            {"userid": one.participant.user.username, "sessionid": one.session_id}
            for one in sessions
        ]
        with django_assert_max_num_queries(6):
            server.ping(public, *entries)
