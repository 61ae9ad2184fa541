"""DELETE /room/{token}/participants/guests: moderators remove guests."""

from __future__ import annotations

from functools import partial

import pytest

from talk.models import Guest
from tests.api.callers import (
    Caller,
    guest,
    guest_moderator,
    invited,
)
from tests.api.helpers import (
    UNSTORABLE,
    assert_done,
    assert_refused,
    hash_of,
    own_session_id,
    put_in,
    rows,
    session_ids,
    timeline_of,
    user_types_of,
)
from tests.api.moderation import (
    NO_TEXT,
    body_of,
    join_as_guest,
    moderator,
    put_in_call,
    send_json,
    told,
    type_of_session,
    was_in_call,
)
from tests.api.wire import PLACES, send
from tests.client import Answer, TalkClient
from tests.threads import at_once

ALLOWED = [moderator, guest_moderator]
REFUSED = [invited, guest]


def remove_guest(client: TalkClient, token: str, session_id: str) -> Answer:
    """Ask to remove a guest."""
    path = f"/room/{token}/participants/guests"
    return client.delete(path, participant=session_id)


class TestAccess:
    """Access, beyond the authorisation matrix."""

    @pytest.mark.parametrize("type", [4, 6])
    @pytest.mark.parametrize("caller", ALLOWED)
    def test_a_moderator_removes_guests(self, shared, caller: Caller, type):
        client = caller(shared)
        _, session_id = join_as_guest(shared, type=type)
        assert_done(remove_guest(client, shared, session_id))
        assert session_id not in session_ids(shared)

    @pytest.mark.parametrize("caller", REFUSED)
    @pytest.mark.parametrize("session_id", ["", "0", "nobody"])
    def test_only_a_moderator_learns_that_a_session_is_unknown(
        self, shared, caller: Caller, session_id
    ):
        assert_refused(remove_guest(caller(shared), shared, session_id), 403)

    def test_a_guest_does_not_remove_themself_this_way(self, as_guest, public):
        session_id = as_guest.join(public)
        assert_refused(remove_guest(as_guest, public, session_id), 403)
        assert session_ids(public) == {session_id}


class TestRequest:
    """Parameters, and the order of the checks."""

    @pytest.mark.parametrize("place", PLACES)
    def test_the_guest_may_be_named_anywhere(self, as_alice, public, place):
        _, session_id = join_as_guest(public)
        path = f"/room/{public}/participants/guests"
        assert_done(send(as_alice, "DELETE", path, place, participant=session_id))
        assert session_ids(public) == set()

    @pytest.mark.parametrize("value", NO_TEXT)
    def test_without_a_text_it_is_400(self, as_alice, as_guest, public, value):
        as_guest.join(public)
        before = rows()
        path = f"/room/{public}/participants/guests"
        body = body_of("participant", value)
        assert_refused(send_json(as_alice, "DELETE", path, body), 400)
        assert rows() == before

    def test_without_a_guest_it_is_404_for_strangers(self, non_participant, public):
        answer = non_participant.delete(f"/room/{public}/participants/guests")
        assert_refused(answer, 404)

    @pytest.mark.parametrize("caller", REFUSED)
    def test_without_a_guest_it_is_403_for_others(self, shared, caller: Caller):
        answer = caller(shared).delete(f"/room/{shared}/participants/guests")
        assert_refused(answer, 403)

    @pytest.mark.parametrize("session_id", ["", "0", "nobody", "alice", "x" * 512])
    def test_an_unknown_session_is_404(self, as_alice, as_guest, public, session_id):
        as_guest.join(public)
        before = rows()
        assert_refused(remove_guest(as_alice, public, session_id), 404)
        assert rows() == before

    @pytest.mark.parametrize("session_id", UNSTORABLE)
    def test_a_session_that_cannot_be_stored_is_refused(
        self, as_alice, as_guest, public, session_id
    ):
        as_guest.join(public)
        before = rows()
        path = f"/room/{public}/participants/guests"
        answer = send_json(as_alice, "DELETE", path, {"participant": session_id})
        assert answer.status in (400, 404)
        assert rows() == before

    def test_the_public_id_of_a_guest_is_no_session(self, as_alice, public):
        _, session_id = join_as_guest(public)
        before = rows()
        assert_refused(remove_guest(as_alice, public, hash_of(session_id)), 404)
        assert rows() == before

    def test_a_guest_of_another_room_is_404(self, as_alice, public):
        other = as_alice.create_room(type=3)
        _, session_id = join_as_guest(other)
        assert_refused(remove_guest(as_alice, public, session_id), 404)
        assert session_ids(other) == {session_id}

    def test_a_guest_who_left_is_404(self, as_alice, public):
        client, session_id = join_as_guest(public)
        client.leave(public)
        assert_refused(remove_guest(as_alice, public, session_id), 404)

    @pytest.mark.parametrize("room", ["group", "pair"])
    def test_there_are_no_guests_in_private_rooms(self, as_alice, request, room):
        token = request.getfixturevalue(room)
        before = rows()
        assert_refused(remove_guest(as_alice, token, "nobody"), 404)
        assert rows() == before

    @pytest.mark.parametrize("type", [1, 2, 3, 5])
    def test_a_user_is_no_guest(self, as_alice, as_bob, bob, public, type):
        put_in(public, bob, type=type)
        session_id = as_bob.join(public)
        before = rows()
        assert_refused(remove_guest(as_alice, public, session_id), 403)
        assert rows() == before

    def test_the_partner_of_a_pair_is_no_guest(self, as_alice, as_bob, pair):
        session_id = as_bob.join(pair)
        before = rows()
        assert_refused(remove_guest(as_alice, pair, session_id), 403)
        assert rows() == before

    def test_an_owner_does_not_remove_themself_this_way(self, as_alice, public):
        session_id = as_alice.join(public)
        before = rows()
        assert_refused(remove_guest(as_alice, public, session_id), 403)
        assert rows() == before

    def test_a_guest_moderator_does_not_remove_themself(self, public):
        client, session_id = join_as_guest(public, type=6)
        before = rows()
        assert_refused(remove_guest(client, public, session_id), 403)
        assert rows() == before


