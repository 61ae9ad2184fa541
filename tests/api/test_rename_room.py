"""PUT /room/{token}: another name for a room."""

from __future__ import annotations

import re
from functools import partial

import pytest

from talk.models import Guest, Message, Participant, Room, Session
from tests.api.callers import (
    anonymous,
    guest_moderator,
    invited,
    self_joined,
    uninvited,
)
from tests.api.helpers import (
    TIMESTAMP,
    UNSTORABLE,
    assert_done,
    assert_refused,
    hash_of,
    own_session_id,
    rows,
    unread,
)
from tests.api.operations import rename
from tests.api.room_requests import (
    newest,
    room_without,
    timeline,
)
from tests.api.wire import PLACES, send
from tests.client import BASE, TalkClient
from tests.threads import at_once

TOO_LONG = [
    pytest.param("a" * 201, id="letters"),
    pytest.param("🎉" * 201, id="emoji"),
    pytest.param("e\u0301" * 100 + "e", id="not normalised"),
    pytest.param("a" * 200 + " ", id="with a space at the end"),
    pytest.param("a" * 100_000, id="very long"),
]
NAMES = [
    pytest.param("P", id="one character"),
    pytest.param("0", id="zero"),
    pytest.param("🎉👩‍👩‍👧‍👦", id="emoji"),
    pytest.param("שלום \u202eעולם\u202c", id="right-to-left"),
    pytest.param("  two spaces  ", id="not trimmed"),
    pytest.param("<b>&amp;</b> %s %(x)s {actor} {0}", id="markup"),
    pytest.param("line\nbreak\ttab", id="control characters"),
    pytest.param("\"quoted\" \\ and 'quoted'", id="quotation marks"),
]
INVALID = [
    pytest.param("{}", id="missing"),
    pytest.param('{"roomName": null}', id="null"),
    pytest.param('{"roomName": ""}', id="empty"),
    pytest.param('{"roomName": ["Plan"]}', id="list"),
    pytest.param('{"roomName": {"a": "Plan"}}', id="map"),
    pytest.param(f'{{"roomName": "{"a" * 201}"}}', id="too long"),
]


class TestAccess:
    """Access, beyond the authorisation matrix."""

    def test_a_moderator_of_one_room_cannot_rename_another(self, as_bob, bob, public):
        as_bob.create_room()
        assert_refused(rename(as_bob, public, "Plan"), 404)
        assert Room.objects.get(token=public).name == "Room"

    @pytest.mark.parametrize(
        ("caller", "status"), [(invited, 403), (uninvited, 404), (anonymous, 404)]
    )
    def test_403_and_404_come_before_400(self, shared, caller, status):
        client = caller(shared)
        for body in INVALID:
            answer = client.request("PUT", f"/room/{shared}", body=body.values[0])
            assert_refused(answer, status)

    def test_a_cookie_alone_is_412(self, browser, public):
        assert browser.put(f"{BASE}/room/{public}?roomName=Plan").status_code == 412
        assert Room.objects.get().name == "Room"


class TestOneToOne:
    """Rooms of two have no name."""

    @pytest.mark.parametrize("who", ["alice", "bob"])
    def test_a_name_is_405_for_both(self, request, pair, who):
        client = request.getfixturevalue(f"as_{who}")
        before = rows()
        assert_refused(rename(client, pair, "Plan"), 405)
        assert rows() == before

    @pytest.mark.parametrize("body", INVALID)
    def test_400_comes_before_405(self, as_alice, pair, body):
        before = rows()
        answer = as_alice.request("PUT", f"/room/{pair}", body=body)
        assert_refused(answer, 400)
        assert rows() == before

    def test_the_longest_name_is_405_and_one_more_is_400(self, as_alice, pair):
        assert_refused(rename(as_alice, pair, "a" * 200), 405)
        assert_refused(rename(as_alice, pair, "a" * 201), 400)


