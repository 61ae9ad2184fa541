"""Mentions over HTTP: the same wherever a message is shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from talk.adapters import DefaultAdapter
from talk.models import Message
from tests.api.callers import guest, guest_moderator, self_joined, without_cookies
from tests.api.helpers import put_in, rows, user_types_of
from tests.client import TalkClient
from tests.factories import UserFactory
from tests.timelines import SAY

pytestmark = pytest.mark.django_db

IDS = ["alice", "bob", "alice's", "zoe z"]
"""Every user that a row below may mention has an account."""


def say(client: TalkClient, token: str, text: str) -> dict[str, Any]:
    """Post a text and return the message in the answer."""
    answer = client.post_json(f"/chat/{token}", {"message": text})
    assert answer.status == 201, answer
    return answer.data


def newest_in_history(client: TalkClient, token: str) -> dict[str, Any]:
    (message,) = client.history(token, limit=1).data
    return message


def newest_of_poll(client: TalkClient, token: str) -> dict[str, Any]:
    return client.poll(token, after=0).data[-1]


def last_message(client: TalkClient, token: str) -> dict[str, Any]:
    return client.room(token)["lastMessage"]


def last_message_in_list(client: TalkClient, token: str) -> dict[str, Any]:
    (room,) = client.get("/room").data
    return room["lastMessage"]


READINGS: dict[str, Callable[[TalkClient, str], dict[str, Any]]] = {
    "history": newest_in_history,
    "poll": newest_of_poll,
    "room": last_message,
    "list of rooms": last_message_in_list,
}
"""Wherever else a message is shown."""


def shown_everywhere(client: TalkClient, token: str, text: str) -> list[dict[str, Any]]:
    """Post a text, and return the message as each answer shows it."""
    said = say(client, token, text)
    return [said, *(read(client, token) for read in READINGS.values())]


def mentioned(message: dict[str, Any]) -> list[str]:
    """Return the ids of the parameters, which must be numbered from 1."""
    parameters = message["messageParameters"]
    if parameters == []:
        return []
    names = [f"mention-user{number}" for number in range(1, len(parameters) + 1)]
    assert sorted(parameters) == sorted(names)
    return [parameters[name]["id"] for name in names]


ONE = "{mention-user1}"

GRAMMAR = [
    ("hi @alice!", f"hi {ONE}!", ["alice"]),
    ("x\r\n@alice's", f"x\r\n{ONE}", ["alice's"]),
    ("bob@alice.com", "bob@alice.com", []),
    ('ask @"zoe z"!', f"ask {ONE}!", ["zoe z"]),
]
"""Text, message, and ids mentioned; `tests.rendering.test_mentions` has all."""


@pytest.fixture
def room(public: str) -> str:
    """Alice's room on a site where everybody of `IDS` has an account."""
    for user_id in IDS:
        if user_id != "alice":
            UserFactory(username=user_id)
    return public


@pytest.mark.parametrize(("text", "message", "ids"), GRAMMAR)
class TestGrammar:
    """Mentions in the text are replaced by placeholders."""

    def test_row(self, as_alice, room, text, message, ids):
        shown = say(as_alice, room, text)
        assert shown["message"] == message
        assert mentioned(shown) == ids
        assert newest_in_history(as_alice, room) == shown
        assert last_message(as_alice, room) == shown


class TestUnknown:
    """Ids without an account stay as they were typed."""

    @pytest.mark.parametrize(
        "text",
        [
            "hi @alice.",
            "@alice@bob",
            '@"zoe z"',
            "@Alice",
            "@ghost",
            "@all",
            '@"guest/0123456789abcdef0123456789abcdef01234567"',
        ],
    )
    def test_the_text_is_unchanged(self, as_alice, public, bob, text):
        for shown in shown_everywhere(as_alice, public, text):
            assert shown["message"] == text
            assert shown["messageParameters"] == []

    def test_a_user_called_all_is_mentioned_like_any_other(self, as_alice, public):
        UserFactory(username="all", first_name="Al", last_name="Lee")
        message = say(as_alice, public, "@all")
        assert message["message"] == "{mention-user1}"
        assert message["messageParameters"] == {
            "mention-user1": {"type": "user", "id": "all", "name": "Al Lee"}
        }

    def test_a_display_name_is_no_id(self, as_alice, public):
        message = say(as_alice, public, '@Alice @"Alice Adams"')
        assert message["message"] == '@Alice @"Alice Adams"'
        assert message["messageParameters"] == []


