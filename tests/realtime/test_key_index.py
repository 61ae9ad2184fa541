"""The index from subjects to keys."""

from __future__ import annotations

import random
from collections import defaultdict

import pytest

from talk.realtime.key_index import KeyIndex


@pytest.fixture
def index() -> KeyIndex:
    return KeyIndex()


def test_a_subject_has_the_keys_that_were_added(index) -> None:
    for key in (b"1", b"2", b"2"):
        index.add("room", key)
    index.add("other", b"1")
    assert sorted(index.keys_of("room")) == [b"1", b"2"]
    assert list(index.keys_of("other")) == [b"1"]
    assert list(index.keys_of("nowhere")) == []


def test_a_subject_without_keys_is_not_contained(index) -> None:
    index.add("room", b"1")
    assert "room" in index
    index.discard("room", b"1")
    assert "room" not in index
    assert len(index) == 0


def test_discarding_an_unknown_key_changes_nothing(index) -> None:
    index.add("room", b"1")
    index.discard("room", b"2")
    index.discard("nowhere", b"1")
    assert list(index.keys_of("room")) == [b"1"]


def test_it_behaves_as_a_dictionary_of_sets(index) -> None:
    chance = random.Random(7)
    expected: defaultdict[int, set[bytes]] = defaultdict(set)
    for _ in range(2000):
        subject, key = chance.randrange(5), b"%d" % chance.randrange(4)
        if chance.random() < 0.5:
            index.add(subject, key)
            expected[subject].add(key)
        else:
            index.discard(subject, key)
            expected[subject].discard(key)
        found = {pk: set(index.keys_of(pk)) for pk in range(5)}
        assert found == {pk: expected[pk] for pk in range(5)}
        subjects = {pk for pk in range(5) if expected[pk]}
        assert set(index.subjects) == subjects
        assert len(index) == len(subjects)