class TestName:
    """Names that a room may have."""

    @pytest.mark.parametrize("name", NAMES)
    def test_names_are_kept_byte_for_byte(self, as_alice, public, name):
        assert_done(send(as_alice, "PUT", f"/room/{public}", "JSON", roomName=name))
        room = as_alice.room(public)
        assert (room["name"], room["displayName"]) == (name, name)

    @pytest.mark.parametrize("place", PLACES)
    def test_the_name_may_stand_anywhere(self, as_alice, public, place):
        path = f"/room/{public}"
        assert_done(send(as_alice, "PUT", path, place, roomName="Grüße ✓ 🎉"))
        assert as_alice.room(public)["name"] == "Grüße ✓ 🎉"

    def test_numbers_become_their_decimal_text(self, as_alice, public):
        assert_done(send(as_alice, "PUT", f"/room/{public}", "JSON", roomName=42))
        assert as_alice.room(public)["name"] == "42"

    @pytest.mark.parametrize("name", ["a" * 200, "🎉" * 200, "e\u0301" * 100])
    def test_a_name_may_have_200_characters(self, as_alice, public, name):
        assert_done(send(as_alice, "PUT", f"/room/{public}", "form", roomName=name))
        assert as_alice.room(public)["name"] == name

    @pytest.mark.parametrize("name", TOO_LONG)
    def test_a_name_of_more_than_200_characters_is_400(self, as_alice, public, name):
        before = rows()
        answer = send(as_alice, "PUT", f"/room/{public}", "form", roomName=name)
        assert_refused(answer, 400)
        assert rows() == before

    @pytest.mark.parametrize("body", INVALID)
    def test_an_invalid_name_is_400(self, as_alice, public, body):
        before = rows()
        answer = as_alice.request("PUT", f"/room/{public}", body=body)
        assert_refused(answer, 400)
        assert rows() == before

    @pytest.mark.parametrize("name", UNSTORABLE)
    def test_a_name_that_cannot_be_stored_is_400(self, as_alice, public, name):
        before = rows()
        answer = send(as_alice, "PUT", f"/room/{public}", "JSON", roomName=name)
        assert_refused(answer, 400)
        assert rows() == before

    def test_a_list_in_a_form_is_400(self, as_alice, public):
        values = {"roomName[]": "Plan"}
        assert_refused(send(as_alice, "PUT", f"/room/{public}", "form", **values), 400)
        assert Room.objects.get().name == "Room"

    def test_a_room_without_a_name_cannot_keep_it_so(self, as_alice):
        token = as_alice.create_room(name="")
        assert_refused(rename(as_alice, token, ""), 400)

    def test_a_name_that_was_longer_from_the_start_is_too_long_here(self, as_alice):
        token = as_alice.create_room(name="a" * 255)
        assert_refused(rename(as_alice, token, "a" * 255), 400)
        assert as_alice.room(token)["name"] == "a" * 255

    def test_two_rooms_may_have_the_same_name(self, as_alice, public):
        as_alice.create_room(name="Plan")
        assert_done(rename(as_alice, public, "Plan"))


class TestSameName:
    """The name that the room has already."""

    @pytest.mark.parametrize("room", ["public", "group"])
    def test_it_is_accepted_and_nothing_happens(self, clock, as_alice, request, room):
        token = request.getfixturevalue(room)
        clock.shift(60)
        before = rows()
        assert_done(rename(as_alice, token, "Room"))
        assert rows() == before

    @pytest.mark.parametrize("name", ["room", "Room ", "ROOM"])
    def test_the_slightest_difference_is_another_name(self, as_alice, public, name):
        assert_done(rename(as_alice, public, name))
        assert as_alice.room(public)["name"] == name
        assert timeline(as_alice, public)[-1] == "conversation_renamed"

    def test_others_who_may_not_rename_get_403_all_the_same(self, as_bob, shared):
        assert_refused(rename(as_bob, shared, "Room"), 403)


