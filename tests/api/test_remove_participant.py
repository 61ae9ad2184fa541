"""DELETE /room/{token}/participants: moderators remove users."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from talk.models import Message, Participant, Room, Session
from tests.api.callers import (
    Caller,
    guest,
    guest_moderator,
    invited,
)
from tests.api.helpers import (
    TIMESTAMP,
    UNSTORABLE,
    assert_done,
    assert_refused,
    hash_of,
    put_in,
    rows,
    session_ids,
    user_types_of,
)
from tests.api.moderation import (
    NO_TEXT,
    body_of,
    join_as_guest,
    last_activity,
    moderator,
    newest,
    put_in_call,
    send_json,
    told,
    type_of,
    was_in_call,
)
from tests.api.wire import PLACES, send
from tests.client import Answer, TalkClient
from tests.factories import UserFactory
from tests.threads import at_once

ALLOWED = [moderator, guest_moderator]
REFUSED = [invited, guest]


def remove(client: TalkClient, token: str, user_id: str = "bob") -> Answer:
    """Ask to remove somebody."""
    return client.delete(f"/room/{token}/participants", participant=user_id)


@pytest.fixture
def dora(db: None) -> Any:
    """A user whom callers want to remove."""
    return UserFactory(username="dora")


class TestAccess:
    """Access, beyond the authorisation matrix."""

    @pytest.mark.parametrize("type", [2, 3, 5])
    @pytest.mark.parametrize("caller", ALLOWED)
    def test_a_moderator_removes_anybody_but_owners(
        self, shared, dora, caller: Caller, type
    ):
        put_in(shared, dora, type=type)
        assert_done(remove(caller(shared), shared, "dora"))
        assert type_of("dora") is None

    @pytest.mark.parametrize("caller", REFUSED)
    @pytest.mark.parametrize("type", [1, 2, 3, 5])
    def test_a_participant_who_is_no_moderator_gets_403(
        self, shared, dora, caller: Caller, type
    ):
        put_in(shared, dora, type=type)
        client = caller(shared)
        before = rows()
        assert_refused(remove(client, shared, "dora"), 403)
        assert rows() == before

    @pytest.mark.parametrize("caller", REFUSED)
    def test_only_a_moderator_learns_that_a_user_is_not_in_the_room(
        self, shared, caller: Caller
    ):
        assert_refused(remove(caller(shared), shared, "nobody"), 403)

    def test_a_user_does_not_remove_themself_this_way(self, as_bob, shared):
        assert_refused(remove(as_bob, shared, "bob"), 403)
        assert type_of("bob") == 3

    @pytest.mark.parametrize("user_id", ["alice", "bob", "nobody"])
    def test_a_non_participant_gets_404(self, non_participant, shared, user_id):
        assert_refused(remove(non_participant, shared, user_id), 404)


class TestRequest:
    """Parameters, and the order of the checks."""

    @pytest.mark.parametrize("place", PLACES)
    def test_the_user_may_be_named_anywhere(self, as_alice, shared, place):
        path = f"/room/{shared}/participants"
        assert_done(send(as_alice, "DELETE", path, place, participant="bob"))
        assert user_types_of(shared) == {"alice": 1}

    @pytest.mark.parametrize("value", NO_TEXT)
    def test_without_a_text_it_is_400(self, as_alice, shared, value):
        before = rows()
        path = f"/room/{shared}/participants"
        body = body_of("participant", value)
        assert_refused(send_json(as_alice, "DELETE", path, body), 400)
        assert rows() == before

    def test_without_a_user_it_is_404_for_strangers(self, non_participant, public):
        assert_refused(non_participant.delete(f"/room/{public}/participants"), 404)

    @pytest.mark.parametrize("caller", REFUSED)
    def test_without_a_user_it_is_403_for_others(self, shared, caller: Caller):
        client = caller(shared)
        assert_refused(client.delete(f"/room/{shared}/participants"), 403)

    @pytest.mark.parametrize("user_id", ["nobody", "carol", "", "0", "BOB", "b%"])
    def test_somebody_who_is_not_there_is_404(self, as_alice, carol, shared, user_id):
        before = rows()
        assert_refused(remove(as_alice, shared, user_id), 404)
        assert rows() == before

    @pytest.mark.parametrize("user_id", UNSTORABLE)
    def test_somebody_who_cannot_be_stored_is_refused(self, as_alice, shared, user_id):
        before = rows()
        path = f"/room/{shared}/participants"
        answer = send_json(as_alice, "DELETE", path, {"participant": user_id})
        assert answer.status in (400, 404)
        assert rows() == before

    def test_somebody_of_another_room_is_404(self, as_alice, carol, shared):
        other = as_alice.create_room(type=3)
        put_in(other, carol)
        assert_refused(remove(as_alice, shared, "carol"), 404)
        assert user_types_of(other) == {"alice": 1, "carol": 3}

    def test_a_deleted_account_is_404(self, as_alice, bob, shared):
        bob.delete()
        assert_refused(remove(as_alice, shared), 404)

    def test_a_guest_is_not_found_among_users(self, as_alice, shared):
        _, session_id = join_as_guest(shared)
        before = rows()
        assert_refused(remove(as_alice, shared, session_id), 404)
        assert_refused(remove(as_alice, shared, hash_of(session_id)), 404)
        assert rows() == before


class TestOwners:
    """Nobody removes owners."""

    @pytest.mark.parametrize("caller", ALLOWED)
    @pytest.mark.parametrize("room", ["public", "locked"])
    def test_an_owner_is_not_removed(self, request, room, caller: Caller):
        token = request.getfixturevalue(room)
        client = caller(token)
        before = rows()
        assert_refused(remove(client, token, "alice"), 403)
        assert rows() == before

    def test_the_only_owner_keeps_the_group_room(self, as_alice, group):
        before = rows()
        assert_refused(remove(as_alice, group, "alice"), 403)
        assert rows() == before

    def test_the_partner_of_a_former_pair_is_an_owner(self, as_alice, carol, pair):
        as_alice.post(f"/room/{pair}/participants", newParticipant="carol")
        assert_refused(remove(as_alice, pair, "bob"), 403)
        assert user_types_of(pair) == {"alice": 1, "bob": 1, "carol": 3}

    def test_the_partner_of_a_pair_made_public_is_an_owner(self, as_alice, pair):
        assert_done(as_alice.post(f"/room/{pair}/public"))
        assert_refused(remove(as_alice, pair, "bob"), 403)
        assert user_types_of(pair) == {"alice": 1, "bob": 1}


class TestPair:
    """Removing somebody ends a one-to-one room, whoever is named."""

    @pytest.mark.parametrize("user_id", ["bob", "alice", "carol", "nobody", "", "0"])
    def test_the_whole_room_is_deleted(self, as_alice, carol, pair, user_id):
        as_alice.say(pair, "hello")
        assert_done(remove(as_alice, pair, user_id))
        assert rows(Room, Participant, Session, Message) == [[], [], [], []]

    def test_the_room_is_gone_for_both(self, as_alice, as_bob, pair):
        assert_done(remove(as_bob, pair, "alice"))
        for client in (as_alice, as_bob):
            assert client.get("/room").data == []
            assert_refused(client.get(f"/room/{pair}"), 404)

    def test_a_new_room_of_the_two_begins_from_scratch(self, as_alice, pair):
        as_alice.say(pair, "hello")
        remove(as_alice, pair)
        token = as_alice.create_room(type=1, invite="bob")
        assert token != pair
        assert told(as_alice, token) == [("user_added", "alice", "bob")]

    def test_other_rooms_of_the_two_stay(self, as_alice, shared, pair):
        remove(as_alice, pair)
        assert user_types_of(shared) == {"alice": 1, "bob": 3}


class TestEffects:
    """The effects of removing a user."""

    def test_the_user_has_no_place_and_no_session(self, as_alice, as_bob, shared):
        as_bob.join(shared)
        assert_done(remove(as_alice, shared))
        assert user_types_of(shared) == {"alice": 1}
        assert session_ids(shared) == set()

    def test_the_user_does_not_find_the_room_any_more(self, as_alice, as_bob, staff):
        as_bob.join(staff)
        remove(as_alice, staff)
        assert as_bob.get("/room").data == []
        assert_refused(as_bob.get(f"/room/{staff}"), 404)
        assert as_bob.history(staff).status == 404
        assert as_bob.post(f"/chat/{staff}", message="hi").status == 404
        assert_refused(as_bob.leave(staff), 404)

    def test_others_keep_place_and_session(self, as_alice, as_bob, as_guest, shared):
        sessions = {as_alice.join(shared), as_guest.join(shared)}
        as_bob.join(shared)
        remove(as_alice, shared)
        assert session_ids(shared) == sessions

    def test_the_user_keeps_places_in_other_rooms(self, as_alice, as_bob, bob, shared):
        other = as_alice.create_room(type=3)
        put_in(other, bob)
        session_id = as_bob.join(other)
        remove(as_alice, shared)
        assert user_types_of(other) == {"alice": 1, "bob": 3}
        assert session_ids(other) == {session_id}

    def test_one_message_says_that_the_user_was_removed(self, as_alice, shared):
        remove(as_alice, shared)
        assert told(as_alice, shared) == [("user_removed", "alice", "bob")]

    def test_the_message_names_both(self, as_alice, as_carol, carol, shared):
        put_in(shared, carol)
        remove(as_alice, shared)
        message = newest(as_carol, shared)
        assert message["actorType"] == "users"
        assert message["message"] == "{actor} removed {user} from the conversation"
        assert message["messageParameters"] == {
            "actor": {"type": "user", "id": "alice", "name": "Alice Adams"},
            "user": {"type": "user", "id": "bob", "name": "Bob Brown"},
        }
        message = newest(as_alice, shared)
        assert message["message"] == "You removed {user} from the conversation"

    def test_a_guest_moderator_is_named_by_the_hash(self, as_alice, shared):
        client, session_id = join_as_guest(shared, type=6)
        client.post(f"/guest/{shared}/name", displayName="Gwen")
        assert_done(remove(client, shared))
        message = newest(as_alice, shared)
        assert message["systemMessage"] == "user_removed"
        assert message["actorType"] == "guests"
        assert message["actorId"] == hash_of(session_id)
        assert message["messageParameters"]["actor"] == {
            "type": "guest",
            "id": hash_of(session_id),
            "name": "Gwen (guest)",
        }

    def test_a_moderator_who_removes_themself_has_left(self, as_alice, shared):
        assert_done(remove(moderator(shared), shared, "mona"))
        assert told(as_alice, shared) == [("user_removed", "mona", "mona")]
        assert newest(as_alice, shared)["message"] == "{actor} left the conversation"

    def test_a_removal_is_activity(self, clock, as_alice, shared):
        clock.shift(60)
        remove(as_alice, shared)
        assert last_activity(as_alice, shared) == TIMESTAMP + 60

    def test_messages_of_the_user_stay(self, as_alice, as_bob, shared):
        as_bob.say(shared, "bye")
        remove(as_alice, shared)
        _, message, *_ = as_alice.history(shared).data
        assert (message["message"], message["actorId"]) == ("bye", "bob")
        assert message["actorDisplayName"] == "Bob Brown"

    def test_the_user_may_come_back_by_the_link(self, as_alice, as_bob, shared):
        remove(as_alice, shared)
        as_bob.join(shared)
        assert type_of("bob") == 5

    def test_the_user_needs_the_password_then(self, as_alice, as_bob, bob, locked):
        put_in(locked, bob)
        remove(as_alice, locked)
        assert_refused(as_bob.ask_to_join(locked), 403)

    def test_a_second_removal_is_404(self, as_alice, shared):
        remove(as_alice, shared)
        before = rows()
        assert_refused(remove(as_alice, shared), 404)
        assert rows() == before

    def test_the_last_member_but_one_does_not_take_the_room_along(
        self, as_alice, staff
    ):
        assert_done(remove(as_alice, staff))
        assert as_alice.room(staff)["type"] == 2

    @pytest.mark.django_db(transaction=True)
    def test_a_user_removed_twice_at_once_is_removed_once(self, as_alice, bob):
        token = as_alice.create_room(type=3)
        put_in(token, bob)
        answers = at_once(*[partial(remove, as_alice, token)] * 2)
        assert sorted(answer.status for answer in answers) == [200, 404]
        assert told(as_alice, token) == [("user_removed", "alice", "bob")]


class TestCall:
    """Removing the last one in the call ends it."""

    def test_the_call_ends_before_the_removal_is_told(
        self, clock, as_alice, alice, as_bob, shared
    ):
        put_in_call(shared, as_bob.join(shared))
        was_in_call(shared, alice)
        clock.shift(30)
        assert_done(remove(as_alice, shared))
        assert told(as_alice, shared) == [
            ("call_ended", "alice", ""),
            ("user_removed", "alice", "bob"),
        ]
        assert as_alice.room(shared)["hasCall"] is False

    def test_the_end_names_who_took_part(self, clock, as_alice, alice, as_bob, shared):
        put_in_call(shared, as_bob.join(shared))
        was_in_call(shared, alice)
        clock.shift(30)
        remove(as_alice, shared)
        _, message, *_ = as_alice.history(shared).data
        assert message["message"] == "Call with {user1} and {user2} (Duration 0:30)"
        assert message["messageParameters"] == {
            "user1": {"type": "user", "id": "alice", "name": "Alice Adams"},
            "user2": {"type": "user", "id": "bob", "name": "Bob Brown"},
        }

    def test_a_call_of_one_ends_without_a_message(self, as_alice, as_bob, shared):
        put_in_call(shared, as_bob.join(shared))
        remove(as_alice, shared)
        assert told(as_alice, shared) == [("user_removed", "alice", "bob")]
        assert as_alice.room(shared)["hasCall"] is False

    def test_the_call_goes_on_when_somebody_is_left(self, as_alice, as_bob, shared):
        put_in_call(shared, as_alice.join(shared), as_bob.join(shared))
        remove(as_alice, shared)
        assert told(as_alice, shared) == [("user_removed", "alice", "bob")]
        assert as_alice.room(shared)["hasCall"] is True
