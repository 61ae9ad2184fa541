"""Deleting messages of a room, and its effects for participants."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from talk.domain.message_history import EXPORT_BATCH, delete_messages, read_all
from talk.exceptions import NotFound
from talk.hints import HintKind
from talk.models import Message, ReadMarker, Room
from tests.api.helpers import ids, put_in, texts, unread
from tests.client import TalkClient
from tests.factories import ParticipantFactory, RoomFactory
from tests.threads import at_once
from tests.timelines import ids_of, write

pytestmark = pytest.mark.django_db


@pytest.fixture
def token(as_alice: TalkClient, bob: Any) -> str:
    """A room of Alice's with Bob in it, who has read everything so far."""
    token = as_alice.create_room(type=3)
    put_in(token, bob)
    return token


def delete(token: str, *message_ids: int) -> int:
    room = Room.objects.get(token=token)
    return delete_messages(room_id=room.pk, message_ids=message_ids)


def counters(token: str) -> tuple[int, int]:
    room = Room.objects.get(token=token)
    return room.last_position, room.comment_count


class TestTimeline:
    """The remaining messages."""

    def test_the_number_of_messages_is_returned(self, token, as_alice):
        first, second = as_alice.say(token, "a"), as_alice.say(token, "b")
        assert delete(token, first, second, second + 1000) == 2

    def test_other_messages_stay_in_order(self, token, as_alice):
        said = [as_alice.say(token, text) for text in "abc"]
        delete(token, said[1])
        assert texts(as_alice.history(token)) == ["c", "a"]

    def test_positions_and_counters_stay(self, token, as_alice):
        said = [as_alice.say(token, text) for text in "abc"]
        before = counters(token)
        delete(token, said[2])
        assert counters(token) == before
        as_alice.say(token, "d")
        assert counters(token) == (before[0] + 1, before[1] + 1)

    def test_messages_of_other_rooms_stay(self, token, as_alice, alice):
        (elsewhere,) = write(RoomFactory().token, ["a"], user=alice)
        assert delete(token, elsewhere) == 0
        assert Message.objects.filter(pk=elsewhere).exists()

    def test_system_messages_can_be_deleted(self, token, as_alice):
        (created,) = ids_of(token)
        said = as_alice.say(token, "a")
        delete(token, created)
        assert ids_of(token) == [said]

    def test_a_room_that_is_gone_is_not_found(self, token):
        room_id = Room.objects.get().pk
        Room.objects.all().delete()
        with pytest.raises(NotFound):
            delete_messages(room_id=room_id, message_ids=[1])

    def test_a_waiter_after_a_deleted_message_gets_the_next_one(
        self, token, as_alice, as_bob
    ):
        said = as_alice.say(token, "a")
        delete(token, said)
        following = as_alice.say(token, "b")
        assert ids(as_bob.poll(token, after=said)) == [following]

    def test_a_hint_makes_processes_forget_the_room(
        self, token, as_alice, django_capture_on_commit_callbacks, published
    ):
        said = as_alice.say(token, "a")
        with django_capture_on_commit_callbacks(execute=True):
            delete(token, said)
        assert HintKind.DEPARTURE in [hint.kind for hint in published]

    def test_nothing_is_published_when_nothing_was_deleted(
        self, token, django_capture_on_commit_callbacks
    ):
        with django_capture_on_commit_callbacks() as callbacks:
            delete(token, 10**9)
        assert callbacks == []


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The hints that are published."""
    hints: list[Any] = []
    monkeypatch.setattr("talk.hints.publish", hints.extend)
    return hints


class TestLastMessage:
    """`lastMessage` of the room object."""

    def last(self, client: TalkClient, token: str) -> Any:
        return client.room(token)["lastMessage"]

    def test_is_the_one_before_the_deleted_message(self, token, as_alice):
        before, said = as_alice.say(token, "a"), as_alice.say(token, "b")
        delete(token, said)
        assert self.last(as_alice, token)["id"] == before

    def test_is_the_newest_message_that_was_not_deleted(self, token, as_alice):
        said = [as_alice.say(token, text) for text in "abcd"]
        delete(token, said[1], said[2], said[3])
        assert self.last(as_alice, token)["id"] == said[0]

    def test_is_empty_when_all_are_deleted(self, token, as_alice):
        delete(token, *ids_of(token))
        assert self.last(as_alice, token) == []

    def test_is_the_next_message_posted(self, token, as_alice):
        delete(token, *ids_of(token))
        said = as_alice.say(token, "a")
        assert self.last(as_alice, token)["id"] == said

    def test_deleting_another_message_changes_nothing(
        self, token, as_alice, django_assert_num_queries
    ):
        first, last = as_alice.say(token, "a"), as_alice.say(token, "b")
        with django_assert_num_queries(6):
            as_alice.get(f"/room/{token}")
        delete(token, first)
        with django_assert_num_queries(6):
            assert self.last(as_alice, token)["id"] == last

    def test_a_list_of_rooms_costs_one_query_more(
        self, as_alice, django_assert_num_queries
    ):
        tokens = [as_alice.create_room(type=3) for _ in range(5)]
        with django_assert_num_queries(7):
            as_alice.get("/room")
        for token in tokens:
            delete(token, as_alice.say(token, "a"))
        with django_assert_num_queries(8):
            rooms = as_alice.get("/room").data
        keys = [room["lastMessage"]["systemMessage"] for room in rooms]
        assert keys == ["conversation_created"] * 5


class TestUnread:
    """`unreadMessages` and `unreadMention`."""

    def test_a_deleted_comment_is_no_longer_unread(self, token, as_alice, as_bob):
        said = [as_alice.say(token, text) for text in "abc"]
        delete(token, said[0], said[2])
        assert unread(as_bob, token) == 1

    def test_a_comment_deleted_later_is_not_counted_twice(
        self, token, as_alice, as_bob
    ):
        said = [as_alice.say(token, text) for text in "abc"]
        delete(token, said[0])
        delete(token, said[0], said[1])
        assert unread(as_bob, token) == 1

    def test_deleting_a_read_comment_changes_nothing(self, token, as_alice, as_bob):
        said = as_alice.say(token, "a")
        as_bob.poll(token, after=0)
        as_alice.say(token, "b")
        delete(token, said)
        assert unread(as_bob, token) == 1

    def test_deleting_a_system_message_changes_nothing(self, token, as_alice, as_bob):
        as_alice.say(token, "a")
        delete(token, ids_of(token)[0])
        assert unread(as_bob, token) == 1

    def test_reading_resets_the_count(self, token, as_alice, as_bob):
        delete(token, as_alice.say(token, "a"))
        as_bob.poll(token, after=0)
        as_alice.say(token, "b")
        assert unread(as_bob, token) == 1

    def test_posting_resets_the_count(self, token, as_alice, as_bob):
        delete(token, as_alice.say(token, "a"))
        as_bob.say(token, "b")
        as_alice.say(token, "c")
        assert unread(as_bob, token) == 1

    def test_each_reader_is_counted_separately(
        self, token, as_alice, as_bob, as_carol, carol
    ):
        said = [as_alice.say(token, text) for text in "abc"]
        put_in(token, carol, read_comments=1)
        delete(token, said[0], said[1])
        assert (unread(as_bob, token), unread(as_carol, token)) == (1, 1)

    def test_a_user_who_comes_back_has_the_remaining_unread_comments(
        self, token, as_alice, as_bob, bob
    ):
        said = [as_alice.say(token, text) for text in "abc"]
        as_bob.delete(f"/room/{token}/participants/self")
        delete(token, said[0])
        assert ReadMarker.objects.get(user=bob).unread_deleted == 1
        as_alice.post(f"/room/{token}/participants", newParticipant="bob")
        assert unread(as_bob, token) == 2

    def test_a_mention_goes_with_its_comment(self, token, as_alice, as_bob):
        said = as_alice.say(token, "hi @bob")
        assert as_bob.room(token)["unreadMention"] is True
        delete(token, said)
        assert as_bob.room(token)["unreadMention"] is False

    def test_another_mention_stays(self, token, as_alice, as_bob):
        said = as_alice.say(token, "hi")
        as_alice.say(token, "hi @bob")
        delete(token, said)
        assert as_bob.room(token)["unreadMention"] is True

    def test_it_costs_the_same_for_many_readers(self, token, as_alice, alice):
        costs = []
        for people in (1, 20):
            for _ in range(people):
                ParticipantFactory(room=Room.objects.get(token=token))
            said = [as_alice.say(token, text) for text in "ab"]
            with CaptureQueriesContext(connection) as queries:
                delete(token, *said)
            costs.append(len(queries))
        assert costs[0] == costs[1]


class TestReadAll:
    """Reading a room's whole history."""

    def test_reads_all_of_a_room_in_order(self, token, alice):
        write(token, [str(number) for number in range(EXPORT_BATCH)], user=alice)
        room = Room.objects.get(token=token)
        pages = list(read_all(room_id=room.pk))
        assert [len(page.messages) for page in pages] == [EXPORT_BATCH, 1]
        read = [message.pk for page in pages for message in page.messages]
        assert read == ids_of(token)

    def test_an_empty_room_has_no_page(self):
        assert list(read_all(room_id=RoomFactory().pk)) == []


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_each_message_is_deleted_once_while_others_are_posted(
        self, token, as_alice, as_bob
    ):
        said = [as_alice.say(token, str(number)) for number in range(20)]
        deletions = [partial(delete, token, *said)] * 3
        posts = [partial(as_alice.say, token, "more")] * 3
        found = at_once(*deletions, *posts)
        assert sum(found[:3]) == 20
        assert texts(as_bob.history(token)) == ["more"] * 3
        assert unread(as_bob, token) == 3
