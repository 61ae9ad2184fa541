"""Texts of system messages about moderation, for each reader."""

from __future__ import annotations

from typing import Any

import pytest

from talk.constants import SystemMessage
from talk.models import Names
from talk.rendering.readers import Reader
from talk.rendering.system_messages import render_system_message
from tests.rendering.messages import (
    ALICE,
    GWEN,
    NAMES,
    PARAMETERS,
    READERS,
    make_message,
)

NEUTRAL = [
    (
        SystemMessage.CONVERSATION_RENAMED,
        'renamed the conversation from "Old" to "New"',
    ),
    (SystemMessage.GUESTS_ALLOWED, "allowed guests in the conversation"),
    (SystemMessage.GUESTS_DISALLOWED, "disallowed guests in the conversation"),
    (SystemMessage.PASSWORD_SET, "set a password for the conversation"),
    (SystemMessage.PASSWORD_REMOVED, "removed the password for the conversation"),
]
"""System messages that affect no participant in particular."""

PERSONAL = [
    (SystemMessage.USER_REMOVED, "removed {} from the conversation"),
    (SystemMessage.MODERATOR_PROMOTED, "promoted {} to moderator"),
    (SystemMessage.MODERATOR_DEMOTED, "demoted {} from moderator"),
    (SystemMessage.GUEST_MODERATOR_PROMOTED, "promoted {} to moderator"),
    (SystemMessage.GUEST_MODERATOR_DEMOTED, "demoted {} from moderator"),
]
"""System messages that affect a participant, who is named in place of `{}`."""

USER_KEYS = [
    SystemMessage.USER_ADDED,
    SystemMessage.USER_REMOVED,
    SystemMessage.MODERATOR_PROMOTED,
    SystemMessage.MODERATOR_DEMOTED,
]
GUEST_KEYS = [
    SystemMessage.GUEST_MODERATOR_PROMOTED,
    SystemMessage.GUEST_MODERATOR_DEMOTED,
]


def text_of(
    key: SystemMessage,
    reader: str,
    *,
    parameters: dict[str, Any] | None = None,
    names: Names = NAMES,
    **actor: Any,
) -> str:
    """Return the text for a reader."""
    message = make_message(key, parameters=parameters or PARAMETERS.get(key), **actor)
    text, _ = render_system_message(message, reader=READERS[reader], names=names)
    return text


def objects_of(
    key: SystemMessage,
    reader: str,
    *,
    parameters: dict[str, Any] | None = None,
    names: Names = NAMES,
    **actor: Any,
) -> dict[str, dict[str, str]]:
    """Return the rich objects of the placeholders."""
    message = make_message(key, parameters=parameters or PARAMETERS.get(key), **actor)
    _, objects = render_system_message(message, reader=READERS[reader], names=names)
    return objects


@pytest.mark.parametrize(("key", "words"), NEUTRAL)
class TestNeutral:
    """The actor is "You" to themself, and named to all others."""

    def test_the_actor_is_you(self, key, words):
        assert text_of(key, "alice", user=ALICE) == f"You {words}"

    @pytest.mark.parametrize(
        "reader", ["bob", "carol", "gwen", "another guest", "nobody"]
    )
    def test_others_see_the_actors_name(self, key, words, reader):
        assert text_of(key, reader, user=ALICE) == f"{{actor}} {words}"

    def test_a_guest_as_the_actor_is_you(self, key, words):
        assert text_of(key, "gwen", guest=GWEN) == f"You {words}"

    @pytest.mark.parametrize("reader", ["alice", "another guest", "nobody"])
    def test_others_see_the_name_of_a_guest(self, key, words, reader):
        assert text_of(key, reader, guest=GWEN) == f"{{actor}} {words}"

    @pytest.mark.parametrize("reader", ["alice", "gwen"])
    def test_the_actor_is_the_only_parameter(self, key, words, reader):
        alice = {"type": "user", "id": "alice", "name": "Alice Adams"}
        assert objects_of(key, reader, user=ALICE) == {"actor": alice}


