"""POST /room: access, and group and public rooms without an invite."""

from __future__ import annotations

import re

import pytest

from talk.constants import ParticipantType, RoomType
from talk.models import Room, Session
from tests.api.helpers import (
    TIMESTAMP,
    UNSTORABLE,
    assert_login_needed,
    assert_refused,
    system_messages_of,
    user_types_of,
)

CASES_OF_TYPE = [
    pytest.param({"roomType": "abc"}, id="abc"),
    pytest.param({"roomType": ""}, id="empty"),
    pytest.param({"roomType": 0}, id="0"),
    pytest.param({"roomType": 4}, id="4"),
    pytest.param({"roomType": -1}, id="-1"),
    pytest.param({"roomType": "99999999999999999999"}, id="huge"),
    pytest.param({}, id="missing"),
]

NAMES = [
    pytest.param("🎉👩‍👩‍👧‍👦", id="emoji"),
    pytest.param("שלום \u202eעולם\u202c", id="right-to-left"),
    pytest.param("e\u0301 and é", id="not normalised"),
    pytest.param("  two spaces  ", id="not trimmed"),
    pytest.param("<b>&amp;</b> %s {actor}", id="markup"),
    pytest.param("line\nbreak\ttab", id="control characters"),
]


class TestRequest:
    """Access and parameters."""

    def test_anonymous_callers_get_401(self, as_guest):
        assert_login_needed(as_guest.post("/room", roomType=3, roomName="Plan"))
        assert not Room.objects.exists()

    def test_anonymous_callers_get_401_before_parameters_are_read(self, as_guest):
        assert_login_needed(as_guest.post("/room"))

    @pytest.mark.parametrize("parameters", CASES_OF_TYPE)
    def test_an_invalid_type_is_400(self, as_alice, parameters):
        answer = as_alice.post("/room", roomName="Plan", **parameters)
        assert_refused(answer, 400)
        assert not Room.objects.exists()

    @pytest.mark.parametrize("value", ["null", "[3]", '{"a": 3}', "false", "0", "1e99"])
    def test_an_invalid_type_in_json_is_400(self, as_alice, value):
        answer = as_alice.post_json("/room", f'{{"roomType": {value}}}')
        assert_refused(answer, 400)
        assert not Room.objects.exists()

    @pytest.mark.parametrize("value", ["3", "3x", "+3", "03", " 3"])
    def test_leading_digits_are_the_type(self, as_alice, value):
        answer = as_alice.post("/room", roomType=value, roomName="Plan")
        assert answer.status == 201
        assert Room.objects.get().type == RoomType.PUBLIC

    def test_parameters_may_be_sent_in_the_query(self, as_alice):
        query = {"roomType": 2, "roomName": "Plan"}
        answer = as_alice.request("POST", "/room", query=query)
        assert answer.status == 201
        assert answer.data["name"] == "Plan"

    def test_parameters_may_be_sent_in_json(self, as_alice):
        answer = as_alice.post_json("/room", '{"roomType": 2, "roomName": "Plan"}')
        assert answer.status == 201
        assert answer.data["name"] == "Plan"


