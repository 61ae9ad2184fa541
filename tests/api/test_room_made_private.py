"""DELETE /room/{token}/public: what becomes of who is there only by the link."""

from __future__ import annotations

from functools import partial

import pytest

from talk.models import CallAttendance, Guest, Message, Participant, Room, Session
from tests.api.callers import (
    anonymous,
    guest,
    guest_moderator,
    self_joined,
    uninvited,
)
from tests.api.helpers import (
    START,
    assert_refused,
    keys,
    own_session_id,
    session_ids,
    user_types_of,
)
from tests.api.operations import make_private, make_public
from tests.api.room_requests import timeline
from tests.api.waits import while_waiting
from tests.client import TalkClient
from tests.factories import RoomFactory
from tests.threads import at_once
from tests.timelines import ids_of

BY_LINK = [self_joined, guest, guest_moderator]
"""Participants who are in a room only because it is public."""


class TestKicked:
    """Participants who came by the link are removed."""

    @pytest.mark.parametrize("caller", BY_LINK)
    def test_they_lose_place_and_session(self, as_alice, as_bob, shared, caller):
        caller(shared)
        kept = {client.join(shared) for client in (as_alice, as_bob)}
        make_private(as_alice, shared)
        assert user_types_of(shared) == {"alice": 1, "bob": 3}
        assert session_ids(shared) == kept

    @pytest.mark.parametrize("caller", BY_LINK)
    def test_they_find_nothing(self, as_alice, shared, caller):
        client = caller(shared)
        make_private(as_alice, shared)
        for answer in (
            client.get(f"/room/{shared}"),
            client.history(shared),
            client.poll(shared, after=0),
            client.post(f"/chat/{shared}", message="hello"),
            client.ask_to_join(shared),
            client.leave(shared),
        ):
            assert_refused(answer, 404)

    @pytest.mark.parametrize("caller", [guest, guest_moderator])
    def test_a_guest_who_waits_for_messages_gets_404(self, as_alice, shared, caller):
        client = caller(shared)

        def close() -> None:
            make_private(as_alice, shared)
            as_alice.say(shared, "among us")

        with while_waiting(close):
            answer = client.poll(shared, after=ids_of(shared)[-1], timeout=5)
        assert_refused(answer, 404)

    def test_a_member_who_waits_is_told(self, as_alice, as_bob, shared):
        with while_waiting(lambda: make_private(as_alice, shared)):
            answer = as_bob.poll(shared, after=ids_of(shared)[-1], timeout=5)
        assert keys(answer) == ["guests_disallowed"]

    def test_the_room_is_gone_from_the_list_of_a_self_joined_user(
        self, as_alice, shared
    ):
        carol = self_joined(shared)
        make_private(as_alice, shared)
        assert carol.get("/room").data == []

    def test_nothing_is_written_about_them(self, as_alice, shared):
        for caller in BY_LINK[:2]:
            caller(shared)
        make_private(as_alice, shared)
        expected = ["conversation_created", "guests_disallowed"]
        assert timeline(as_alice, shared) == expected

    def test_members_see_them_no_more(self, as_alice, shared):
        for caller in BY_LINK[:2]:
            caller(shared)
        make_private(as_alice, shared)
        room = as_alice.room(shared)
        assert set(room["participants"]) == {"alice", "bob"}
        assert (room["numGuests"], room["count"]) == (0, 0)

    def test_their_comments_stay_with_their_names(self, as_alice, as_carol, shared):
        client = guest(shared)
        Guest.objects.update(display_name="Zoe")
        as_carol.join(shared)
        client.say(shared, "hi")
        as_carol.say(shared, "hello")
        make_private(as_alice, shared)
        said = [m for m in as_alice.history(shared).data if not m["systemMessage"]]
        assert [m["message"] for m in said] == ["hello", "hi"]
        assert [m["actorDisplayName"] for m in said] == ["Carol Clark", "Zoe"]

    @pytest.mark.parametrize("caller", BY_LINK)
    def test_they_are_strangers_when_it_is_public_again(self, as_alice, shared, caller):
        client = caller(shared)
        make_private(as_alice, shared)
        make_public(as_alice, shared)
        assert own_session_id(client, shared) == "0"
        assert_refused(client.history(shared), 404)
        client.join(shared)
        assert client.history(shared).status == 200

    def test_settings_of_a_self_joined_user_are_lost(self, as_alice, shared):
        carol = self_joined(shared)
        Participant.objects.filter(type=5).update(favorite=True, notification_level=3)
        make_private(as_alice, shared)
        make_public(as_alice, shared)
        carol.join(shared)
        room = carol.room(shared)
        assert (room["isFavorite"], room["notificationLevel"]) == (False, 2)

    def test_guests_of_other_rooms_stay(self, as_alice, as_guest, public):
        other = RoomFactory().token
        as_guest.join(public)
        session_id = as_guest.join(other)
        make_private(as_alice, public)
        assert own_session_id(as_guest, other) == session_id

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.parametrize("caller", [uninvited, anonymous])
    def test_nobody_slips_in_at_the_last_moment(self, alice, public, caller):
        non_participant, client = caller(public), TalkClient(alice)
        join, closed = at_once(
            partial(non_participant.ask_to_join, public),
            partial(make_private, client, public),
        )
        assert closed.status == 200
        assert join.status in (200, 404)
        assert Participant.objects.get().user == alice
        assert not Session.objects.exists()


class TestKickedFromCall:
    """Participants who are removed while in a call."""

    @pytest.fixture
    def called(self, as_guest, public):
        """A public room with a running call that a guest is in."""
        as_guest.join(public)
        room = Room.objects.get()
        caller = Guest.objects.get()
        CallAttendance.objects.create(room=room, guest=caller, joined_at=START)
        Session.objects.update(in_call=7)
        Room.objects.update(active_since=START)
        return public

    def test_the_call_ends_when_nobody_is_left_in_it(self, as_alice, called):
        assert as_alice.room(called)["hasCall"] is True
        make_private(as_alice, called)
        assert as_alice.room(called)["hasCall"] is False

    def test_the_call_goes_on_while_somebody_is_left_in_it(
        self, clock, as_alice, alice, called
    ):
        as_alice.join(called)
        Session.objects.update(in_call=7)
        room = Room.objects.get()
        CallAttendance.objects.create(room=room, user=alice, joined_at=START)
        make_private(as_alice, called)
        assert as_alice.room(called)["hasCall"] is True
        assert "call_ended" not in timeline(as_alice, called)

    def test_a_call_of_one_guest_ends_without_a_message(self, as_alice, called):
        make_private(as_alice, called)
        assert not Message.objects.filter(system_message="call_ended").exists()

    def test_a_call_that_a_user_took_part_in_ends_with_a_message(
        self, as_alice, alice, called
    ):
        room = Room.objects.get()
        CallAttendance.objects.create(room=room, user=alice, joined_at=START)
        make_private(as_alice, called)
        assert timeline(as_alice, called).count("call_ended") == 1