@pytest.mark.parametrize(("key", "words"), PERSONAL)
class TestPersonal:
    """The affected participant is "you" to themself."""

    def affected(self, key: SystemMessage) -> str:
        """Return the affected participant."""
        return "gwen" if key in GUEST_KEYS else "bob"

    def test_the_actor_is_you_and_sees_the_affected_name(self, key, words):
        expected = f"You {words.format('{user}')}"
        assert text_of(key, "alice", user=ALICE) == expected

    def test_the_affected_participant_is_you(self, key, words):
        expected = f"{{actor}} {words.format('you')}"
        assert text_of(key, self.affected(key), user=ALICE) == expected

    @pytest.mark.parametrize("reader", ["carol", "another guest", "nobody"])
    def test_others_see_both_names(self, key, words, reader):
        expected = f"{{actor}} {words.format('{user}')}"
        assert text_of(key, reader, user=ALICE) == expected

    def test_users_and_guests_are_not_mistaken_for_each_other(self, key, words):
        other = "bob" if key in GUEST_KEYS else "gwen"
        expected = f"{{actor}} {words.format('{user}')}"
        assert text_of(key, other, user=ALICE) == expected

    def test_the_affected_participant_is_you_if_the_actor_is_unknown(self, key, words):
        expected = f"{{actor}} {words.format('you')}"
        assert text_of(key, self.affected(key), is_guest=True) == expected

    def test_a_deleted_actor_is_no_reader(self, key, words):
        expected = f"{{actor}} {words.format('{user}')}"
        assert text_of(key, "alice") == expected

    @pytest.mark.parametrize("reader", READERS)
    def test_actor_and_affected_participant_are_always_parameters(
        self, key, words, reader
    ):
        user = (
            {"type": "guest", "id": "a" * 40, "name": "Gwen (guest)"}
            if key in GUEST_KEYS
            else {"type": "user", "id": "bob", "name": "bob"}
        )
        assert objects_of(key, reader, user=ALICE) == {
            "actor": {"type": "user", "id": "alice", "name": "Alice Adams"},
            "user": user,
        }


class TestSelf:
    """Actor and affected user are the same."""

    @pytest.mark.parametrize(
        ("reader", "text"),
        [
            ("alice", "You left the conversation"),
            ("bob", "{actor} left the conversation"),
            ("gwen", "{actor} left the conversation"),
            ("nobody", "{actor} left the conversation"),
        ],
    )
    def test_a_user_who_removes_themself_leaves(self, reader, text):
        key, parameters = SystemMessage.USER_REMOVED, {"user": "alice"}
        assert text_of(key, reader, user=ALICE, parameters=parameters) == text

    def test_actor_and_user_are_parameters_all_the_same(self):
        alice = {"type": "user", "id": "alice", "name": "Alice Adams"}
        key, parameters = SystemMessage.USER_REMOVED, {"user": "alice"}
        objects = objects_of(key, "bob", user=ALICE, parameters=parameters)
        assert objects == {"actor": alice, "user": alice}

    @pytest.mark.parametrize("key", USER_KEYS)
    def test_a_guest_with_the_id_of_the_affected_user_is_not_that_user(self, key):
        parameters = {"user": "a" * 40}
        text = text_of(key, "carol", guest=GWEN, parameters=parameters)
        assert "{user}" in text


class TestMissing:
    """Affected participants who no longer exist, or have no name."""

    @pytest.mark.parametrize("key", USER_KEYS)
    def test_the_name_of_a_deleted_user_is_the_id(self, key):
        objects = objects_of(key, "carol", user=ALICE, names=Names())
        assert objects["user"] == {"type": "user", "id": "bob", "name": "bob"}

    @pytest.mark.parametrize("key", GUEST_KEYS)
    @pytest.mark.parametrize("names", [Names(), Names(guests={"a" * 40: ""})])
    def test_a_guest_without_a_name_is_called_guest(self, key, names):
        objects = objects_of(key, "carol", user=ALICE, names=names)
        assert objects["user"] == {"type": "guest", "id": "a" * 40, "name": "Guest"}

    @pytest.mark.parametrize("key", GUEST_KEYS)
    def test_a_guest_has_the_current_name(self, key):
        names = Names(guests={"a" * 40: "Gwendolyn"})
        objects = objects_of(key, "carol", user=ALICE, names=names)
        assert objects["user"]["name"] == "Gwendolyn (guest)"

    @pytest.mark.parametrize("key", GUEST_KEYS)
    def test_a_user_with_the_id_of_the_affected_guest_is_not_that_guest(self, key):
        message = make_message(key, user=ALICE, parameters={"session": "a" * 40})
        reader = Reader(user_id="a" * 40)
        text, _ = render_system_message(message, reader=reader, names=NAMES)
        assert "{user}" in text


class TestRenamed:
    """Old and new name are part of the text, unchanged."""

    @pytest.mark.parametrize(
        "name",
        ["", "%", "%s %d %%", "%(oldName)s", "{actor}", "{user}", '"', "<b>", "ä🎉"],
    )
    @pytest.mark.parametrize("reader", ["alice", "bob"])
    def test_placeholders_in_a_name_are_not_replaced(self, name, reader):
        key = SystemMessage.CONVERSATION_RENAMED
        actor = "You" if reader == "alice" else "{actor}"
        for old, new in ((name, "New"), ("Old", name)):
            parameters = {"oldName": old, "newName": new}
            text = text_of(key, reader, user=ALICE, parameters=parameters)
            assert text == f'{actor} renamed the conversation from "{old}" to "{new}"'

    def test_the_names_are_not_parameters(self):
        objects = objects_of(SystemMessage.CONVERSATION_RENAMED, "bob", user=ALICE)
        assert objects.keys() == {"actor"}
