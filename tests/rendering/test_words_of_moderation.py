"""The words for what moderators do, for each of those who read them."""

from __future__ import annotations

from typing import Any

import pytest

from talk.constants import SystemMessage
from talk.models import Names
from talk.rendering.readers import Reader
from talk.rendering.system_messages import render_system_message
from tests.rendering.test_system_messages import (
    ALICE,
    GWEN,
    NAMES,
    PARAMETERS,
    READERS,
    line,
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
"""What befalls nobody in particular."""

PERSONAL = [
    (SystemMessage.USER_REMOVED, "removed {} from the conversation"),
    (SystemMessage.MODERATOR_PROMOTED, "promoted {} to moderator"),
    (SystemMessage.MODERATOR_DEMOTED, "demoted {} from moderator"),
    (SystemMessage.GUEST_MODERATOR_PROMOTED, "promoted {} to moderator"),
    (SystemMessage.GUEST_MODERATOR_DEMOTED, "demoted {} from moderator"),
]
"""What befalls somebody; `{}` is where they are named."""

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
    """Return what somebody reads."""
    message = line(key, parameters=parameters or PARAMETERS.get(key), **actor)
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
    """Return what the placeholders stand for."""
    message = line(key, parameters=parameters or PARAMETERS.get(key), **actor)
    _, found = render_system_message(message, reader=READERS[reader], names=names)
    return found


@pytest.mark.parametrize(("key", "words"), NEUTRAL)
class TestNeutral:
    """Whoever did it is "You" to themselves and the actor to all others."""

    def test_the_actor_reads_you(self, key, words):
        assert text_of(key, "alice", user=ALICE) == f"You {words}"

    @pytest.mark.parametrize(
        "reader", ["bob", "carol", "gwen", "another guest", "nobody"]
    )
    def test_others_read_of_the_actor(self, key, words, reader):
        assert text_of(key, reader, user=ALICE) == f"{{actor}} {words}"

    def test_a_guest_who_did_it_reads_you(self, key, words):
        assert text_of(key, "gwen", guest=GWEN) == f"You {words}"

    @pytest.mark.parametrize("reader", ["alice", "another guest", "nobody"])
    def test_others_read_of_a_guest(self, key, words, reader):
        assert text_of(key, reader, guest=GWEN) == f"{{actor}} {words}"

    @pytest.mark.parametrize("reader", ["alice", "gwen"])
    def test_the_actor_is_delivered_and_nobody_else(self, key, words, reader):
        alice = {"type": "user", "id": "alice", "name": "Alice Adams"}
        assert objects_of(key, reader, user=ALICE) == {"actor": alice}


@pytest.mark.parametrize(("key", "words"), PERSONAL)
class TestPersonal:
    """Whom it befell is "you" to themselves."""

    def affected(self, key: SystemMessage) -> str:
        """Return who it is."""
        return "gwen" if key in GUEST_KEYS else "bob"

    def test_the_actor_reads_you_first(self, key, words):
        expected = f"You {words.format('{user}')}"
        assert text_of(key, "alice", user=ALICE) == expected

    def test_whom_it_befell_reads_you(self, key, words):
        expected = f"{{actor}} {words.format('you')}"
        assert text_of(key, self.affected(key), user=ALICE) == expected

    @pytest.mark.parametrize("reader", ["carol", "another guest", "nobody"])
    def test_others_read_of_both(self, key, words, reader):
        expected = f"{{actor}} {words.format('{user}')}"
        assert text_of(key, reader, user=ALICE) == expected

    def test_a_user_reads_of_both_when_it_was_a_guest_and_the_other_way_round(
        self, key, words
    ):
        other = "bob" if key in GUEST_KEYS else "gwen"
        expected = f"{{actor}} {words.format('{user}')}"
        assert text_of(key, other, user=ALICE) == expected

    def test_whom_nobody_did_it_to_reads_you(self, key, words):
        expected = f"{{actor}} {words.format('you')}"
        assert text_of(key, self.affected(key), is_guest=True) == expected

    def test_who_acts_as_a_deleted_account_is_nobody(self, key, words):
        expected = f"{{actor}} {words.format('{user}')}"
        assert text_of(key, "alice") == expected

    @pytest.mark.parametrize("reader", READERS)
    def test_both_are_always_delivered(self, key, words, reader):
        user = (
            {"type": "guest", "id": "a" * 40, "name": "Gwen (guest)"}
            if key in GUEST_KEYS
            else {"type": "user", "id": "bob", "name": "bob"}
        )
        assert objects_of(key, reader, user=ALICE) == {
            "actor": {"type": "user", "id": "alice", "name": "Alice Adams"},
            "user": user,
        }


class TestOneself:
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
    def test_who_removes_oneself_has_left(self, reader, text):
        key, parameters = SystemMessage.USER_REMOVED, {"user": "alice"}
        assert text_of(key, reader, user=ALICE, parameters=parameters) == text

    def test_actor_and_user_are_delivered_all_the_same(self):
        alice = {"type": "user", "id": "alice", "name": "Alice Adams"}
        key, parameters = SystemMessage.USER_REMOVED, {"user": "alice"}
        found = objects_of(key, "bob", user=ALICE, parameters=parameters)
        assert found == {"actor": alice, "user": alice}

    @pytest.mark.parametrize("key", USER_KEYS)
    def test_the_actor_is_told_from_a_guest_with_the_same_id(self, key):
        parameters = {"user": "a" * 40}
        text = text_of(key, "carol", guest=GWEN, parameters=parameters)
        assert "{user}" in text


class TestGone:
    """Those whom it befell and who are nowhere any more."""

    @pytest.mark.parametrize("key", USER_KEYS)
    def test_a_user_without_an_account_keeps_the_id(self, key):
        found = objects_of(key, "carol", user=ALICE, names=Names())
        assert found["user"] == {"type": "user", "id": "bob", "name": "bob"}

    @pytest.mark.parametrize("key", GUEST_KEYS)
    @pytest.mark.parametrize("names", [Names(), Names(guests={"a" * 40: ""})])
    def test_a_guest_without_a_name_is_a_guest(self, key, names):
        found = objects_of(key, "carol", user=ALICE, names=names)
        assert found["user"] == {"type": "guest", "id": "a" * 40, "name": "Guest"}

    @pytest.mark.parametrize("key", GUEST_KEYS)
    def test_a_guest_is_called_what_they_are_called_now(self, key):
        names = Names(guests={"a" * 40: "Gwendolyn"})
        found = objects_of(key, "carol", user=ALICE, names=names)
        assert found["user"]["name"] == "Gwendolyn (guest)"

    @pytest.mark.parametrize("key", GUEST_KEYS)
    def test_a_user_whose_id_is_the_guests_is_not_that_guest(self, key):
        message = line(key, user=ALICE, parameters={"session": "a" * 40})
        reader = Reader(user_id="a" * 40)
        text, _ = render_system_message(message, reader=reader, names=NAMES)
        assert "{user}" in text


class TestRenamed:
    """The names stand in the text, as they are."""

    @pytest.mark.parametrize(
        "name",
        ["", "%", "%s %d %%", "%(oldName)s", "{actor}", "{user}", '"', "<b>", "ä🎉"],
    )
    @pytest.mark.parametrize("reader", ["alice", "bob"])
    def test_nothing_in_a_name_has_a_meaning(self, name, reader):
        key = SystemMessage.CONVERSATION_RENAMED
        who = "You" if reader == "alice" else "{actor}"
        for old, new in ((name, "New"), ("Old", name)):
            parameters = {"oldName": old, "newName": new}
            text = text_of(key, reader, user=ALICE, parameters=parameters)
            assert text == f'{who} renamed the conversation from "{old}" to "{new}"'

    def test_the_names_are_no_parameters(self):
        found = objects_of(SystemMessage.CONVERSATION_RENAMED, "bob", user=ALICE)
        assert found.keys() == {"actor"}
