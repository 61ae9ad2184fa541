"""Who may use the chat of a room: read, wait and write."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.api.callers import (
    ACTIONS,
    ALLOWED,
    PRIVATE_ROOMS,
    REFUSED,
    Caller,
    anonymous,
    guest,
    guest_of_another_room,
    make_room,
    owner,
    self_joined,
    uninvited,
)
from tests.api.helpers import assert_not_found, rows, set_password
from tests.client import TalkClient

pytestmark = pytest.mark.django_db


@pytest.mark.usefixtures("alice")
@pytest.mark.parametrize("action", ACTIONS)
class TestAccess:
    """The same for reading, waiting and writing."""

    @pytest.mark.parametrize(("caller", "kind"), ALLOWED)
    def test_participants_may(self, action: str, caller: Caller, kind: str) -> None:
        token = make_room(kind)
        answer = ACTIONS[action](caller(token), token)
        assert answer.status == (201 if action == "post" else 200)
        assert answer.meta["status"] == "ok"

    @pytest.mark.parametrize(("caller", "kind"), REFUSED)
    def test_others_find_nothing(self, action: str, caller: Caller, kind: str) -> None:
        token = make_room(kind)
        client = caller(token)
        before = rows()
        assert_not_found(ACTIONS[action](client, token))
        assert rows() == before

    @pytest.mark.parametrize("kind", PRIVATE_ROOMS)
    def test_a_guest_cannot_enter_private_rooms(self, action: str, kind: str) -> None:
        token = make_room(kind)
        client = TalkClient()
        join = client.ask_to_join(token)
        assert join.status == 404
        assert_not_found(ACTIONS[action](client, token))

    @pytest.mark.parametrize("password", ["", "wrong"])
    def test_a_guest_without_the_password_finds_nothing(
        self, action: str, password: str
    ) -> None:
        token = make_room("public with password")
        client = TalkClient()
        join = client.ask_to_join(token, password=password)
        assert join.status == 403
        assert_not_found(ACTIONS[action](client, token))

    def test_a_user_without_the_password_finds_nothing(self, action: str) -> None:
        token = make_room("public with password")
        client = uninvited(token)
        assert client.ask_to_join(token).status == 403
        assert_not_found(ACTIONS[action](client, token))

    @pytest.mark.parametrize("caller", [self_joined, guest])
    def test_a_later_password_locks_nobody_out(
        self, action: str, caller: Caller
    ) -> None:
        token = make_room("public")
        client = caller(token)
        set_password(token)
        assert ACTIONS[action](client, token).status in (200, 201)

    @pytest.mark.parametrize("caller", [owner, guest_of_another_room, anonymous])
    def test_an_unknown_room_is_not_found(self, action: str, caller: Caller) -> None:
        assert_not_found(ACTIONS[action](caller(""), "nowhere9"))

    @pytest.mark.parametrize("caller", [uninvited, anonymous])
    def test_a_private_room_cannot_be_told_from_none(
        self, action: str, caller: Caller
    ) -> None:
        token = make_room("group")
        client = caller(token)
        private = ACTIONS[action](client, token)
        missing = ACTIONS[action](client, "nowhere9")
        assert (private.meta, private.data) == (missing.meta, missing.data)

    @pytest.mark.parametrize("token", ["abc", "a" * 31, "ABCDEFGH", "abcd_efg"])
    def test_what_is_no_token_is_not_found(self, action: str, token: str) -> None:
        answer = ACTIONS[action](owner(""), token)
        assert answer.status == 404
        assert answer.data == []

    @pytest.mark.parametrize("caller", [uninvited, anonymous])
    def test_the_messages_are_not_even_looked_at_for_others(
        self, action: str, caller: Caller
    ) -> None:
        token = make_room("public")
        client = caller(token)
        with CaptureQueriesContext(connection) as queries:
            ACTIONS[action](client, token)
        assert not [q for q in queries if "talk_message" in q["sql"]]
