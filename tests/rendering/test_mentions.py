"""Comments: mentions in their text become placeholders and parameters."""

from __future__ import annotations

import pytest

from talk.models import Names
from talk.rendering.mentions import render_comment

IDS = [
    "alice",
    "alice2",
    "bob",
    "alice.",
    "alice's",
    "alice'",
    "alice-bob",
    "alice_bob",
    "alice@bob",
    "foo@bar.com",
    "@chef",
    "andr",
    "zoe",
    "zoe z",
    "007",
]
"""Every user that a row of the grammar may mention has an account."""

ONE = "{mention-user1}"

GRAMMAR = [
    # Characters that end an id.
    ("@alice hi", f"{ONE} hi", ["alice"]),
    ("@alice", ONE, ["alice"]),
    ("hi @alice!", f"hi {ONE}!", ["alice"]),
    ("hi @alice? x", f"hi {ONE}? x", ["alice"]),
    ("hi @alice: x", f"hi {ONE}: x", ["alice"]),
    ("hi @alice, x", f"hi {ONE}, x", ["alice"]),
    ("hi @alice)", f"hi {ONE})", ["alice"]),
    ("hi @alice/x", f"hi {ONE}/x", ["alice"]),
    ("hi @alice\nx", f"hi {ONE}\nx", ["alice"]),
    ("hi @alice\u00a0x", f"hi {ONE}\u00a0x", ["alice"]),
    ("hi @alice😀", f"hi {ONE}😀", ["alice"]),
    # Characters of an id.
    ("hi @alice.", f"hi {ONE}", ["alice."]),
    ("@alice's car", f"{ONE} car", ["alice's"]),
    ("@alice-bob", ONE, ["alice-bob"]),
    ("@alice_bob", ONE, ["alice_bob"]),
    ("@alice@bob", ONE, ["alice@bob"]),
    ("@foo@bar.com", ONE, ["foo@bar.com"]),
    ("@007", ONE, ["007"]),
    ("@@chef", ONE, ["@chef"]),
    ("@andré", f"{ONE}é", ["andr"]),
    # Characters before a mention.
    ("x @alice", f"x {ONE}", ["alice"]),
    ("x\n@alice", f"x\n{ONE}", ["alice"]),
    ("x\r\n@alice", f"x\r\n{ONE}", ["alice"]),
    ("x\r@alice", f"x\r{ONE}", ["alice"]),
    ("x\t@alice", f"x\t{ONE}", ["alice"]),
    ("x\x0b@alice", f"x\x0b{ONE}", ["alice"]),
    ("x\x0c@alice", f"x\x0c{ONE}", ["alice"]),
    ("-@alice", f"-{ONE}", ["alice"]),
    (".@alice", f".{ONE}", ["alice"]),
    ("'@alice", f"'{ONE}", ["alice"]),
    ("'@alice'", f"'{ONE}", ["alice'"]),
    # Characters after which nothing is mentioned.
    ("x@alice", "x@alice", []),
    ("7@alice", "7@alice", []),
    ("_@alice", "_@alice", []),
    ("(@alice)", "(@alice)", []),
    ("[@alice]", "[@alice]", []),
    ("x,@alice", "x,@alice", []),
    ("x:@alice", "x:@alice", []),
    ("**@alice**", "**@alice**", []),
    ("<@alice>", "<@alice>", []),
    ('"@alice"', '"@alice"', []),
    ("{@alice}", "{@alice}", []),
    ("http://h.example/@alice", "http://h.example/@alice", []),
    ("bob@alice.com", "bob@alice.com", []),
    ("é@alice", "é@alice", []),
    ("x\u00a0@alice", "x\u00a0@alice", []),
    ("x\u2028@alice", "x\u2028@alice", []),
    ("x\u200b@alice", "x\u200b@alice", []),
    ("😀@alice", "😀@alice", []),
    # No id.
    ("@", "@", []),
    ("@ alice", "@ alice", []),
    ('@""', '@""', []),
    ('@"', '@"', []),
    ("@é", "@é", []),
    # In quotes.
    ('@"zoe z"', ONE, ["zoe z"]),
    ('ask @"zoe z"!', f"ask {ONE}!", ["zoe z"]),
    ('@"alice"', ONE, ["alice"]),
    ('@"alice"s', f"{ONE}s", ["alice"]),
    ('@"foo@bar.com"', ONE, ["foo@bar.com"]),
    ('x@"alice"', 'x@"alice"', []),
    ('@"alice', '@"alice', []),
    ('@"zoe\tz"', '@"zoe\tz"', []),
    ('@"andré"', '@"andré"', []),
    ("ask @zoe z", f"ask {ONE} z", ["zoe"]),
]
"""Text, message, and ids mentioned."""