class TestRoom:
    """A room without an invite."""

    @pytest.mark.parametrize("type", [RoomType.GROUP, RoomType.PUBLIC])
    def test_a_room_is_created_with_201(self, as_alice, type):
        answer = as_alice.post("/room", roomType=int(type), roomName="Plan")
        room = Room.objects.get()
        assert answer.status == 201
        assert answer.meta["status"] == "ok"
        assert answer.meta["statuscode"] == 201
        assert answer.data == {
            "token": room.token,
            "name": "Plan",
            "displayName": "Plan",
        }

    @pytest.mark.parametrize("type", [RoomType.GROUP, RoomType.PUBLIC])
    def test_the_type_is_kept(self, as_alice, type):
        token = as_alice.create_room(type=int(type))
        assert Room.objects.get(token=token).type == type

    def test_the_token_is_eight_unambiguous_characters(self, as_alice):
        token = as_alice.create_room()
        assert re.fullmatch("[a-km-z2-9]{8}", token)

    @pytest.mark.parametrize("type", [2, 3])
    def test_the_creator_is_the_only_participant_and_owner(self, as_alice, type):
        token = as_alice.create_room(type=type)
        assert user_types_of(token) == {"alice": ParticipantType.OWNER}

    @pytest.mark.parametrize("type", [2, 3])
    def test_the_only_message_is_the_creation(self, as_alice, type):
        token = as_alice.create_room(type=type)
        assert system_messages_of(as_alice, token) == [("conversation_created", "")]

    def test_the_creator_is_not_joined(self, as_alice):
        token = as_alice.create_room()
        assert as_alice.room(token)["sessionId"] == "0"
        assert not Session.objects.exists()

    def test_the_creation_is_the_first_activity(self, clock, as_alice):
        token = as_alice.create_room()
        assert as_alice.room(token)["lastActivity"] == TIMESTAMP

    def test_a_new_room_has_no_password(self, as_alice):
        token = as_alice.create_room()
        assert Room.objects.get(token=token).password == ""

    def test_public_rooms_ignore_the_invite(self, as_alice, bob):
        token = as_alice.create_room(type=3, invite="bob")
        assert user_types_of(token) == {"alice": ParticipantType.OWNER}

    def test_public_rooms_accept_an_unknown_invite(self, as_alice):
        answer = as_alice.post("/room", roomType=3, roomName="Plan", invite="nobody")
        assert answer.status == 201


class TestName:
    """The room's name."""

    @pytest.mark.parametrize("type", [2, 3])
    def test_the_name_may_be_missing(self, as_alice, type):
        answer = as_alice.post("/room", roomType=type)
        assert answer.status == 201
        assert answer.data["name"] == ""

    @pytest.mark.parametrize("type", [2, 3])
    def test_a_room_without_a_name_is_displayed_as_you(self, as_alice, type):
        answer = as_alice.post("/room", roomType=type, roomName="")
        assert answer.data["displayName"] == "You"

    @pytest.mark.parametrize("name", NAMES)
    def test_names_are_stored_unchanged(self, as_alice, name):
        body = {"roomType": 3, "roomName": name}
        answer = as_alice.post_json("/room", body)
        assert answer.data["name"] == name
        assert answer.data["displayName"] == name
        assert Room.objects.get().name == name

    def test_numbers_become_their_decimal_text(self, as_alice):
        answer = as_alice.post_json("/room", '{"roomType": 3, "roomName": 42}')
        assert answer.data["name"] == "42"

    @pytest.mark.parametrize("character", ["a", "é", "🎉"])
    def test_a_name_may_have_255_characters(self, as_alice, character):
        answer = as_alice.post("/room", roomType=3, roomName=character * 255)
        assert answer.status == 201
        assert answer.data["name"] == character * 255

    @pytest.mark.parametrize("type", [2, 3])
    def test_a_name_of_256_characters_is_400(self, as_alice, type):
        answer = as_alice.post("/room", roomType=type, roomName="a" * 256)
        assert_refused(answer, 400)
        assert not Room.objects.exists()

    @pytest.mark.parametrize("type", [2, 3])
    @pytest.mark.parametrize("name", UNSTORABLE)
    def test_a_name_that_cannot_be_stored_is_400(self, as_alice, type, name):
        body = {"roomType": type, "roomName": name}
        assert_refused(as_alice.post_json("/room", body), 400)
        assert not Room.objects.exists()

    def test_a_name_with_nul_in_a_form_is_400(self, as_alice):
        answer = as_alice.post("/room", roomType=3, roomName="a\0b")
        assert_refused(answer, 400)
        assert not Room.objects.exists()

    @pytest.mark.parametrize("value", ['["a"]', '{"a": "b"}'])
    def test_a_name_that_is_no_text_is_400(self, as_alice, value):
        body = f'{{"roomType": 3, "roomName": {value}}}'
        assert_refused(as_alice.post_json("/room", body), 400)
        assert not Room.objects.exists()

    def test_two_rooms_may_have_the_same_name(self, as_alice):
        assert as_alice.create_room(name="Plan") != as_alice.create_room(name="Plan")

    def test_a_list_for_a_name_in_a_form_is_400(self, as_alice):
        answer = as_alice.post("/room", roomType=3, **{"roomName[]": "Room"})
        assert_refused(answer, 400)
        assert not Room.objects.exists()