REPLACEMENTS = [
    (
        "@bob @ghost @bob @alice",
        "{mention-user1} @ghost {mention-user1} {mention-user2}",
        ["bob", "alice"],
    ),
    (
        "@alice2 and @alice",
        "{mention-user1} and {mention-user2}",
        ["alice2", "alice"],
    ),
    (
        "{mention-user1} @bob {actor}",
        "{mention-user1} {mention-user1} {actor}",
        ["bob"],
    ),
]
"""Text, message, and ids mentioned; `tests.rendering.test_mentions` has all."""


class TestReplacement:
    """From the text as it was typed to message and parameters."""

    @pytest.mark.parametrize(("text", "message", "ids"), REPLACEMENTS)
    def test_row(self, as_alice, public, bob, text, message, ids):
        UserFactory(username="alice2")
        for shown in shown_everywhere(as_alice, public, text):
            assert shown["message"] == message
            assert mentioned(shown) == ids

    def test_a_parameter_has_type_id_and_display_name(self, as_alice, public, bob):
        for shown in shown_everywhere(as_alice, public, "@bob @alice"):
            assert shown["messageParameters"] == {
                "mention-user1": {"type": "user", "id": "bob", "name": "Bob Brown"},
                "mention-user2": {
                    "type": "user",
                    "id": "alice",
                    "name": "Alice Adams",
                },
            }

    def test_many_are_numbered_in_the_order_of_their_first_mention(
        self, as_alice, public
    ):
        names = [f"u{number}" for number in range(12)]
        for name in reversed(names):
            UserFactory(username=name)
        message = say(as_alice, public, " ".join(f"@{name}" for name in names))
        placeholders = [f"{{mention-user{number}}}" for number in range(1, 13)]
        assert message["message"] == " ".join(placeholders)
        assert mentioned(message) == names

    def test_the_stored_text_is_the_one_that_was_typed(self, as_alice, public, bob):
        say(as_alice, public, 'hi @bob @"bob"')
        assert Message.objects.latest("pk").text == 'hi @bob @"bob"'

    def test_it_is_a_comment_like_any_other(self, as_alice, public, bob):
        message = say(as_alice, public, "hi @bob")
        assert message["systemMessage"] == ""
        assert message["actorType"] == "users"
        assert message["actorId"] == "alice"

    def test_without_a_display_name_the_name_is_empty(self, as_alice, public, settings):
        UserFactory(username="zoe")
        settings.TALK = {"ADAPTER": f"{__name__}.NamelessAdapter"}
        message = say(as_alice, public, "@zoe")
        assert message["message"] == "{mention-user1}"
        assert message["messageParameters"] == {
            "mention-user1": {"type": "user", "id": "zoe", "name": ""}
        }


class NamelessAdapter(DefaultAdapter):
    """A site on which people have no names."""

    def display_name(self, user):
        return ""


class TestAuthorsAndUsers:
    """Every participant may mention every account."""

    @pytest.mark.parametrize(
        "caller", [self_joined, guest, guest_moderator, without_cookies]
    )
    def test_others_than_the_owner_mention_too(self, as_alice, shared, caller):
        message = say(caller(shared), shared, "hi @alice")
        assert message["message"] == "hi {mention-user1}"
        assert mentioned(message) == ["alice"]
        assert newest_in_history(as_alice, shared) == message

    def test_guests_are_shown_mentions(self, as_alice, as_guest, public, bob):
        as_guest.join(public)
        message = say(as_alice, public, "hi @bob")
        assert newest_in_history(as_guest, public) == message
        assert newest_of_poll(as_guest, public) == message
        assert last_message(as_guest, public) == message

    @pytest.mark.parametrize("room", ["public", "locked", "group", "pair"])
    def test_a_non_participant_is_named_but_not_added(
        self, as_alice, carol, request, room
    ):
        token = request.getfixturevalue(room)
        before = user_types_of(token)
        message = say(as_alice, token, "what does @carol think?")
        assert message["message"] == "what does {mention-user1} think?"
        assert message["messageParameters"] == {
            "mention-user1": {"type": "user", "id": "carol", "name": "Carol Clark"}
        }
        assert user_types_of(token) == before

    def test_a_non_participant_does_not_see_it(self, as_alice, as_carol, group):
        say(as_alice, group, "what does @carol think?")
        assert as_carol.history(group).status == 404
        assert as_carol.get("/room").data == []

    def test_a_user_may_mention_themself(self, as_alice, public):
        message = say(as_alice, public, "@alice was here")
        assert message["message"] == "{mention-user1} was here"
        assert mentioned(message) == ["alice"]

    def test_the_reader_is_named_like_anybody(self, as_alice, as_bob, shared):
        message = say(as_alice, shared, "hi @bob")
        assert newest_in_history(as_bob, shared) == message

    def test_a_disabled_account_still_has_a_name(self, as_alice, public):
        UserFactory(username="dora", first_name="Dora", is_active=False)
        message = say(as_alice, public, "@dora")
        assert message["messageParameters"]["mention-user1"]["name"] == "Dora Example"


