"""GET /chat/{token}: which messages are returned, in which order, and the headers."""

from __future__ import annotations

import pytest

from talk.models import Message, Room
from tests.api.callers import ACTIONS, Caller, guest, self_joined
from tests.api.helpers import LAST_GIVEN, ids, keys, rows, texts
from tests.client import BASE, TalkClient
from tests.timelines import ids_of

pytestmark = pytest.mark.django_db


class TestOrder:
    """The messages and their order."""

    def test_history_is_newest_first(self, as_alice: TalkClient, shared: str) -> None:
        for text in ("one", "two", "three"):
            as_alice.say(shared, text)
        assert texts(as_alice.history(shared)) == ["three", "two", "one"]

    def test_newer_messages_are_oldest_first(
        self, as_alice: TalkClient, shared: str
    ) -> None:
        for text in ("one", "two", "three"):
            as_alice.say(shared, text)
        assert texts(as_alice.poll(shared, after=0)) == ["one", "two", "three"]

    @pytest.mark.parametrize("look", ["history", "future"])
    def test_the_offset_is_exclusive_in_both_directions(
        self, as_alice: TalkClient, shared: str, look: str
    ) -> None:
        one, two, three = (as_alice.say(shared, text) for text in ("1", "2", "3"))
        if look == "history":
            answer = as_alice.history(shared, lastKnownMessageId=two)
            assert texts(answer) == ["1"]
            assert one in ids(answer)
        else:
            assert ids(as_alice.poll(shared, after=two)) == [three]

    def test_ids_of_other_rooms_compare_as_numbers(
        self, as_alice: TalkClient, shared: str
    ) -> None:
        before = as_alice.say(shared, "before")
        foreign = as_alice.say(as_alice.create_room(), "elsewhere")
        after = as_alice.say(shared, "after")
        assert ids(as_alice.poll(shared, after=foreign)) == [after]
        older = as_alice.history(shared, lastKnownMessageId=foreign)
        assert ids(older)[0] == before

    def test_messages_of_other_rooms_are_not_returned(
        self, as_alice: TalkClient, shared: str
    ) -> None:
        other = as_alice.create_room()
        as_alice.say(other, "elsewhere")
        assert texts(as_alice.history(shared)) == []
        assert ids(as_alice.poll(shared, after=0)) == ids_of(shared)

    def test_comments_and_system_messages_are_in_one_list(
        self, as_alice: TalkClient, staff: str
    ) -> None:
        as_alice.say(staff, "hello")
        answer = as_alice.poll(staff, after=0)
        assert keys(answer) == ["conversation_created", "user_added", ""]

    @pytest.mark.parametrize("look", ["history", "future"])
    def test_a_new_room_is_never_empty(
        self, as_alice: TalkClient, public: str, look: str
    ) -> None:
        if look == "history":
            assert keys(as_alice.history(public)) == ["conversation_created"]
        else:
            assert keys(as_alice.poll(public, after=0)) == ["conversation_created"]

    @pytest.mark.parametrize("caller", [self_joined, guest])
    def test_new_participants_see_all_earlier_messages(
        self, as_alice: TalkClient, public: str, caller: Caller
    ) -> None:
        as_alice.say(public, "before you came")
        everything = ids_of(public)
        assert ids(caller(public).poll(public, after=0)) == everything

    @pytest.mark.parametrize("limit", [200, 100, 37, 3])
    def test_paging_backwards_returns_every_message_once(
        self, as_alice: TalkClient, long: str, limit: int
    ) -> None:
        found: list[int] = []
        offset = "0"
        while True:
            page = as_alice.history(long, limit=limit, lastKnownMessageId=offset)
            if page.status == 304:
                break
            found += ids(page)
            offset = page.headers[LAST_GIVEN]
        assert found == ids_of(long)[::-1]

    @pytest.mark.parametrize("limit", [200, 100, 37, 3])
    def test_paging_forwards_returns_every_message_once(
        self, as_alice: TalkClient, long: str, limit: int
    ) -> None:
        found: list[int] = []
        offset = 0
        while True:
            page = as_alice.poll(long, after=offset, limit=limit)
            if page.status == 304:
                break
            found += ids(page)
            offset = int(page.headers[LAST_GIVEN])
        assert found == ids_of(long)


class TestResponse:
    """The header, and responses without messages."""

    def test_the_header_is_the_smallest_id_of_a_page_of_history(
        self, as_alice: TalkClient, long: str
    ) -> None:
        answer = as_alice.history(long, limit=20)
        assert answer.headers[LAST_GIVEN] == str(ids_of(long)[-20])

    def test_the_header_is_the_greatest_id_of_a_page_of_newer_messages(
        self, as_alice: TalkClient, long: str
    ) -> None:
        answer = as_alice.poll(long, after=0, limit=20)
        assert answer.headers[LAST_GIVEN] == str(ids_of(long)[19])

    @pytest.mark.parametrize("look", ["history", "future"])
    def test_no_message_is_a_304_without_body_and_header(
        self, as_alice: TalkClient, shared: str, look: str
    ) -> None:
        edge = ids_of(shared)[0 if look == "history" else -1]
        response = as_alice.http.get(
            f"{BASE}/chat/{shared}",
            headers=as_alice.headers,
            query_params={
                "lookIntoFuture": int(look == "future"),
                "lastKnownMessageId": edge,
                "timeout": 0,
            },
        )
        assert response.status_code == 304
        assert response.content == b""
        assert LAST_GIVEN not in response.headers

    @pytest.mark.parametrize("look", [0, 1])
    def test_one_message_is_a_list_too(
        self, as_alice: TalkClient, public: str, look: int
    ) -> None:
        answer = as_alice.get(f"/chat/{public}", lookIntoFuture=look, limit=1)
        assert answer.status == 200
        assert answer.meta == {"status": "ok", "statuscode": 200, "message": "OK"}
        assert isinstance(answer.data, list)
        assert len(answer.data) == 1

    def test_conditional_headers_are_ignored_and_not_sent(
        self, as_alice: TalkClient, shared: str
    ) -> None:
        response = as_alice.http.get(
            f"{BASE}/chat/{shared}",
            headers={
                **as_alice.headers,
                "If-None-Match": "*",
                "If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT",
            },
        )
        assert response.status_code == 200
        assert "ETag" not in response.headers
        assert "Last-Modified" not in response.headers

    @pytest.mark.parametrize("look", ["history", "future"])
    def test_reading_adds_no_message(
        self, as_alice: TalkClient, as_bob: TalkClient, shared: str, look: str
    ) -> None:
        as_alice.say(shared, "hello")
        as_bob.join(shared)
        before = rows(Room, Message)
        ACTIONS[look](as_bob, shared)
        assert rows(Room, Message) == before
