"""Texts that nobody can guess."""

from __future__ import annotations

import pytest

from talk.utils.random_text import LETTERS_AND_DIGITS, random_text


@pytest.mark.parametrize("length", [0, 1, 512])
def test_it_is_as_long_as_asked(length: int) -> None:
    assert len(random_text(length)) == length


def test_it_has_letters_and_digits_only() -> None:
    assert set(random_text(5000)) == set(LETTERS_AND_DIGITS)


def test_its_alphabet_is_a_parameter() -> None:
    assert set(random_text(100, alphabet="ab")) == {"a", "b"}


def test_it_differs_each_time() -> None:
    assert len({random_text(16) for _ in range(100)}) == 100