class TestTime:
    """The mentioned users are looked up whenever a message is read."""

    @pytest.mark.parametrize("place", READINGS)
    def test_names_are_the_present_ones(self, as_alice, public, bob, place):
        say(as_alice, public, "hi @bob")
        bob.first_name = "Robert"
        bob.save()
        shown = READINGS[place](as_alice, public)
        assert shown["messageParameters"]["mention-user1"]["name"] == "Robert Brown"

    @pytest.mark.parametrize("place", READINGS)
    def test_a_deleted_account_becomes_text_again(self, as_alice, public, bob, place):
        UserFactory(username="zoe")
        say(as_alice, public, "@bob and @zoe")
        bob.delete()
        shown = READINGS[place](as_alice, public)
        assert shown["message"] == "@bob and {mention-user1}"
        assert mentioned(shown) == ["zoe"]

    def test_an_account_that_comes_later_is_named(self, as_alice, public):
        say(as_alice, public, "@zoe")
        UserFactory(username="zoe")
        assert newest_in_history(as_alice, public)["message"] == "{mention-user1}"

    def test_messages_of_a_page_are_numbered_each_for_itself(
        self, as_alice, public, bob
    ):
        say(as_alice, public, "@bob @alice")
        say(as_alice, public, "@alice")
        newer, older = as_alice.history(public, limit=2).data
        assert mentioned(older) == ["bob", "alice"]
        assert mentioned(newer) == ["alice"]


class TestLength:
    """The text as it was typed is what is counted."""

    def test_placeholders_may_make_it_longer(self, as_alice, public, bob):
        text = "@bob " * 199 + "@bob!"
        message = say(as_alice, public, text)
        assert len(text) == 1000
        assert message["message"] == "{mention-user1} " * 199 + "{mention-user1}!"

    def test_placeholders_do_not_make_it_shorter(self, as_alice, public):
        UserFactory(username="x" * 30)
        text = " ".join([f"@{'x' * 30}"] * 32)
        assert len(text) > 1000
        before = rows()
        answer = as_alice.post_json(f"/chat/{public}", {"message": text})
        assert answer.status == 413
        assert rows() == before

    def test_a_thousand_unknown_ids_are_a_text(self, as_alice, public):
        text = "@" * 1000
        assert say(as_alice, public, text)["message"] == text


class TestElsewhere:
    """Only comments have mentions."""

    def test_a_name_in_a_system_message_is_none(self, as_alice, public, bob):
        assert as_alice.put(f"/room/{public}", roomName="@bob").status == 200
        message = newest_in_history(as_alice, public)
        assert message["systemMessage"] == "conversation_renamed"
        assert message["message"].endswith('to "@bob"')
        assert list(message["messageParameters"]) == ["actor"]

    def test_a_room_may_be_called_like_one(self, as_alice, bob):
        token = as_alice.create_room(name="@bob")
        assert as_alice.room(token)["displayName"] == "@bob"

    def test_a_guest_may_be_called_like_one(self, as_guest, public, bob):
        as_guest.join(public)
        body = {"message": "hi", "actorDisplayName": "@bob"}
        answer = as_guest.post_json(f"/chat/{public}", body)
        assert answer.data["actorDisplayName"] == "@bob"
        assert answer.data["messageParameters"] == []


def test_posting_a_mention_costs_the_same_for_one_and_for_many(
    as_alice, public, django_assert_num_queries, bob
):
    names = [f"u{number}" for number in range(50)]
    for name in names:
        put_in(public, UserFactory(username=name))
    as_alice.join(public)
    for text in ("@bob", " ".join(f"@{name}" for name in names)):
        # Login 2, place 1; accounts 1; mentions 1, savepoint 2.
        with django_assert_num_queries(SAY + 7):
            say(as_alice, public, text)