class TestEffects:
    """The effects of removing a guest."""

    def test_the_guest_is_a_stranger_again(self, as_alice, public):
        client, session_id = join_as_guest(public)
        remove_guest(as_alice, public, session_id)
        assert own_session_id(client, public) == "0"
        assert_refused(client.get(f"/room/{public}/participants"), 404)
        assert client.history(public).status == 404
        assert client.post(f"/chat/{public}", message="hi").status == 404
        assert client.post(f"/guest/{public}/name", displayName="G").status == 404
        assert_refused(client.leave(public), 404)

    def test_the_guest_is_not_counted_any_more(self, as_alice, public):
        _, session_id = join_as_guest(public)
        remove_guest(as_alice, public, session_id)
        found = as_alice.room(public)
        assert (found["numGuests"], found["count"]) == (0, 0)

    def test_others_keep_place_and_session(self, as_alice, as_bob, as_guest, shared):
        sessions = {as_alice.join(shared), as_bob.join(shared), as_guest.join(shared)}
        _, session_id = join_as_guest(shared)
        remove_guest(as_alice, shared, session_id)
        assert session_ids(shared) == sessions
        assert user_types_of(shared) == {"alice": 1, "bob": 3, None: 4}

    def test_the_guest_stays_in_other_rooms(self, as_alice, public):
        client, session_id = join_as_guest(public)
        other = as_alice.create_room(type=3)
        elsewhere = client.join(other)
        remove_guest(as_alice, public, session_id)
        assert own_session_id(client, other) == elsewhere

    def test_nothing_is_told_and_it_is_no_activity(self, clock, as_alice, public):
        _, session_id = join_as_guest(public)
        clock.shift(60)
        before = timeline_of(public)
        assert_done(remove_guest(as_alice, public, session_id))
        assert timeline_of(public) == before

    def test_messages_keep_the_name_of_the_guest(self, as_alice, public):
        client, session_id = join_as_guest(public)
        client.post(f"/guest/{public}/name", displayName="Gwen")
        client.say(public, "bye")
        remove_guest(as_alice, public, session_id)
        (message, *_) = as_alice.history(public).data
        assert message["message"] == "bye"
        assert message["actorId"] == hash_of(session_id)
        assert message["actorDisplayName"] == "Gwen"

    def test_the_guest_may_come_back_as_somebody_else(self, as_alice, public):
        client, first = join_as_guest(public, type=6)
        remove_guest(as_alice, public, first)
        second = client.join(public)
        assert second != first
        assert type_of_session(second) == 4
        assert Guest.objects.count() == 2

    def test_the_guest_needs_the_password_then(self, as_alice, locked):
        client = guest(locked)
        (session_id,) = session_ids(locked)
        remove_guest(as_alice, locked, session_id)
        assert_refused(client.ask_to_join(locked), 403)

    def test_a_second_removal_is_404(self, as_alice, public):
        _, session_id = join_as_guest(public)
        remove_guest(as_alice, public, session_id)
        assert_refused(remove_guest(as_alice, public, session_id), 404)

    @pytest.mark.django_db(transaction=True)
    def test_a_guest_removed_twice_at_once_is_removed_once(self, as_alice):
        token = as_alice.create_room(type=3)
        _, session_id = join_as_guest(token)
        answers = at_once(*[partial(remove_guest, as_alice, token, session_id)] * 2)
        assert sorted(answer.status for answer in answers) == [200, 404]
        assert session_ids(token) == set()


class TestCall:
    """Removing the last one in the call ends it."""

    def test_a_call_with_a_user_ends_with_a_message(
        self, clock, as_alice, alice, public
    ):
        _, session_id = join_as_guest(public)
        put_in_call(public, session_id)
        was_in_call(public, alice)
        clock.shift(30)
        remove_guest(as_alice, public, session_id)
        (message, *_) = as_alice.history(public).data
        assert message["systemMessage"] == "call_ended"
        assert message["actorId"] == "alice"
        assert message["message"] == "Call with {user1} and 1 guest (Duration 0:30)"
        assert message["messageParameters"] == {
            "user1": {"type": "user", "id": "alice", "name": "Alice Adams"}
        }
        assert as_alice.room(public)["hasCall"] is False

    def test_a_call_of_guests_alone_ends_without_a_message(self, as_alice, public):
        _, session_id = join_as_guest(public)
        put_in_call(public, session_id)
        remove_guest(as_alice, public, session_id)
        assert told(as_alice, public) == []
        assert as_alice.room(public)["hasCall"] is False

    def test_the_call_goes_on_when_somebody_is_left(self, as_alice, public):
        _, session_id = join_as_guest(public)
        put_in_call(public, session_id, as_alice.join(public))
        remove_guest(as_alice, public, session_id)
        assert told(as_alice, public) == []
        assert as_alice.room(public)["hasCall"] is True
