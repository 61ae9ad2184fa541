"""Summaries of calls: participants and duration."""

from __future__ import annotations

from typing import Any

import pytest

from talk.constants import SystemMessage
from talk.models import Names
from talk.rendering.messages import render_message
from talk.rendering.system_messages import render_system_message
from tests.rendering.messages import ALICE, NAMES, READERS, make_message

IDS = [f"user{number}" for number in range(1, 10)]

SUMMARIES = [
    (1, 1, "{user1} and 1 guest", 1),
    (1, 2, "{user1} and 2 guests", 1),
    (1, 12, "{user1} and 12 guests", 1),
    (2, 0, "{user1} and {user2}", 2),
    (2, 1, "{user1}, {user2} and 1 guest", 2),
    (2, 3, "{user1}, {user2} and 3 guests", 2),
    (3, 0, "{user1}, {user2} and {user3}", 3),
    (3, 1, "{user1}, {user2}, {user3} and 1 guest", 3),
    (3, 2, "{user1}, {user2}, {user3} and 2 guests", 3),
    (4, 0, "{user1}, {user2}, {user3} and {user4}", 4),
    (4, 1, "{user1}, {user2}, {user3}, {user4} and 1 guest", 4),
    (4, 2, "{user1}, {user2}, {user3}, {user4} and 2 guests", 4),
    (5, 0, "{user1}, {user2}, {user3}, {user4} and {user5}", 5),
    (5, 1, "{user1}, {user2}, {user3}, {user4} and 2 others", 4),
    (5, 3, "{user1}, {user2}, {user3}, {user4} and 4 others", 4),
    (6, 0, "{user1}, {user2}, {user3}, {user4} and 2 others", 4),
    (6, 1, "{user1}, {user2}, {user3}, {user4} and 3 others", 4),
    (9, 0, "{user1}, {user2}, {user3}, {user4} and 5 others", 4),
    (9, 4, "{user1}, {user2}, {user3}, {user4} and 9 others", 4),
]
"""Users, guests, the participants in the text, and the number of named users."""

DURATIONS = [
    (0, "0:00"),
    (1, "0:01"),
    (30, "0:30"),
    (59, "0:59"),
    (60, "1:00"),
    (140, "2:20"),
    (725, "12:05"),
    (3599, "59:59"),
    (3600, "1:00:00"),
    (5421, "1:30:21"),
    (7221, "2:00:21"),
    (35_999, "9:59:59"),
    (36_000, "10:00:00"),
    (100 * 3600 + 61, "100:01:01"),
]


def summary(
    ids: list[str],
    guests: int = 0,
    seconds: int = 725,
    *,
    reader: str = "carol",
    names: Names = NAMES,
) -> tuple[str, dict[str, Any]]:
    """Return text and parameters of the summary of a call."""
    parameters = {"users": ids, "guests": guests, "duration": seconds}
    message = make_message(SystemMessage.CALL_ENDED, user=ALICE, parameters=parameters)
    return render_system_message(message, reader=READERS[reader], names=names)


@pytest.mark.parametrize(("users", "guests", "participants", "named"), SUMMARIES)
def test_the_text_names_participants(
    users: int, guests: int, participants: str, named: int
) -> None:
    text, _ = summary(IDS[:users], guests)
    assert text == f"Call with {participants} (Duration 12:05)"


@pytest.mark.parametrize(("users", "guests", "participants", "named"), SUMMARIES)
def test_the_parameters_are_the_named_users(
    users: int, guests: int, participants: str, named: int
) -> None:
    names = Names(users={user_id: user_id.title() for user_id in IDS})
    _, parameters = summary(IDS[:users], guests, names=names)
    assert parameters == {
        f"user{number}": {
            "type": "user",
            "id": f"user{number}",
            "name": f"User{number}",
        }
        for number in range(1, named + 1)
    }


@pytest.mark.parametrize(("seconds", "shown"), DURATIONS)
def test_the_text_states_the_duration(seconds: int, shown: str) -> None:
    text, _ = summary(["alice", "bob"], seconds=seconds)
    assert text == f"Call with {{user1}} and {{user2}} (Duration {shown})"


@pytest.mark.parametrize("reader", READERS)
def test_all_readers_see_the_same_text(reader: str) -> None:
    text, parameters = summary(["alice", "bob"], 1, reader=reader)
    assert text == "Call with {user1}, {user2} and 1 guest (Duration 12:05)"
    assert parameters == {
        "user1": {"type": "user", "id": "alice", "name": "Alice Adams"},
        "user2": {"type": "user", "id": "bob", "name": "bob"},
    }


def test_the_name_of_a_deleted_user_is_the_id() -> None:
    _, parameters = summary(["alice", "dora"])
    assert parameters["user2"] == {"type": "user", "id": "dora", "name": "dora"}


@pytest.mark.parametrize("name", ["%s", "%(duration)s", "{user2}", "100 %"])
def test_placeholders_in_a_name_are_not_replaced(name: str) -> None:
    names = Names(users={"alice": name})
    text, parameters = summary(["alice", "bob"], names=names)
    assert text == "Call with {user1} and {user2} (Duration 12:05)"
    assert parameters["user1"]["name"] == name


def test_the_message_has_the_first_user_as_its_actor() -> None:
    parameters = {"users": ["alice", "bob"], "guests": 1, "duration": 725}
    message = render_message(
        make_message(SystemMessage.CALL_ENDED, user=ALICE, parameters=parameters),
        token="abcdefgh",
        reader=READERS["carol"],
        names=NAMES,
    )
    assert message["systemMessage"] == "call_ended"
    assert (message["actorType"], message["actorId"]) == ("users", "alice")
    assert message["message"].startswith("Call with {user1}, {user2} and 1 guest")
    assert message["messageParameters"].keys() == {"user1", "user2"}
