"""/room/{token}/moderators: what promotions and demotions do, and what they tell."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from talk.models import Guest, Participant, Session
from tests.api.helpers import (
    TIMESTAMP,
    assert_done,
    hash_of,
    own_session_id,
    put_in,
    rows,
    user_types_of,
)
from tests.api.moderation import (
    demote,
    join_as_guest,
    last_activity,
    newest,
    promote,
    told,
    type_of,
    type_of_session,
)
from tests.client import TalkClient
from tests.threads import at_once

PROMOTED = [
    "You promoted {user} to moderator",
    "{actor} promoted you to moderator",
    "{actor} promoted {user} to moderator",
]
DEMOTED = [
    "You demoted {user} from moderator",
    "{actor} demoted you from moderator",
    "{actor} demoted {user} from moderator",
]
"""The text for the actor, for the affected participant, and for others."""

ALICE = {"type": "user", "id": "alice", "name": "Alice Adams"}
BOB = {"type": "user", "id": "bob", "name": "Bob Brown"}


def texts_for(token: str, *clients: TalkClient) -> list[str]:
    """Return the text of the newest message as each of them reads it."""
    return [newest(client, token)["message"] for client in clients]


class TestUsers:
    """Users become moderators and users again."""

    @pytest.mark.parametrize("room", ["public", "locked", "group"])
    def test_a_user_is_promoted_and_demoted_in_any_room(
        self, as_alice, as_bob, bob, request, room
    ):
        token = request.getfixturevalue(room)
        put_in(token, bob)
        assert_done(promote(as_alice, token, participant="bob"))
        assert as_bob.room(token)["participantType"] == 2
        assert_done(demote(as_alice, token, participant="bob"))
        assert as_bob.room(token)["participantType"] == 3

    def test_both_are_told_in_order(self, as_alice, shared):
        promote(as_alice, shared, participant="bob")
        demote(as_alice, shared, participant="bob")
        assert told(as_alice, shared) == [
            ("moderator_promoted", "alice", "bob"),
            ("moderator_demoted", "alice", "bob"),
        ]

    @pytest.mark.parametrize(
        ("change", "old", "texts"), [(promote, 3, PROMOTED), (demote, 2, DEMOTED)]
    )
    def test_everybody_reads_it_their_way(
        self, as_alice, as_bob, as_carol, bob, carol, public, change, old, texts
    ):
        put_in(public, bob, type=old)
        put_in(public, carol)
        change(as_alice, public, participant="bob")
        assert texts_for(public, as_alice, as_bob, as_carol) == texts

    @pytest.mark.parametrize(("change", "old"), [(promote, 3), (demote, 2)])
    def test_the_message_names_both(self, as_alice, bob, public, change, old):
        put_in(public, bob, type=old)
        change(as_alice, public, participant="bob")
        message = newest(as_alice, public)
        assert message["actorType"] == "users"
        assert message["actorId"] == "alice"
        assert message["messageParameters"] == {"actor": ALICE, "user": BOB}

    def test_a_guest_moderator_is_named_by_the_hash(self, as_bob, shared):
        client, session_id = join_as_guest(shared, type=6)
        assert_done(promote(client, shared, participant="bob"))
        message = newest(as_bob, shared)
        assert message["message"] == "{actor} promoted you to moderator"
        assert message["actorType"] == "guests"
        assert message["actorId"] == hash_of(session_id)
        assert message["messageParameters"] == {
            "actor": {"type": "guest", "id": hash_of(session_id), "name": "Guest"},
            "user": BOB,
        }
        assert newest(client, shared)["message"] == "You promoted {user} to moderator"

    @pytest.mark.parametrize(("change", "old"), [(promote, 3), (demote, 2)])
    def test_it_is_activity(self, clock, as_alice, bob, public, change, old):
        put_in(public, bob, type=old)
        clock.shift(60)
        change(as_alice, public, participant="bob")
        assert last_activity(as_alice, public) == TIMESTAMP + 60

    @pytest.mark.parametrize(("change", "old"), [(promote, 3), (demote, 2)])
    def test_nothing_else_of_the_place_changes(
        self, as_alice, as_bob, bob, public, change, old
    ):
        participant = put_in(public, bob, type=old, favorite=True, notification_level=3)
        as_bob.join(public)
        sessions = rows(Session)
        before = Participant.objects.filter(pk=participant.pk).values().get()
        change(as_alice, public, participant="bob")
        after = Participant.objects.filter(pk=participant.pk).values().get()
        assert after == {**before, "type": {3: 2, 2: 3}[old]}
        assert rows(Session) == sessions

    @pytest.mark.parametrize(("change", "old"), [(promote, 3), (demote, 2)])
    def test_nobody_elses_place_changes(
        self, as_alice, bob, carol, public, group, change, old
    ):
        for token in (public, group):
            put_in(token, bob, type=old)
            put_in(token, carol, type=old)
        change(as_alice, public, participant="bob")
        assert user_types_of(public) == {
            "alice": 1,
            "bob": {3: 2, 2: 3}[old],
            "carol": old,
        }
        assert user_types_of(group) == {"alice": 1, "bob": old, "carol": old}

    @pytest.mark.parametrize(
        ("change", "old", "new"), [(promote, 3, 2), (demote, 2, 3)]
    )
    @pytest.mark.django_db(transaction=True)
    def test_two_changes_at_once_change_a_participant_once(
        self, as_alice, bob, change, old, new
    ):
        token = as_alice.create_room(type=3)
        put_in(token, bob, type=old)
        answers = at_once(*[partial(change, as_alice, token, participant="bob")] * 2)
        assert sorted(answer.status for answer in answers) == [200, 412]
        assert type_of("bob") == new
        assert len(told(as_alice, token)) == 1


class TestGuests:
    """Guests become moderators and guests again."""

    def test_a_guest_is_promoted_and_demoted(self, as_alice, public):
        client, session_id = join_as_guest(public)
        assert_done(promote(as_alice, public, sessionId=session_id))
        assert client.room(public)["participantType"] == 6
        assert_done(demote(as_alice, public, sessionId=session_id))
        assert client.room(public)["participantType"] == 4

    def test_the_guest_stays_the_same(self, as_alice, public):
        client, session_id = join_as_guest(public)
        before = rows(Session, Guest)
        promote(as_alice, public, sessionId=session_id)
        assert own_session_id(client, public) == session_id
        assert rows(Session, Guest) == before

    def test_both_are_told_in_order(self, as_alice, public):
        _, session_id = join_as_guest(public)
        promote(as_alice, public, sessionId=session_id)
        demote(as_alice, public, sessionId=session_id)
        assert told(as_alice, public) == [
            ("guest_moderator_promoted", "alice", hash_of(session_id)),
            ("guest_moderator_demoted", "alice", hash_of(session_id)),
        ]

    @pytest.mark.parametrize(
        ("change", "old", "texts"), [(promote, 4, PROMOTED), (demote, 6, DEMOTED)]
    )
    def test_everybody_reads_it_their_way(
        self, as_alice, as_bob, as_guest, shared, change, old, texts
    ):
        client, session_id = join_as_guest(shared, type=old)
        as_guest.join(shared)
        change(as_alice, shared, sessionId=session_id)
        found = texts_for(shared, as_alice, client, as_bob, as_guest)
        assert found == [*texts, texts[-1]]

    @pytest.mark.parametrize(
        ("name", "shown"), [("", "Guest"), ("Gwen", "Gwen (guest)")]
    )
    @pytest.mark.parametrize(("change", "old"), [(promote, 4), (demote, 6)])
    def test_the_message_names_both(self, as_alice, public, change, old, name, shown):
        _, session_id = join_as_guest(public, type=old)
        Guest.objects.update(display_name=name)
        change(as_alice, public, sessionId=session_id)
        message = newest(as_alice, public)
        user = {"type": "guest", "id": hash_of(session_id), "name": shown}
        assert message["messageParameters"] == {"actor": ALICE, "user": user}

    def test_the_name_stays_in_the_message_when_the_guest_is_gone(
        self, as_alice, public
    ):
        client, session_id = join_as_guest(public)
        client.post(f"/guest/{public}/name", displayName="Gwen")
        promote(as_alice, public, sessionId=session_id)
        client.leave(public)
        user: dict[str, Any] = newest(as_alice, public)["messageParameters"]["user"]
        assert user["name"] == "Gwen (guest)"

    def test_it_is_activity(self, clock, as_alice, public):
        _, session_id = join_as_guest(public)
        clock.shift(60)
        promote(as_alice, public, sessionId=session_id)
        assert last_activity(as_alice, public) == TIMESTAMP + 60

    def test_other_guests_stay_as_they_are(self, as_alice, public):
        _, session_id = join_as_guest(public)
        _, other = join_as_guest(public)
        promote(as_alice, public, sessionId=session_id)
        assert type_of_session(other) == 4

    def test_a_guest_moderator_promotes_another_guest(self, public):
        client, own = join_as_guest(public, type=6)
        _, session_id = join_as_guest(public)
        assert_done(promote(client, public, sessionId=session_id))
        assert told(client, public) == [
            ("guest_moderator_promoted", hash_of(own), hash_of(session_id))
        ]

    def test_a_guest_moderator_who_joins_again_is_a_guest(self, as_alice, public):
        client, session_id = join_as_guest(public)
        promote(as_alice, public, sessionId=session_id)
        assert type_of_session(client.join(public)) == 4
