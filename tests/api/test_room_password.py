"""PUT /room/{token}/password: setting, changing and removing it, and joining with it."""

from __future__ import annotations

import json

import pytest
from django.contrib.auth.hashers import check_password

from talk.models import Guest, Participant, Room, Session
from tests.api.callers import (
    anonymous,
    guest,
    guest_moderator,
    invited,
    invited_and_joined,
    owner,
    self_joined,
    uninvited,
)
from tests.api.helpers import (
    SECRET,
    TIMESTAMP,
    UNSTORABLE,
    assert_done,
    assert_refused,
    hash_of,
    own_session_id,
    put_in,
    rows,
    set_password,
    unread,
)
from tests.api.operations import make_private
from tests.api.operations import protect as give_password
from tests.api.room_requests import (
    newest,
    room_without,
    timeline,
)
from tests.api.wire import PLACES, send
from tests.client import BASE, TalkClient

PASSWORDS = [
    pytest.param("s", id="one character"),
    pytest.param("0", id="zero"),
    pytest.param("false", id="false"),
    pytest.param("null", id="null"),
    pytest.param(" ", id="space"),
    pytest.param("  sesame  ", id="not trimmed"),
    pytest.param("pässwörd ✓ 🎉 שלום", id="unicode"),
    pytest.param("a&b=c+d%20#?", id="characters of URLs"),
    pytest.param("line\nbreak\ttab", id="control characters"),
    pytest.param("x" * 200, id="long"),
]
INVALID = [
    pytest.param("{}", id="missing"),
    pytest.param('{"password": null}', id="null"),
    pytest.param('{"password": ["sesame"]}', id="list"),
    pytest.param('{"password": {"a": "sesame"}}', id="map"),
]


@pytest.fixture(autouse=True)
def no_attempts_before(settings):
    """Nobody is throttled here, however often a test tries passwords."""
    settings.TALK = {"PASSWORD_ATTEMPTS_MAX": 1000}


class TestAccess:
    """Access, beyond the authorisation matrix."""

    @pytest.mark.parametrize("password", ["other", ""])
    def test_a_password_left_over_in_a_private_room_stays(
        self, as_alice, locked, password
    ):
        make_private(as_alice, locked)
        before = rows()
        assert_refused(give_password(as_alice, locked, password), 403)
        assert rows() == before

    def test_the_password_itself_makes_nobody_a_participant(
        self, non_participant, locked
    ):
        assert_refused(give_password(non_participant, locked, SECRET), 404)

    @pytest.mark.parametrize(
        ("caller", "status"), [(invited, 403), (uninvited, 404), (anonymous, 404)]
    )
    def test_403_and_404_come_before_400(self, shared, caller, status):
        client = caller(shared)
        for body in INVALID:
            path = f"/room/{shared}/password"
            assert_refused(client.request("PUT", path, body=body.values[0]), status)

    def test_a_cookie_alone_is_412(self, browser, public):
        url = f"{BASE}/room/{public}/password?password=sesame"
        assert browser.put(url).status_code == 412
        assert Room.objects.get().password == ""


class TestValue:
    """Valid and invalid passwords."""

    @pytest.mark.parametrize("password", PASSWORDS)
    def test_strangers_join_with_exactly_this_one(self, as_alice, public, password):
        path = f"/room/{public}/password"
        assert_done(send(as_alice, "PUT", path, "JSON", password=password))
        client = TalkClient()
        for wrong in ("", password + "x", password[:-1], password.swapcase() + "?"):
            assert_refused(client.ask_to_join(public, password=wrong), 403)
        assert client.ask_to_join(public, password=password).status == 200

    @pytest.mark.parametrize("place", PLACES)
    def test_it_may_stand_anywhere(self, as_alice, non_participant, public, place):
        path, password = f"/room/{public}/password", "pässwörd & ✓"
        assert_done(send(as_alice, "PUT", path, place, password=password))
        assert non_participant.ask_to_join(public, password=password).status == 200

    @pytest.mark.parametrize("place", PLACES)
    def test_the_empty_one_may_stand_anywhere_too(self, as_alice, locked, place):
        assert_done(
            send(as_alice, "PUT", f"/room/{locked}/password", place, password="")
        )
        assert as_alice.room(locked)["hasPassword"] is False

    @pytest.mark.parametrize("number", [0, 42])
    def test_numbers_become_their_decimal_text(self, as_alice, public, number):
        path = f"/room/{public}/password"
        assert_done(send(as_alice, "PUT", path, "JSON", password=number))
        assert TalkClient().ask_to_join(public, password=str(number)).status == 200
        assert_refused(TalkClient().ask_to_join(public), 403)

    @pytest.mark.parametrize("body", INVALID)
    @pytest.mark.parametrize("room", ["public", "locked"])
    def test_another_value_than_a_text_is_400(self, as_alice, request, room, body):
        token = request.getfixturevalue(room)
        before = rows()
        answer = as_alice.request("PUT", f"/room/{token}/password", body=body)
        assert_refused(answer, 400)
        assert rows() == before

    @pytest.mark.parametrize("password", UNSTORABLE)
    def test_a_text_that_cannot_be_stored_is_400(self, as_alice, locked, password):
        before = rows()
        path = f"/room/{locked}/password"
        answer = send(as_alice, "PUT", path, "JSON", password=password)
        assert_refused(answer, 400)
        assert rows() == before

    def test_a_hash_is_stored(self, as_alice, public):
        give_password(as_alice, public, SECRET)
        stored = Room.objects.get().password
        assert SECRET not in stored
        assert check_password(SECRET, stored)

    def test_two_rooms_with_the_same_password_have_different_hashes(
        self, as_alice, public
    ):
        other = as_alice.create_room()
        for token in (public, other):
            give_password(as_alice, token, SECRET)
        first, second = Room.objects.values_list("password", flat=True)
        assert first != second

    def test_it_is_shown_nowhere(self, as_alice, as_bob, shared):
        give_password(as_alice, shared, SECRET)
        stored = Room.objects.get().password
        for client in (as_alice, as_bob, guest(shared), TalkClient()):
            answers = [client.get(f"/room/{shared}"), client.history(shared)]
            shown = json.dumps([answer.data for answer in answers])
            assert SECRET not in shown
            assert stored not in shown


