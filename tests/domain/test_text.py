"""Texts: which of them are mail addresses."""

from __future__ import annotations

import pytest

from talk.domain.text import is_email_address

NO_ADDRESSES = [
    "",
    " ",
    "gwen",
    "gwen@",
    "@example.org",
    "gwen@example",
    "gwen@@example.org",
    "gwen example.org",
    "gwen@example.org, eve@example.org",
    "gwen@example.org;eve@example.org",
    "gwen@example.org eve@example.org",
    "Gwen <gwen@example.org>",
    "<gwen@example.org>",
    "mailto:gwen@example.org",
    "gwen@example.org\n",
    "gwen@example.org\r\nBcc: eve@example.org",
    "gwen\r\nBcc: eve@example.org\r\n@example.org",
    "gwen@exa\nmple.org",
    "gwen\t@example.org",
    "x" * 400 + "@example.org",
    "gwen@" + "x" * 100_000 + ".org",
    "7",
    "True",
]


@pytest.mark.parametrize("text", NO_ADDRESSES, ids=lambda text: repr(text)[:40])
def test_a_text_that_is_not_one_address(text: str) -> None:
    assert not is_email_address(text)


def test_an_address() -> None:
    assert is_email_address("g.w+talk@mail.example.org")
