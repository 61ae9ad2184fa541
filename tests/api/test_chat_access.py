"""Access to the chat of a room, beyond the authorisation matrix: read, wait, write."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.api.callers import (
    ACTIONS,
    Caller,
    anonymous,
    guest,
    make_room,
    owner,
    self_joined,
    uninvited,
)
from tests.api.helpers import assert_not_found, set_password
from tests.client import TalkClient

pytestmark = pytest.mark.django_db


@pytest.mark.usefixtures("alice")
@pytest.mark.parametrize("action", ACTIONS)
class TestAccess:
    """The same for reading, waiting and writing."""

    def test_a_guest_with_a_wrong_password_finds_nothing(self, action: str) -> None:
        token = make_room("public with password")
        client = TalkClient()
        join = client.ask_to_join(token, password="wrong")
        assert join.status == 403
        assert_not_found(ACTIONS[action](client, token))

    def test_a_user_without_the_password_gets_404(self, action: str) -> None:
        token = make_room("public with password")
        client = uninvited(token)
        assert client.ask_to_join(token).status == 403
        assert_not_found(ACTIONS[action](client, token))

    @pytest.mark.parametrize("caller", [self_joined, guest])
    def test_a_later_password_does_not_affect_participants(
        self, action: str, caller: Caller
    ) -> None:
        token = make_room("public")
        client = caller(token)
        set_password(token)
        assert ACTIONS[action](client, token).status in (200, 201)

    def test_another_text_than_a_token_is_not_found(self, action: str) -> None:
        for token in ("abc", "a" * 31, "ABCDEFGH", "abcd_efg"):
            answer = ACTIONS[action](owner(""), token)
            assert answer.status == 404
            assert answer.data == []

    @pytest.mark.parametrize("caller", [uninvited, anonymous])
    def test_a_refusal_has_no_message_and_no_position(
        self, action: str, caller: Caller
    ) -> None:
        token = make_room("group")
        assert_not_found(ACTIONS[action](caller(token), token))

    @pytest.mark.parametrize("caller", [uninvited, anonymous])
    def test_no_message_is_read_for_non_participants(
        self, action: str, caller: Caller
    ) -> None:
        token = make_room("public")
        client = caller(token)
        with CaptureQueriesContext(connection) as queries:
            ACTIONS[action](client, token)
        assert not [q for q in queries if "talk_message" in q["sql"]]