class TestSet:
    """A password where there was none, or another one."""

    def test_everybody_is_told_that_there_is_one(self, as_alice, as_bob, shared):
        clients = [as_alice, as_bob, self_joined(shared), guest(shared), TalkClient()]
        assert [c.room(shared)["hasPassword"] for c in clients] == [False] * 5
        give_password(as_alice, shared, SECRET)
        assert [c.room(shared)["hasPassword"] for c in clients] == [True] * 5

    def test_strangers_are_not_told_the_name_any_more(
        self, as_alice, non_participant, public
    ):
        assert non_participant.room(public)["name"] == "Room"
        give_password(as_alice, public, SECRET)
        assert non_participant.room(public)["name"] == ""

    def test_strangers_are_asked_for_it(self, as_alice, non_participant, public):
        give_password(as_alice, public, SECRET)
        for wrong in ({}, {"password": ""}, {"password": "wrong"}):
            assert_refused(non_participant.ask_to_join(public, **wrong), 403)
        assert non_participant.ask_to_join(public, password=SECRET).status == 200

    def test_another_password_replaces_the_first(
        self, as_alice, non_participant, locked
    ):
        give_password(as_alice, locked, "another")
        assert_refused(non_participant.ask_to_join(locked, password=SECRET), 403)
        assert non_participant.ask_to_join(locked, password="another").status == 200

    @pytest.mark.parametrize(
        "caller", [owner, invited_and_joined, self_joined, guest, guest_moderator]
    )
    def test_participants_stay(self, as_alice, shared, caller):
        client = caller(shared)
        if caller is owner:
            client.join(shared)
        session_id = own_session_id(client, shared)
        give_password(as_alice, shared, SECRET)
        assert own_session_id(client, shared) == session_id != "0"
        assert client.say(shared, "still here")

    @pytest.mark.parametrize("type", [1, 2, 3, 5])
    def test_users_with_a_place_are_not_asked(
        self, as_alice, as_bob, bob, public, type
    ):
        put_in(public, bob, type=type)
        give_password(as_alice, public, SECRET)
        assert as_bob.ask_to_join(public).status == 200
        assert as_bob.ask_to_join(public, password="wrong").status == 200

    def test_a_self_joined_user_who_left_is_asked(self, as_alice, as_carol, public):
        as_carol.join(public)
        give_password(as_alice, public, SECRET)
        as_carol.leave(public)
        assert_refused(as_carol.ask_to_join(public), 403)

    def test_a_guest_who_joins_again_is_asked(self, as_alice, as_guest, public):
        session_id = as_guest.join(public)
        give_password(as_alice, public, SECRET)
        assert_refused(as_guest.ask_to_join(public), 403)
        assert own_session_id(as_guest, public) == session_id

    def test_one_message_is_written(self, as_alice, public):
        give_password(as_alice, public, SECRET)
        assert timeline(as_alice, public) == ["conversation_created", "password_set"]

    @pytest.mark.parametrize("password", ["0", " ", "false"])
    def test_nothing_but_the_empty_one_counts_as_removed(
        self, as_alice, public, password
    ):
        give_password(as_alice, public, password)
        assert timeline(as_alice, public)[1:] == ["password_set"]

    def test_the_message_names_the_actor(self, clock, as_alice, as_bob, shared):
        clock.shift(60)
        give_password(as_alice, shared, SECRET)
        assert newest(as_bob, shared) == {
            "token": shared,
            "actorType": "users",
            "actorId": "alice",
            "actorDisplayName": "Alice Adams",
            "timestamp": TIMESTAMP + 60,
            "message": "{actor} set a password for the conversation",
            "messageParameters": {
                "actor": {"type": "user", "id": "alice", "name": "Alice Adams"}
            },
            "systemMessage": "password_set",
        }

    def test_the_actor_reads_you(self, as_alice, public):
        give_password(as_alice, public, SECRET)
        text = "You set a password for the conversation"
        assert newest(as_alice, public)["message"] == text

    def test_a_guest_moderator_is_the_actor(self, as_alice, shared):
        client = guest_moderator(shared)
        actor_id = hash_of(own_session_id(client, shared))
        give_password(client, shared, SECRET)
        message = newest(as_alice, shared)
        assert message["systemMessage"] == "password_set"
        assert (message["actorType"], message["actorId"]) == ("guests", actor_id)

    def test_the_same_one_again_is_written_again(self, clock, as_alice, public):
        give_password(as_alice, public, SECRET)
        clock.shift(60)
        assert_done(give_password(as_alice, public, SECRET))
        assert timeline(as_alice, public)[1:] == ["password_set", "password_set"]
        assert as_alice.room(public)["lastActivity"] == TIMESTAMP + 60

    def test_it_is_activity_and_not_unread(self, clock, as_alice, as_bob, shared):
        as_alice.say(shared, "hello")
        clock.shift(60)
        give_password(as_alice, shared, SECRET)
        assert as_bob.room(shared)["lastActivity"] == TIMESTAMP + 60
        assert [unread(as_bob, shared), unread(as_alice, shared)] == [1, 0]

    @pytest.mark.parametrize("password", ["other", ""])
    def test_nothing_else_changes(self, clock, as_alice, locked, password):
        for client in (as_alice, guest(locked), self_joined(locked)):
            client.join(locked, SECRET)
        clock.shift(60)
        changing = ("password", "last_activity", "last_position")
        before = room_without(locked, *changing), rows(Participant, Session, Guest)
        give_password(as_alice, locked, password)
        after = room_without(locked, *changing), rows(Participant, Session, Guest)
        assert after == before

    def test_other_rooms_stay_open(self, as_alice, non_participant, public):
        other = as_alice.create_room()
        give_password(as_alice, public, SECRET)
        assert non_participant.ask_to_join(other).status == 200


