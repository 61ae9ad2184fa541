"""The throttle of guests' messages by address; users are not limited."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.helpers import assert_refused
from tests.client import TalkClient

pytestmark = pytest.mark.django_db


@pytest.fixture
def as_visitor(public: str) -> TalkClient:
    client = TalkClient()
    client.join(public)
    return client


@pytest.fixture(autouse=True)
def few(settings: Any) -> None:
    settings.TALK = {"GUEST_MESSAGES_MAX": 2}


def send(client: TalkClient, token: str, text: str = "hi") -> Any:
    return client.post(f"/chat/{token}", message=text)


def test_more_than_the_limit_are_refused(as_visitor, public) -> None:
    assert [send(as_visitor, public).status for _ in range(2)] == [201, 201]
    assert_refused(send(as_visitor, public), 429)


def test_a_refused_message_is_not_stored(as_alice, as_visitor, public) -> None:
    for text in ("one", "two", "three"):
        send(as_visitor, public, text)
    newest = as_alice.history(public).data[0]
    assert newest["message"] == "two"


def test_guests_at_one_address_are_counted_together(as_visitor, public) -> None:
    for _ in range(2):
        send(as_visitor, public)
    other = TalkClient()
    other.join(public)
    assert_refused(send(other, public), 429)


def test_a_refused_message_does_not_count(as_visitor, public) -> None:
    for _ in range(3):
        assert_refused(send(as_visitor, public, " "), 400)
    assert send(as_visitor, public).status == 201


def test_users_are_not_counted(as_alice, as_visitor, public) -> None:
    for _ in range(3):
        assert send(as_alice, public).status == 201
    assert send(as_visitor, public).status == 201