class TestEffects:
    """The system message, and the values that stay."""

    def test_everybody_sees_the_new_name(self, as_alice, as_bob, shared):
        strangers = [self_joined(shared), TalkClient()]
        rename(as_alice, shared, "Plan")
        shown = [c.room(shared) for c in (as_alice, as_bob, *strangers)]
        assert [room["name"] for room in shown] == ["Plan"] * 4
        assert [room["displayName"] for room in shown] == ["Plan"] * 4

    def test_the_list_shows_the_new_name(self, as_alice, as_bob, shared):
        rename(as_alice, shared, "Plan")
        (room,) = as_bob.get("/room").data
        assert (room["name"], room["displayName"]) == ("Plan", "Plan")

    def test_one_message_is_written(self, as_alice, public):
        rename(as_alice, public, "Plan")
        assert timeline(as_alice, public) == [
            "conversation_created",
            "conversation_renamed",
        ]

    def test_the_message_names_actor_and_both_names(
        self, clock, as_alice, as_bob, shared
    ):
        clock.shift(60)
        rename(as_alice, shared, "Plan")
        expected = {
            "token": shared,
            "actorType": "users",
            "actorId": "alice",
            "actorDisplayName": "Alice Adams",
            "timestamp": TIMESTAMP + 60,
            "message": '{actor} renamed the conversation from "Room" to "Plan"',
            "messageParameters": {
                "actor": {"type": "user", "id": "alice", "name": "Alice Adams"}
            },
            "systemMessage": "conversation_renamed",
        }
        assert newest(as_bob, shared) == expected

    def test_the_actor_reads_you(self, as_alice, public):
        rename(as_alice, public, "Plan")
        text = 'You renamed the conversation from "Room" to "Plan"'
        assert newest(as_alice, public)["message"] == text

    def test_a_room_may_get_its_first_name(self, as_alice):
        token = as_alice.create_room(name="")
        assert_done(rename(as_alice, token, "Plan"))
        text = 'You renamed the conversation from "" to "Plan"'
        assert newest(as_alice, token)["message"] == text

    @pytest.mark.parametrize(("name", "shown"), [("", "Guest"), ("Zoe", "Zoe (guest)")])
    def test_a_guest_moderator_is_the_actor(self, as_alice, shared, name, shown):
        client = guest_moderator(shared)
        Guest.objects.update(display_name=name)
        actor_id = hash_of(own_session_id(client, shared))
        rename(client, shared, "Plan")
        message = newest(as_alice, shared)
        assert message["systemMessage"] == "conversation_renamed"
        assert (message["actorType"], message["actorId"]) == ("guests", actor_id)
        assert message["messageParameters"] == {
            "actor": {"type": "guest", "id": actor_id, "name": shown}
        }

    def test_two_long_names_fit_into_one_message(self, as_alice, public):
        first, second = "😀" * 200, "🎉" * 200
        for name in (first, second):
            path = f"/room/{public}"
            assert_done(send(as_alice, "PUT", path, "form", roomName=name))
        text = f'You renamed the conversation from "{first}" to "{second}"'
        assert newest(as_alice, public)["message"] == text

    def test_names_of_any_kind_can_be_read_in_the_timeline(self, as_alice, public):
        for name in ("%s %(x)s {0} {}", '"', "<b>&amp;</b>"):
            rename(as_alice, public, name)
            assert newest(as_alice, public)["message"].endswith(f' to "{name}"')

    def test_it_is_activity(self, clock, as_alice, public):
        clock.shift(60)
        rename(as_alice, public, "Plan")
        assert as_alice.room(public)["lastActivity"] == TIMESTAMP + 60

    def test_it_is_the_last_message(self, as_bob, as_alice, shared):
        rename(as_alice, shared, "Plan")
        last = as_bob.room(shared)["lastMessage"]
        assert last["systemMessage"] == "conversation_renamed"

    def test_it_is_not_unread(self, as_alice, as_bob, shared):
        as_alice.say(shared, "hello")
        rename(as_alice, shared, "Plan")
        assert [unread(as_bob, shared), unread(as_alice, shared)] == [1, 0]
        assert as_bob.room(shared)["unreadMention"] is False

    def test_a_poll_returns_the_message(self, as_alice, as_bob, shared):
        known = as_alice.say(shared, "hello")
        rename(as_alice, shared, "Plan")
        (message,) = as_bob.poll(shared, after=known).data
        assert message["systemMessage"] == "conversation_renamed"

    def test_nothing_else_about_the_room_changes(self, clock, as_alice, locked):
        as_alice.join(locked)
        clock.shift(60)
        changing = ("name", "last_activity", "last_position")
        before = room_without(locked, *changing), rows(Participant, Session, Guest)
        rename(as_alice, locked, "Plan")
        after = room_without(locked, *changing), rows(Participant, Session, Guest)
        assert after == before

    def test_other_rooms_keep_their_names(self, as_alice, public):
        other = as_alice.create_room()
        before = Room.objects.values().get(token=other)
        rename(as_alice, public, "Plan")
        assert Room.objects.values().get(token=other) == before
        assert Message.objects.filter(room__token=other).count() == 1


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    """Two moderators at the same moment."""

    def test_each_message_tells_the_name_that_was_replaced(self, alice, public):
        names = [f"Plan {number}" for number in range(8)]
        calls = [partial(rename, TalkClient(alice), public, name) for name in names]
        assert [answer.status for answer in at_once(*calls)] == [200] * 8
        client = TalkClient(alice)
        messages = [m["message"] for m in client.history(public).data[:-1]]
        pairs = [re.findall('"(.*?)"', message) for message in reversed(messages)]
        replaced = [old for old, _ in pairs]
        given = [new for _, new in pairs]
        assert sorted(given) == names
        assert replaced == ["Room", *given[:-1]]
        assert client.room(public)["name"] == given[-1]

    def test_the_same_name_twice_is_one_change(self, alice, public):
        clients = [TalkClient(alice), TalkClient(alice)]
        calls = [partial(rename, client, public, "Plan") for client in clients]
        assert [answer.status for answer in at_once(*calls)] == [200, 200]
        assert timeline(clients[0], public) == [
            "conversation_created",
            "conversation_renamed",
        ]