class TestRemove:
    """The empty password."""

    def test_everybody_is_told_that_there_is_none(
        self, as_alice, non_participant, locked
    ):
        assert_done(give_password(as_alice, locked, ""))
        shown = [client.room(locked) for client in (as_alice, non_participant)]
        assert [room["hasPassword"] for room in shown] == [False, False]
        assert [room["name"] for room in shown] == ["Room", "Room"]

    @pytest.mark.parametrize("password", ["", SECRET, "anything"])
    def test_strangers_join_with_anything_or_nothing(
        self, as_alice, non_participant, locked, password
    ):
        give_password(as_alice, locked, "")
        assert non_participant.ask_to_join(locked, password=password).status == 200

    def test_nothing_is_stored_any_more(self, as_alice, locked):
        give_password(as_alice, locked, "")
        assert Room.objects.get().password == ""

    def test_one_message_is_written(self, as_alice, as_bob, shared):
        set_password(shared)
        give_password(as_alice, shared, "")
        assert timeline(as_alice, shared)[1:] == ["password_removed"]
        text = "{actor} removed the password for the conversation"
        assert newest(as_bob, shared)["message"] == text

    def test_the_actor_reads_you(self, as_alice, locked):
        give_password(as_alice, locked, "")
        text = "You removed the password for the conversation"
        assert newest(as_alice, locked)["message"] == text

    def test_set_and_removed_are_two_messages(self, as_alice, public):
        give_password(as_alice, public, SECRET)
        give_password(as_alice, public, "")
        expected = ["conversation_created", "password_set", "password_removed"]
        assert timeline(as_alice, public) == expected

    def test_where_there_was_none_it_is_written_all_the_same(
        self, clock, as_alice, public
    ):
        clock.shift(60)
        assert_done(give_password(as_alice, public, ""))
        assert timeline(as_alice, public)[1:] == ["password_removed"]
        assert as_alice.room(public)["lastActivity"] == TIMESTAMP + 60
