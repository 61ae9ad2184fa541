"""The words of system messages, by who reads them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User

from talk.constants import ActorType, SystemMessage
from talk.models import Guest, Message, Names
from talk.rendering.messages import render_message
from talk.rendering.readers import Reader
from talk.rendering.system_messages import render_system_message

ALICE = User(username="alice", first_name="Alice", last_name="Adams")
BOB = User(username="bob")
GWEN = Guest(actor_id="a" * 40, display_name="Gwen")
NAMES = Names(
    users={"alice": "Alice Adams", "bob": "bob", "carol": "Carol Clark"},
    guests={"a" * 40: "Gwen"},
)

READERS = {
    "alice": Reader(user_id="alice"),
    "bob": Reader(user_id="bob"),
    "carol": Reader(user_id="carol"),
    "gwen": Reader(guest_id="a" * 40),
    "another guest": Reader(guest_id="b" * 40),
    "nobody": Reader(),
}


def line(
    key: SystemMessage,
    *,
    user: User | None = None,
    guest: Guest | None = None,
    is_guest: bool = False,
    parameters: dict[str, Any] | None = None,
) -> Message:
    """Return a system message that is nowhere stored."""
    is_guest = is_guest or guest is not None
    return Message(
        pk=7,
        system_message=key,
        parameters=parameters or {},
        actor_type=ActorType.GUESTS if is_guest else ActorType.USERS,
        actor_user=user,
        actor_guest=guest,
        created_at=datetime(2018, 12, 16, 22, 15, 23, 999_999, tzinfo=UTC),
    )


def added(user_id: str, **actor: Any) -> Message:
    """Return the system message that somebody added a user."""
    return line(SystemMessage.USER_ADDED, parameters={"user": user_id}, **actor)


CREATED = SystemMessage.CONVERSATION_CREATED

TEXTS = [
    (line(CREATED, user=ALICE), "alice", "You created the conversation"),
    (line(CREATED, user=ALICE), "bob", "{actor} created the conversation"),
    (line(CREATED, user=ALICE), "gwen", "{actor} created the conversation"),
    (line(CREATED, user=ALICE), "nobody", "{actor} created the conversation"),
    (line(CREATED, guest=GWEN), "gwen", "You created the conversation"),
    (line(CREATED, guest=GWEN), "another guest", "{actor} created the conversation"),
    (line(CREATED, guest=GWEN), "alice", "{actor} created the conversation"),
    (line(CREATED, is_guest=True), "gwen", "{actor} created the conversation"),
    (line(CREATED, is_guest=True), "nobody", "{actor} created the conversation"),
    (line(CREATED), "alice", "{actor} created the conversation"),
    (line(CREATED), "nobody", "{actor} created the conversation"),
    (
        added("bob", user=ALICE),
        "alice",
        "You added {user} to the conversation",
    ),
    (
        added("bob", user=ALICE),
        "bob",
        "{actor} added you to the conversation",
    ),
    (
        added("bob", user=ALICE),
        "carol",
        "{actor} added {user} to the conversation",
    ),
    (
        added("bob", user=ALICE),
        "gwen",
        "{actor} added {user} to the conversation",
    ),
    (
        added("bob", user=ALICE),
        "nobody",
        "{actor} added {user} to the conversation",
    ),
    (
        added("bob", guest=GWEN),
        "gwen",
        "You added {user} to the conversation",
    ),
    (
        added("bob", guest=GWEN),
        "bob",
        "{actor} added you to the conversation",
    ),
    (added("bob"), "bob", "{actor} added you to the conversation"),
    (added("alice", user=ALICE), "alice", "You joined the conversation"),
    (
        added("alice", user=ALICE),
        "bob",
        "{actor} joined the conversation",
    ),
    (
        added("alice", user=ALICE),
        "gwen",
        "{actor} joined the conversation",
    ),
]


@pytest.mark.parametrize(("message", "reader", "text"), TEXTS)
def test_the_text_depends_on_the_reader(
    message: Message, reader: str, text: str
) -> None:
    shown, _ = render_system_message(message, reader=READERS[reader], names=NAMES)
    assert shown == text


@pytest.mark.parametrize("reader", READERS)
def test_a_creation_always_delivers_the_actor_and_nothing_else(reader: str) -> None:
    _, parameters = render_system_message(
        line(CREATED, user=ALICE), reader=READERS[reader], names=Names()
    )
    actor = {"type": "user", "id": "alice", "name": "Alice Adams"}
    assert parameters == {"actor": actor}


@pytest.mark.parametrize("reader", READERS)
def test_an_addition_always_delivers_actor_and_user(reader: str) -> None:
    _, parameters = render_system_message(
        added("carol", user=ALICE), reader=READERS[reader], names=NAMES
    )
    assert parameters == {
        "actor": {"type": "user", "id": "alice", "name": "Alice Adams"},
        "user": {"type": "user", "id": "carol", "name": "Carol Clark"},
    }


@pytest.mark.parametrize("reader", READERS)
def test_joining_delivers_actor_and_user_too(reader: str) -> None:
    _, parameters = render_system_message(
        added("alice", user=ALICE), reader=READERS[reader], names=NAMES
    )
    alice = {"type": "user", "id": "alice", "name": "Alice Adams"}
    assert parameters == {"actor": alice, "user": alice}


def test_who_adds_oneself_is_told_by_id_and_not_by_name() -> None:
    text, _ = render_system_message(
        added("alice", user=ALICE),
        reader=READERS["bob"],
        names=Names(users={"alice": "Alicia"}),
    )
    assert text == "{actor} joined the conversation"


def test_a_user_without_a_full_name_is_named_by_id() -> None:
    _, parameters = render_system_message(
        line(CREATED, user=BOB), reader=READERS["alice"], names=Names()
    )
    assert parameters["actor"] == {"type": "user", "id": "bob", "name": "bob"}


def test_an_affected_user_whose_account_is_gone_keeps_the_id() -> None:
    _, parameters = render_system_message(
        added("dora", user=ALICE), reader=READERS["bob"], names=NAMES
    )
    assert parameters["user"] == {"type": "user", "id": "dora", "name": "dora"}


def test_an_actor_whose_account_is_gone_is_a_deleted_user() -> None:
    _, parameters = render_system_message(
        line(CREATED), reader=READERS["bob"], names=Names()
    )
    actor = {"type": "user", "id": "deleted_users", "name": "deleted_users"}
    assert parameters["actor"] == actor


@pytest.mark.parametrize(
    ("stored", "shown"), [("Gwen", "Gwen (guest)"), ("", "Guest"), ("%s", "%s (guest)")]
)
def test_a_guest_is_told_from_users_by_name(stored: str, shown: str) -> None:
    guest = Guest(actor_id="a" * 40, display_name=stored)
    _, parameters = render_system_message(
        line(CREATED, guest=guest), reader=READERS["alice"], names=Names()
    )
    assert parameters["actor"] == {"type": "guest", "id": "a" * 40, "name": shown}


def test_nobody_is_a_guest_without_a_session() -> None:
    _, parameters = render_system_message(
        line(CREATED, is_guest=True), reader=READERS["alice"], names=Names()
    )
    actor = {"type": "guest", "id": "failed-to-get-session", "name": "Guest"}
    assert parameters["actor"] == actor


def test_a_user_whose_id_is_a_guests_is_not_that_guest() -> None:
    text, _ = render_system_message(
        line(CREATED, guest=GWEN), reader=Reader(user_id="a" * 40), names=Names()
    )
    assert text == "{actor} created the conversation"


def test_a_guest_whose_id_is_a_users_is_not_that_user() -> None:
    text, _ = render_system_message(
        line(CREATED, user=ALICE), reader=Reader(guest_id="alice"), names=Names()
    )
    assert text == "{actor} created the conversation"


PARAMETERS: dict[SystemMessage, dict[str, Any]] = {
    SystemMessage.CONVERSATION_RENAMED: {"oldName": "Old", "newName": "New"},
    SystemMessage.CALL_ENDED: {"users": ["alice", "bob"], "guests": 1, "duration": 9},
    SystemMessage.GUESTS_ALLOWED: {"oldType": 2, "newType": 3},
    SystemMessage.GUESTS_DISALLOWED: {"oldType": 3, "newType": 2},
    SystemMessage.USER_ADDED: {"user": "bob"},
    SystemMessage.USER_REMOVED: {"user": "bob"},
    SystemMessage.MODERATOR_PROMOTED: {"user": "bob"},
    SystemMessage.MODERATOR_DEMOTED: {"user": "bob"},
    SystemMessage.GUEST_MODERATOR_PROMOTED: {"session": "a" * 40},
    SystemMessage.GUEST_MODERATOR_DEMOTED: {"session": "a" * 40},
}
"""What is stored with each key; nothing with those that are missing here."""


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("key", SystemMessage)
def test_every_key_has_words(key: SystemMessage, reader: str) -> None:
    message = line(key, user=ALICE, parameters=PARAMETERS.get(key))
    text, parameters = render_system_message(
        message, reader=READERS[reader], names=NAMES
    )
    assert text
    assert "%" not in text
    assert set(re.findall(r"{(\w+)}", text)) <= set(parameters)


@pytest.mark.parametrize(
    ("actor", "shown"),
    [
        ({"user": ALICE}, ("users", "alice", "Alice Adams")),
        ({"user": BOB}, ("users", "bob", "bob")),
        ({"guest": GWEN}, ("guests", "a" * 40, "Gwen")),
        ({"guest": Guest(actor_id="a" * 40)}, ("guests", "a" * 40, "")),
        ({"is_guest": True}, ("guests", "failed-to-get-session", "")),
        ({}, ("deleted_users", "deleted_users", "")),
    ],
)
def test_the_message_names_its_actor(
    actor: dict[str, Any], shown: tuple[str, str, str]
) -> None:
    message = render_message(
        line(CREATED, **actor), token="abcdefgh", reader=READERS["carol"], names=Names()
    )
    keys = ("actorType", "actorId", "actorDisplayName")
    assert tuple(message[key] for key in keys) == shown


def test_the_message_carries_key_text_and_whole_seconds() -> None:
    message = render_message(
        line(CREATED, user=ALICE),
        token="abcdefgh",
        reader=READERS["alice"],
        names=Names(),
    )
    assert message == {
        "id": 7,
        "token": "abcdefgh",
        "actorType": "users",
        "actorId": "alice",
        "actorDisplayName": "Alice Adams",
        "timestamp": 1544998523,
        "message": "You created the conversation",
        "messageParameters": {
            "actor": {"type": "user", "id": "alice", "name": "Alice Adams"}
        },
        "systemMessage": "conversation_created",
    }


def test_an_account_that_is_called_like_deleted_ones_has_not_done_their_deeds() -> None:
    reader = Reader(user_id="deleted_users")
    text, _ = render_system_message(line(CREATED), reader=reader, names=Names())
    assert text == "{actor} created the conversation"
