"""Texts of system messages, by reader."""

from __future__ import annotations

import re
from typing import Any

import pytest

from talk.constants import SystemMessage
from talk.models import Guest, Message, Names
from talk.rendering.messages import render_message
from talk.rendering.readers import Reader
from talk.rendering.system_messages import render_system_message
from tests.rendering.messages import (
    ALICE,
    BOB,
    GWEN,
    NAMES,
    PARAMETERS,
    READERS,
    make_message,
)


def user_added(user_id: str, **actor: Any) -> Message:
    """Return the system message that a user was added."""
    return make_message(SystemMessage.USER_ADDED, parameters={"user": user_id}, **actor)


CREATED = SystemMessage.CONVERSATION_CREATED

TEXTS = [
    (make_message(CREATED, user=ALICE), "alice", "You created the conversation"),
    (make_message(CREATED, user=ALICE), "bob", "{actor} created the conversation"),
    (make_message(CREATED, user=ALICE), "gwen", "{actor} created the conversation"),
    (make_message(CREATED, user=ALICE), "nobody", "{actor} created the conversation"),
    (make_message(CREATED, guest=GWEN), "gwen", "You created the conversation"),
    (
        make_message(CREATED, guest=GWEN),
        "another guest",
        "{actor} created the conversation",
    ),
    (make_message(CREATED, guest=GWEN), "alice", "{actor} created the conversation"),
    (make_message(CREATED, is_guest=True), "gwen", "{actor} created the conversation"),
    (
        make_message(CREATED, is_guest=True),
        "nobody",
        "{actor} created the conversation",
    ),
    (make_message(CREATED), "alice", "{actor} created the conversation"),
    (make_message(CREATED), "nobody", "{actor} created the conversation"),
    (
        user_added("bob", user=ALICE),
        "alice",
        "You added {user} to the conversation",
    ),
    (
        user_added("bob", user=ALICE),
        "bob",
        "{actor} added you to the conversation",
    ),
    (
        user_added("bob", user=ALICE),
        "carol",
        "{actor} added {user} to the conversation",
    ),
    (
        user_added("bob", user=ALICE),
        "gwen",
        "{actor} added {user} to the conversation",
    ),
    (
        user_added("bob", user=ALICE),
        "nobody",
        "{actor} added {user} to the conversation",
    ),
    (
        user_added("bob", guest=GWEN),
        "gwen",
        "You added {user} to the conversation",
    ),
    (
        user_added("bob", guest=GWEN),
        "bob",
        "{actor} added you to the conversation",
    ),
    (user_added("bob"), "bob", "{actor} added you to the conversation"),
    (user_added("alice", user=ALICE), "alice", "You joined the conversation"),
    (
        user_added("alice", user=ALICE),
        "bob",
        "{actor} joined the conversation",
    ),
    (
        user_added("alice", user=ALICE),
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
def test_the_only_parameter_of_a_creation_is_the_actor(reader: str) -> None:
    _, parameters = render_system_message(
        make_message(CREATED, user=ALICE), reader=READERS[reader], names=Names()
    )
    actor = {"type": "user", "id": "alice", "name": "Alice Adams"}
    assert parameters == {"actor": actor}


@pytest.mark.parametrize("reader", READERS)
def test_the_parameters_of_an_addition_are_actor_and_user(reader: str) -> None:
    _, parameters = render_system_message(
        user_added("carol", user=ALICE), reader=READERS[reader], names=NAMES
    )
    assert parameters == {
        "actor": {"type": "user", "id": "alice", "name": "Alice Adams"},
        "user": {"type": "user", "id": "carol", "name": "Carol Clark"},
    }


@pytest.mark.parametrize("reader", READERS)
def test_the_parameters_of_joining_are_actor_and_user(reader: str) -> None:
    _, parameters = render_system_message(
        user_added("alice", user=ALICE), reader=READERS[reader], names=NAMES
    )
    alice = {"type": "user", "id": "alice", "name": "Alice Adams"}
    assert parameters == {"actor": alice, "user": alice}


def test_a_user_who_adds_themself_is_recognised_by_id_not_name() -> None:
    text, _ = render_system_message(
        user_added("alice", user=ALICE),
        reader=READERS["bob"],
        names=Names(users={"alice": "Alicia"}),
    )
    assert text == "{actor} joined the conversation"


def test_a_user_without_a_full_name_is_named_by_id() -> None:
    _, parameters = render_system_message(
        make_message(CREATED, user=BOB), reader=READERS["alice"], names=Names()
    )
    assert parameters["actor"] == {"type": "user", "id": "bob", "name": "bob"}


def test_the_name_of_a_deleted_affected_user_is_the_id() -> None:
    _, parameters = render_system_message(
        user_added("dora", user=ALICE), reader=READERS["bob"], names=NAMES
    )
    assert parameters["user"] == {"type": "user", "id": "dora", "name": "dora"}


def test_an_actor_with_a_deleted_account_is_a_deleted_user() -> None:
    _, parameters = render_system_message(
        make_message(CREATED), reader=READERS["bob"], names=Names()
    )
    actor = {"type": "user", "id": "deleted_users", "name": "deleted_users"}
    assert parameters["actor"] == actor


@pytest.mark.parametrize(
    ("stored", "shown"), [("Gwen", "Gwen (guest)"), ("", "Guest"), ("%s", "%s (guest)")]
)
def test_the_name_of_a_guest_is_marked(stored: str, shown: str) -> None:
    guest = Guest(actor_id="a" * 40, display_name=stored)
    _, parameters = render_system_message(
        make_message(CREATED, guest=guest), reader=READERS["alice"], names=Names()
    )
    assert parameters["actor"] == {"type": "guest", "id": "a" * 40, "name": shown}


def test_an_unknown_guest_has_a_fixed_id() -> None:
    _, parameters = render_system_message(
        make_message(CREATED, is_guest=True), reader=READERS["alice"], names=Names()
    )
    actor = {"type": "guest", "id": "failed-to-get-session", "name": "Guest"}
    assert parameters["actor"] == actor


def test_a_user_with_the_id_of_a_guest_is_not_that_guest() -> None:
    text, _ = render_system_message(
        make_message(CREATED, guest=GWEN),
        reader=Reader(user_id="a" * 40),
        names=Names(),
    )
    assert text == "{actor} created the conversation"


def test_a_guest_with_the_id_of_a_user_is_not_that_user() -> None:
    text, _ = render_system_message(
        make_message(CREATED, user=ALICE),
        reader=Reader(guest_id="alice"),
        names=Names(),
    )
    assert text == "{actor} created the conversation"


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("key", SystemMessage)
def test_every_key_has_a_text(key: SystemMessage, reader: str) -> None:
    message = make_message(key, user=ALICE, parameters=PARAMETERS.get(key))
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
        make_message(CREATED, **actor),
        token="abcdefgh",
        reader=READERS["carol"],
        names=Names(),
    )
    keys = ("actorType", "actorId", "actorDisplayName")
    assert tuple(message[key] for key in keys) == shown


def test_the_message_carries_key_text_and_whole_seconds() -> None:
    message = render_message(
        make_message(CREATED, user=ALICE),
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


def test_a_user_called_deleted_users_is_not_the_actor_of_deleted_accounts() -> None:
    reader = Reader(user_id="deleted_users")
    text, _ = render_system_message(make_message(CREATED), reader=reader, names=Names())
    assert text == "{actor} created the conversation"