UNKNOWN = [
    "hi @alice.",
    "@alice's car",
    "@alice-bob",
    "@alice@bob",
    "@@alice",
    "@andré",
    "ask @zoe z",
    '@"zoe z"',
    '@" "',
    '@" alice"',
    '@"alice "',
    "@Alice",
    "@ALICE",
    "@ghost",
    "@all",
    '@"all"',
    '@"guest/0123456789abcdef0123456789abcdef01234567"',
    "@guest/0123456789abcdef0123456789abcdef01234567",
]
"""Texts whose mentions have no account: there are only Alice, Bob and `alice2`."""

REPLACEMENTS = [
    (
        "hi @alice, hi @bob",
        "hi {mention-user1}, hi {mention-user2}",
        ["alice", "bob"],
    ),
    (
        "@bob @ghost @bob @alice",
        "{mention-user1} @ghost {mention-user1} {mention-user2}",
        ["bob", "alice"],
    ),
    ("@ghost @alice", "@ghost {mention-user1}", ["alice"]),
    (
        "@alice @ghost @bob @phantom",
        "{mention-user1} @ghost {mention-user2} @phantom",
        ["alice", "bob"],
    ),
    ('ask @"zoe z"', "ask {mention-user1}", ["zoe z"]),
    ("ask @zoe z", "ask @zoe z", []),
    ("nothing here", "nothing here", []),
    # Plain substring replacement would get these wrong.
    ('@"alice" x', "{mention-user1} x", ["alice"]),
    (
        "@alice and @alice2",
        "{mention-user1} and {mention-user2}",
        ["alice", "alice2"],
    ),
    (
        "@alice2 and @alice",
        "{mention-user1} and {mention-user2}",
        ["alice2", "alice"],
    ),
    ("a@bob @bob", "a@bob {mention-user1}", ["bob"]),
    ('@alice @"alice"', "{mention-user1} {mention-user1}", ["alice"]),
    ('@"alice" @alice', "{mention-user1} {mention-user1}", ["alice"]),
    ("@alice and @alicex", "{mention-user1} and @alicex", ["alice"]),
    # Texts that look like placeholders.
    (
        "{mention-user1} @bob {actor}",
        "{mention-user1} {mention-user1} {actor}",
        ["bob"],
    ),
    ("{mention-user2} @bob", "{mention-user2} {mention-user1}", ["bob"]),
    ("{mention-user1}", "{mention-user1}", []),
]


def render(text: str, *user_ids: str) -> tuple[str, list[str]]:
    """Return the text with placeholders, and the ids of the parameters in order."""
    names = Names(users=dict.fromkeys(user_ids, "Name"))
    rendered, parameters = render_comment(text, names)
    keys = [f"mention-user{number}" for number in range(1, len(parameters) + 1)]
    assert sorted(parameters) == sorted(keys)
    return rendered, [parameters[key]["id"] for key in keys]


@pytest.mark.parametrize(("text", "message", "ids"), GRAMMAR)
def test_grammar(text, message, ids):
    assert render(text, *IDS) == (message, ids)


@pytest.mark.parametrize("text", UNKNOWN)
def test_a_mention_of_an_unknown_user_is_unchanged(text):
    assert render(text, "alice", "alice2", "bob") == (text, [])


@pytest.mark.parametrize(("text", "message", "ids"), REPLACEMENTS)
def test_replacement(text, message, ids):
    assert render(text, "alice", "alice2", "bob", "zoe z") == (message, ids)
