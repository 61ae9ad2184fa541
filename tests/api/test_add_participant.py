"""POST /room/{token}/participants: access, and effects of adding users.

Groups and e-mail addresses have modules of their own.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from talk.models import Message, Participant, Room
from tests.api.helpers import (
    TIMESTAMP,
    UNSTORABLE,
    assert_done,
    assert_login_needed,
    assert_refused,
    put_in,
    rows,
    unread,
    user_types_of,
)
from tests.api.moderation import (
    KEEPS_CAROL_APART,
    NO_TEXT,
    body_of,
    last_activity,
    newest,
    told,
    type_of,
)
from tests.api.wire import PLACES, send
from tests.client import Answer, TalkClient
from tests.factories import GroupFactory, UserFactory
from tests.threads import at_once

SOURCES = ["users", "groups", "emails"]


def add(client: TalkClient, token: str, user_id: str = "carol", **rest: Any) -> Answer:
    """Request to add a user."""
    return client.post(f"/room/{token}/participants", newParticipant=user_id, **rest)


@pytest.fixture
def dora(db: None) -> Any:
    """The user to add."""
    return UserFactory(username="dora", first_name="Dora", last_name="Dean")


@pytest.mark.usefixtures("dora")
class TestAccess:
    """Access, beyond the authorisation matrix."""

    def test_a_promoted_user_may_add(self, as_bob, bob, public):
        put_in(public, bob, type=2)
        assert_done(add(as_bob, public, "dora"))
        assert user_types_of(public) == {"alice": 1, "bob": 2, "dora": 3}


class TestRequest:
    """Parameters, and the order of checks."""

    @pytest.mark.parametrize("place", PLACES)
    def test_the_user_may_be_sent_anywhere(self, as_alice, carol, public, place):
        path = f"/room/{public}/participants"
        assert_done(send(as_alice, "POST", path, place, newParticipant="carol"))
        assert type_of("carol") == 3

    def test_a_number_names_a_user_by_its_digits(self, as_alice, public):
        UserFactory(username="7")
        path = f"/room/{public}/participants"
        assert_done(as_alice.post_json(path, {"newParticipant": 7}))
        assert user_types_of(public) == {"alice": 1, "7": 3}

    @pytest.mark.parametrize("value", NO_TEXT)
    @pytest.mark.parametrize("source", SOURCES)
    def test_without_a_text_it_is_400(self, as_alice, bob, public, source, value):
        body = {**body_of("newParticipant", value), "source": source}
        before = rows()
        answer = as_alice.post_json(f"/room/{public}/participants", body)
        assert_refused(answer, 400)
        assert rows() == before

    def test_without_a_user_it_is_401_for_guests(self, as_guest, public):
        as_guest.join(public)
        assert_login_needed(as_guest.post(f"/room/{public}/participants"))

    def test_without_a_user_it_is_404_for_non_participants(self, as_carol, public):
        assert_refused(as_carol.post(f"/room/{public}/participants"), 404)

    def test_without_a_user_it_is_403_for_users(self, as_bob, shared):
        assert_refused(as_bob.post(f"/room/{shared}/participants"), 403)

    @pytest.mark.parametrize("source", ["", "circles", "user", "Users", "0", "guests"])
    @pytest.mark.parametrize("user_id", ["carol", "nobody", "alice"])
    def test_an_unknown_source_is_400(self, as_alice, carol, public, source, user_id):
        before = rows()
        assert_refused(add(as_alice, public, user_id, source=source), 400)
        assert rows() == before

    def test_an_unknown_source_is_400_even_with_a_valid_flag(
        self, as_alice, carol, public
    ):
        assert_refused(add(as_alice, public, source="circles", isGroup="true"), 400)

    def test_an_unknown_source_is_404_for_non_participants(self, as_carol, public):
        assert_refused(add(as_carol, public, source="circles"), 404)

    def test_an_unknown_source_is_403_for_users(self, as_bob, shared):
        assert_refused(add(as_bob, shared, source="circles"), 403)

    @pytest.mark.parametrize(
        "parameters",
        [
            {"isGroup": "false"},
            {"isGroup": "0"},
            {"isGroup": ""},
            {"source": "users"},
            {"source": "users", "isGroup": "true"},
            {"source": "users", "isGroup": "false"},
        ],
        ids=str,
    )
    def test_these_parameters_name_a_user(self, as_alice, carol, public, parameters):
        GroupFactory(name="carol").user_set.add(UserFactory(username="dora"))
        assert_done(add(as_alice, public, **parameters))
        assert user_types_of(public) == {"alice": 1, "carol": 3}

    def test_null_as_source_and_flag_names_a_user(self, as_alice, carol, public):
        body = {"newParticipant": "carol", "source": None, "isGroup": None}
        assert_done(as_alice.post_json(f"/room/{public}/participants", body))
        assert user_types_of(public) == {"alice": 1, "carol": 3}

    @pytest.mark.parametrize("user_id", ["nobody", "", "CAROL", "c%", " carol"])
    def test_an_unknown_user_is_404(self, as_alice, carol, public, user_id):
        before = rows()
        assert_refused(add(as_alice, public, user_id), 404)
        assert rows() == before

    @pytest.mark.parametrize("user_id", UNSTORABLE)
    def test_an_id_that_cannot_be_stored_is_refused(self, as_alice, public, user_id):
        before = rows()
        body = {"newParticipant": user_id}
        answer = as_alice.post_json(f"/room/{public}/participants", body)
        assert answer.status in (400, 404)
        assert rows() == before

    def test_a_group_is_no_user(self, as_alice, public):
        GroupFactory(name="staff")
        assert_refused(add(as_alice, public, "staff"), 404)

    def test_an_address_is_no_user(self, as_alice, public):
        UserFactory(email="carol@example.org")
        assert_refused(add(as_alice, public, "carol@example.org"), 404)

    def test_a_disabled_account_is_404(self, as_alice, public):
        UserFactory(username="dora", is_active=False)
        before = rows()
        assert_refused(add(as_alice, public, "dora"), 404)
        assert rows() == before

    def test_a_user_whom_the_site_separates_is_404(
        self, as_alice, carol, public, settings
    ):
        settings.TALK = KEEPS_CAROL_APART
        before = rows()
        assert_refused(add(as_alice, public), 404)
        assert rows() == before

    def test_a_user_whom_the_site_does_not_separate_is_added(
        self, as_alice, bob, public, settings
    ):
        settings.TALK = KEEPS_CAROL_APART
        assert_done(add(as_alice, public, "bob"))


class TestEffects:
    """Effects of adding a user to a group or public room."""

    @pytest.mark.parametrize("room", ["public", "locked", "group"])
    def test_the_user_is_a_participant_and_the_room_keeps_its_type(
        self, as_alice, as_carol, request, room
    ):
        token = request.getfixturevalue(room)
        before = as_alice.room(token)["type"]
        assert_done(add(as_alice, token))
        found = as_carol.room(token)
        assert (found["type"], found["participantType"]) == (before, 3)

    def test_the_added_user_lists_the_room(self, as_alice, as_carol, group):
        add(as_alice, group)
        (found,) = as_carol.get("/room").data
        assert found["token"] == group

    def test_all_participants_see_each_other(
        self, as_alice, as_bob, as_carol, bob, public
    ):
        put_in(public, bob, type=2)
        add(as_bob, public)
        for client in (as_alice, as_bob, as_carol):
            (found,) = client.get("/room").data
            assert set(found["participants"]) == {"alice", "bob", "carol"}

    def test_an_added_user_is_not_connected(self, as_alice, as_carol, public):
        add(as_alice, public)
        found = as_carol.room(public)
        assert (found["sessionId"], found["lastPing"]) == ("0", 0)

    def test_an_added_user_has_neither_favourite_nor_level(
        self, as_alice, as_carol, public
    ):
        add(as_alice, public)
        found = as_carol.room(public)
        assert (found["isFavorite"], found["notificationLevel"]) == (False, 2)

    def test_an_added_user_has_read_everything_but_may_read_it_again(
        self, as_alice, as_carol, public
    ):
        as_alice.say(public, "before")
        add(as_alice, public)
        assert unread(as_carol, public) == 0
        assert "before" in [each["message"] for each in as_carol.history(public).data]

    def test_an_added_user_needs_no_password(self, as_alice, as_carol, locked):
        add(as_alice, locked)
        assert as_carol.ask_to_join(locked).status == 200

    def test_one_message_announces_the_addition(self, as_alice, carol, public):
        add(as_alice, public)
        assert told(as_alice, public) == [("user_added", "alice", "carol")]

    def test_the_announcement_names_both(self, as_alice, as_bob, as_carol, shared):
        add(as_alice, shared)
        message = newest(as_bob, shared)
        assert message["actorType"] == "users"
        assert message["actorDisplayName"] == "Alice Adams"
        assert message["messageParameters"] == {
            "actor": {"type": "user", "id": "alice", "name": "Alice Adams"},
            "user": {"type": "user", "id": "carol", "name": "Carol Clark"},
        }
        assert [
            newest(client, shared)["message"] for client in (as_alice, as_bob, as_carol)
        ] == [
            "You added {user} to the conversation",
            "{actor} added {user} to the conversation",
            "{actor} added you to the conversation",
        ]

    def test_an_addition_is_activity(self, clock, as_alice, carol, public):
        clock.shift(60)
        add(as_alice, public)
        assert last_activity(as_alice, public) == TIMESTAMP + 60

    def test_other_participants_do_not_change(self, as_alice, bob, carol, public):
        participant = put_in(public, bob, favorite=True, notification_level=3)
        before = Participant.objects.filter(pk=participant.pk).values().get()
        add(as_alice, public)
        assert Participant.objects.filter(pk=participant.pk).values().get() == before

    def test_other_rooms_do_not_change(self, as_alice, carol, public, group):
        add(as_alice, public)
        assert user_types_of(group) == {"alice": 1}
        assert told(as_alice, group) == []

    def test_a_removed_user_may_be_added_again(self, as_alice, carol, public):
        add(as_alice, public)
        as_alice.delete(f"/room/{public}/participants", participant="carol")
        assert_done(add(as_alice, public))
        assert type_of("carol") == 3


class TestAgain:
    """Adding a participant does nothing."""

    @pytest.mark.parametrize("type", [1, 2, 3, 5])
    def test_a_participant_of_any_type_is_unchanged(
        self, clock, as_alice, bob, public, type
    ):
        put_in(public, bob, type=type, favorite=True)
        clock.shift(60)
        before = rows()
        assert_done(add(as_alice, public, "bob"))
        assert rows() == before

    def test_adding_the_caller_does_nothing(self, clock, as_alice, public):
        clock.shift(60)
        before = rows()
        assert_done(add(as_alice, public, "alice"))
        assert rows() == before

    @pytest.mark.parametrize("user_id", ["alice", "bob"])
    def test_a_pair_stays_a_pair_when_one_of_them_is_added(
        self, clock, as_alice, pair, user_id
    ):
        clock.shift(60)
        before = rows()
        assert_done(add(as_alice, pair, user_id))
        assert rows() == before

    @pytest.mark.django_db(transaction=True)
    def test_a_user_added_twice_at_once_is_one_participant(self, as_alice, carol):
        token = as_alice.create_room(type=3)
        for answer in at_once(*[partial(add, as_alice, token)] * 2):
            assert_done(answer)
        assert user_types_of(token) == {"alice": 1, "carol": 3}
        assert Message.objects.filter(system_message="user_added").count() == 1


class TestPair:
    """Adding a user makes a one-to-one room a group room."""

    def test_the_response_has_the_new_type_as_a_number(self, as_alice, carol, pair):
        answer = add(as_alice, pair)
        assert answer.status == 200
        assert answer.meta == {"status": "ok", "statuscode": 200, "message": "OK"}
        assert answer.data == {"type": 2}

    def test_the_pair_stay_owners_and_the_third_is_a_user(self, as_bob, carol, pair):
        add(as_bob, pair)
        assert as_bob.room(pair)["type"] == 2
        assert user_types_of(pair) == {"alice": 1, "bob": 1, "carol": 3}

    def test_the_addition_is_the_only_system_message(self, as_alice, carol, pair):
        add(as_alice, pair)
        assert told(as_alice, pair) == [
            ("user_added", "alice", "bob"),
            ("user_added", "alice", "carol"),
        ]

    def test_the_room_has_no_name_and_shows_its_participants(
        self, as_alice, carol, pair
    ):
        add(as_alice, pair)
        found = as_alice.room(pair)
        assert found["name"] == ""
        assert set(found["displayName"].split(", ")) == {"Bob Brown", "Carol Clark"}

    def test_the_history_stays(self, as_alice, as_carol, pair):
        as_alice.say(pair, "before")
        add(as_alice, pair)
        assert "before" in [each["message"] for each in as_carol.history(pair).data]

    def test_the_second_addition_changes_no_type(self, as_alice, carol, dora, pair):
        add(as_alice, pair)
        assert_done(add(as_alice, pair, "dora"))
        assert as_alice.room(pair)["type"] == 2

    def test_the_pair_may_have_a_new_room_of_their_own(self, as_alice, carol, pair):
        add(as_alice, pair)
        answer = as_alice.post("/room", roomType=1, invite="bob")
        assert answer.status == 201
        assert answer.data["token"] != pair

    @pytest.mark.parametrize("user_id", ["nobody", ""])
    def test_an_unknown_user_changes_nothing(self, as_alice, pair, user_id):
        before = rows()
        assert_refused(add(as_alice, pair, user_id), 404)
        assert rows() == before

    @pytest.mark.django_db(transaction=True)
    def test_two_users_added_at_once_are_both_participants(
        self, as_alice, as_bob, carol, dora
    ):
        token = as_alice.create_room(type=1, invite="bob")
        answers = at_once(
            partial(add, as_alice, token, "carol"),
            partial(add, as_bob, token, "dora"),
        )
        assert [answer.status for answer in answers] == [200, 200]
        assert sorted(map(repr, (answer.data for answer in answers))) == [
            "[]",
            "{'type': 2}",
        ]
        assert user_types_of(token) == {"alice": 1, "bob": 1, "carol": 3, "dora": 3}
        assert Room.objects.get(token=token).type == 2
