"""Arbitrary texts: they are returned as typed, and mentions are unambiguous."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.client import TalkClient
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

TRIMMED = " \t\n\r\0\x0b"

NAMES = ["bob", "bob2", "bob.", "bo", "@bob", "zoe z", "b-b", "b'b", "B", " bob", "@"]
"""User ids that are easily confused."""

PLAIN = re.compile(r"[A-Za-z0-9_\-@.']+")

PLACEHOLDER = re.compile(r"\{(mention-user[0-9]+)\}")

examples = hypothesis_settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

ANY = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))

PARTS = st.one_of(
    st.sampled_from(NAMES).map("@{}".format),
    st.sampled_from(NAMES).map('@"{}"'.format),
    st.sampled_from([*NAMES, "ghost", "@ghost", '@"ghost"', "@all", '@"', '"', "@"]),
    st.sampled_from(list(" \t\n\r\v\f-@.',:;()[]<>{}/*_\"\u00a0\u2028\u200bé😀a7")),
    st.sampled_from(["{mention-user1}", "{actor}", "{", "}", "%s", "%(x)s", "\\1"]),
    ANY,
)
"""Parts of texts with mentions."""

MENTIONING = st.lists(PARTS, min_size=1, max_size=12).map("".join)

WITHOUT_BRACES = MENTIONING.map(lambda text: re.sub(r"[{}]", "", text))
"""Texts without braces: a rendered one has no placeholders but those of mentions."""


@pytest.fixture
def room(public: str) -> str:
    """Alice's room, on a site with an account for each of `NAMES`."""
    for number, name in enumerate(NAMES):
        UserFactory(username=name, first_name=f"{{mention-user{number}}} @bob")
    return public


def is_accepted(text: str) -> bool:
    """Whether a text may be posted."""
    trimmed = text.strip(TRIMMED)
    return 0 < len(trimmed) <= 1000 and "\0" not in trimmed


def say(client: TalkClient, token: str, text: str) -> dict[str, Any]:
    """Post a text as JSON and return the message, which is the same in the history."""
    answer = client.post_json(f"/chat/{token}", json.dumps({"message": text}))
    assert answer.status == 201, answer
    (stored,) = client.history(token, limit=1).data
    assert stored == answer.data
    return answer.data


def people_of(message: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Return the parameters; none of them is an empty list on the wire."""
    parameters = message["messageParameters"]
    assert parameters == [] or (isinstance(parameters, dict) and parameters)
    return parameters or {}


def written(user_id: str) -> list[str]:
    """Return the ways to mention a user."""
    quoted = f'@"{user_id}"'
    return [f"@{user_id}", quoted] if PLAIN.fullmatch(user_id) else [quoted]


def is_original(text: str, message: dict[str, Any]) -> bool:
    """Whether `text` is the message with each placeholder replaced by a mention."""
    people = people_of(message)
    pattern = ""
    end = 0
    for match in PLACEHOLDER.finditer(message["message"]):
        if match[1] in people:
            pattern += re.escape(message["message"][end : match.start()])
            ways = written(people[match[1]]["id"])
            pattern += f"(?:{'|'.join(re.escape(way) for way in ways)})"
            end = match.end()
    pattern += re.escape(message["message"][end:])
    return re.fullmatch(pattern, text) is not None


@examples
@given(text=ANY.filter(lambda text: is_accepted(text) and "@alice" not in text))
@example(text="\u202eשלום\u202c مرحبا")
@example(text="e\u0301" * 500)
@example(text="\ufffe\uffff\U0010ffff")
@example(text=" \t x \x0b\r\n")
def test_any_text_is_returned_as_it_was_posted(as_alice, public, text):
    message = say(as_alice, public, text)
    assert message["message"] == text.strip(TRIMMED)
    assert message["messageParameters"] == []


@examples
@given(text=MENTIONING.filter(is_accepted))
@example(text="@" * 1000)
@example(text='@"' * 500)
@example(text="@bob " * 200)
@example(text='@"zoe z"' * 125)
@example(text="@bob{mention-user1}@bob")
def test_any_text_with_something_like_mentions_is_shown(as_alice, room, text):
    message = say(as_alice, room, text)
    for name, person in people_of(message).items():
        assert set(person) == {"type", "id", "name"}
        assert person["type"] == "user"
        assert person["id"] in [*NAMES, "alice"]
        assert f"{{{name}}}" in message["message"]


@examples
@given(text=WITHOUT_BRACES.filter(is_accepted))
@example(text='@bob @"bob" @bob2 @zoe z @"zoe z"')
def test_every_placeholder_has_its_parameter_and_every_parameter_its_placeholder(
    as_alice, room, text
):
    message = say(as_alice, room, text)
    people = people_of(message)
    used = list(dict.fromkeys(PLACEHOLDER.findall(message["message"])))
    assert used == [f"mention-user{number}" for number in range(1, len(used) + 1)]
    assert used == sorted(people, key=lambda name: int(name.rpartition("user")[2]))
    assert len({person["id"] for person in people.values()}) == len(people)


@examples
@given(text=WITHOUT_BRACES.filter(is_accepted))
@example(text='@bob @"bob" @bob2 @zoe z @"zoe z" @" bob"')
@example(text="@@ @@bob @@@bob")
def test_with_mentions_in_place_of_placeholders_it_is_the_posted_text(
    as_alice, room, text
):
    message = say(as_alice, room, text)
    assert is_original(text.strip(TRIMMED), message)


@examples
@given(
    mentions=st.lists(
        st.tuples(st.sampled_from(NAMES), st.booleans()), min_size=1, max_size=20
    ),
    between=st.sampled_from(
        [" ", "\n", "\t", " , ", " é ", " {mention-user1} ", " @ "]
    ),
)
def test_mentions_between_spaces_are_all_found(as_alice, room, mentions, between):
    texts = [written(name)[-1 if quoted else 0] for name, quoted in mentions]
    message = say(as_alice, room, between.join(texts))
    order = list(dict.fromkeys(name for name, _ in mentions))
    keys = [f"mention-user{order.index(name) + 1}" for name, _ in mentions]
    expected = between.join(f"{{{key}}}" for key in keys)
    assert message["message"] == expected
    people = people_of(message)
    assert {key: person["id"] for key, person in people.items()} == {
        f"mention-user{number}": name for number, name in enumerate(order, start=1)
    }


@examples
@given(text=MENTIONING.filter(is_accepted))
def test_all_readers_see_the_same(as_alice, as_guest, room, text):
    if as_guest.history(room).status == 404:
        as_guest.join(room)
    message = say(as_alice, room, text)
    assert as_guest.history(room, limit=1).data == [message]
    assert as_alice.poll(room, after=message["id"] - 1).data == [message]
    assert as_alice.room(room)["lastMessage"] == message
