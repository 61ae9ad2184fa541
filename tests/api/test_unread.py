"""Read and unread messages in the room object."""

from __future__ import annotations

from typing import Any

import pytest

from talk.models import Participant
from tests.api.callers import self_joined
from tests.api.helpers import put_in, unread
from tests.client import TalkClient

pytestmark = pytest.mark.django_db


class TestReading:
    """Asking for messages."""

    @pytest.mark.parametrize(
        "parameters",
        [
            {},
            {"limit": 1},
            {"lastKnownMessageId": 0, "limit": 1},
            {"lookIntoFuture": -1},
        ],
    )
    def test_looking_into_the_future_counts_everything_as_read(
        self,
        as_alice: TalkClient,
        as_bob: TalkClient,
        shared: str,
        parameters: dict[str, Any],
    ) -> None:
        for text in ("one", "two", "three"):
            as_alice.say(shared, text)
        assert unread(as_bob, shared) == 3
        query = {"lookIntoFuture": 1, "timeout": 0, **parameters}
        assert as_bob.get(f"/chat/{shared}", **query).status == 200
        assert unread(as_bob, shared) == 0

    def test_a_304_counts_everything_as_read_too(
        self, as_alice: TalkClient, as_bob: TalkClient, shared: str
    ) -> None:
        last = as_alice.say(shared, "hello")
        assert as_bob.poll(shared, after=last).status == 304
        assert unread(as_bob, shared) == 0

    @pytest.mark.parametrize("parameters", [{}, {"limit": 200}, {"timeout": 0}])
    def test_history_counts_nothing_as_read(
        self,
        as_alice: TalkClient,
        as_bob: TalkClient,
        shared: str,
        parameters: dict[str, Any],
    ) -> None:
        as_alice.say(shared, "hello")
        as_bob.history(shared, **parameters)
        assert unread(as_bob, shared) == 1

    def test_read_markers_of_others_do_not_change(
        self, as_alice: TalkClient, as_bob: TalkClient, shared: str
    ) -> None:
        as_alice.join(shared)
        carol = self_joined(shared)
        as_alice.say(shared, "hello")
        as_bob.poll(shared, after=0)
        assert unread(carol, shared) == 1

    def test_read_markers_of_other_rooms_do_not_change(
        self, as_alice: TalkClient, as_bob: TalkClient, shared: str, bob: Any
    ) -> None:
        elsewhere = as_alice.create_room()
        put_in(elsewhere, bob)
        as_alice.say(elsewhere, "hello")
        as_bob.poll(shared, after=0)
        assert unread(as_bob, elsewhere) == 1

    def test_the_read_marker_never_moves_back(
        self, as_alice: TalkClient, as_bob: TalkClient, shared: str, bob: Any
    ) -> None:
        as_alice.say(shared, "hello")
        Participant.objects.filter(user=bob).update(read_comments=5)
        as_bob.poll(shared, after=0)
        assert Participant.objects.get(user=bob).read_comments == 5

    def test_asking_for_rooms_reads_nothing(
        self, as_alice: TalkClient, as_bob: TalkClient, bob: Any
    ) -> None:
        token = as_alice.create_room()
        put_in(token, bob)
        as_alice.say(token, "hello")
        as_bob.get("/room")
        as_bob.room(token)
        assert as_bob.get("/room").data[0]["unreadMessages"] == 1

    def test_joining_and_leaving_is_not_reading(
        self, as_alice: TalkClient, as_bob: TalkClient, shared: str
    ) -> None:
        as_alice.say(shared, "hello")
        as_bob.join(shared)
        as_bob.get("/room")
        as_bob.leave(shared)
        assert unread(as_bob, shared) == 1


class TestUnread:
    """Comments count as unread."""

    def test_own_messages_count_as_read(
        self, as_alice: TalkClient, shared: str
    ) -> None:
        for text in ("one", "two", "three"):
            as_alice.say(shared, text)
        assert unread(as_alice, shared) == 0

    def test_messages_are_unread_for_all_others(
        self, as_alice: TalkClient, as_bob: TalkClient, shared: str
    ) -> None:
        as_alice.join(shared)
        as_carol = self_joined(shared)
        for text in ("one", "two", "three"):
            as_alice.say(shared, text)
        assert [unread(as_bob, shared), unread(as_carol, shared)] == [3, 3]

    def test_messages_of_guests_are_unread_for_users(
        self, as_alice: TalkClient, as_guest: TalkClient, public: str
    ) -> None:
        as_guest.join(public)
        as_guest.say(public, "hello")
        assert unread(as_alice, public) == 1

    def test_system_messages_are_never_unread(
        self, as_alice: TalkClient, as_bob: TalkClient, staff: str
    ) -> None:
        assert [unread(as_alice, staff), unread(as_bob, staff)] == [0, 0]

    def test_the_list_of_rooms_counts_the_same(
        self, as_alice: TalkClient, as_bob: TalkClient, shared: str
    ) -> None:
        as_alice.say(shared, "hello")
        (room,) = as_bob.get("/room").data
        assert room["unreadMessages"] == 1
        assert room["unreadMention"] is False
        assert room["lastMessage"]["message"] == "hello"

    def test_guests_have_nothing_unread(
        self, as_alice: TalkClient, as_guest: TalkClient, public: str
    ) -> None:
        as_guest.join(public)
        as_alice.say(public, "hello")
        assert unread(as_guest, public) == 0

    def test_somebody_who_joins_later_starts_with_everything_read(
        self, as_alice: TalkClient, as_carol: TalkClient
    ) -> None:
        token = as_alice.create_room()
        as_alice.say(token, "before")
        as_carol.join(token)
        as_alice.say(token, "after")
        assert as_carol.get("/room").data[0]["unreadMessages"] == 1
