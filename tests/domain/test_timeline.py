"""Adding messages: positions, counts, the room's last activity and the hint."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from talk import hints
from talk.constants import SystemMessage
from talk.domain.access import Actor
from talk.domain.system_messages import MessageDraft
from talk.domain.timeline import append
from talk.exceptions import NotFound
from talk.hints import Hint
from talk.models import Message, Room, transaction_block
from tests.factories import GuestFactory, RoomFactory
from tests.timelines import ADVANCE

CREATED = MessageDraft(system_message=SystemMessage.CONVERSATION_CREATED)
ADDED = MessageDraft(
    system_message=SystemMessage.USER_ADDED, parameters={"user": "bob"}
)


class Refused(Exception):
    """Another part of the transaction fails."""


@contextmanager
def undone() -> Iterator[None]:
    """Run a transaction, or a savepoint of one, that is rolled back by an error."""
    with suppress(Refused), transaction_block():
        yield
        raise Refused


@pytest.fixture
def room(db: None) -> Room:
    """A room whose timeline is empty."""
    return RoomFactory()


@pytest.fixture
def heard() -> Iterator[list[list[Hint]]]:
    """The lists of hints that this process publishes."""
    publications: list[list[Hint]] = []
    hints.add_listener(publications.append)
    yield publications
    hints.remove_listener(publications.append)


def say(room: Room, *texts: str, actor: Actor | None = None) -> list[Message]:
    return put(room, *[MessageDraft(text=text) for text in texts], actor=actor)


def put(room: Room, *drafts: MessageDraft, actor: Actor | None = None) -> list[Message]:
    return append(
        room_id=room.pk,
        actor=actor or Actor(),
        drafts=list(drafts),
        now=timezone.now(),
    )


def positions(room: Room) -> list[tuple[int, int]]:
    """Return position and comment count of each message, by id."""
    rows = Message.objects.filter(room=room).order_by("pk")
    return list(rows.values_list("position", "comment_count"))


def counters(room: Room) -> tuple[int, int]:
    room.refresh_from_db()
    return room.last_position, room.comment_count


class TestPositions:
    """Positions and comment counts."""

    def test_positions_count_from_1_without_gaps(self, room: Room) -> None:
        say(room, "one")
        say(room, "two", "three", "four")
        put(room, CREATED)
        say(room, "six")
        assert [position for position, _ in positions(room)] == [1, 2, 3, 4, 5, 6]

    def test_only_comments_are_counted(self, room: Room) -> None:
        put(
            room,
            CREATED,
            MessageDraft(text="one"),
            ADDED,
            MessageDraft(text="two"),
            ADDED,
        )
        say(room, "three")
        put(room, ADDED, ADDED)
        counts = [count for _, count in positions(room)]
        assert counts == [0, 1, 1, 2, 2, 3, 3, 3]

    def test_the_room_knows_the_last_position_and_count(self, room: Room) -> None:
        put(room, CREATED, ADDED, MessageDraft(text="one"))
        assert counters(room) == (3, 1)

    def test_ids_are_in_the_order_of_positions(self, room: Room) -> None:
        say(room, *[str(number) for number in range(50)])
        rows = Message.objects.filter(room=room).order_by("pk")
        texts = list(rows.values_list("text", flat=True))
        assert texts == [str(number) for number in range(50)]

    def test_every_room_has_its_own_positions(self, room: Room) -> None:
        other = RoomFactory()
        say(room, "one")
        say(other, "one")
        say(room, "two")
        assert positions(room) == [(1, 1), (2, 2)]
        assert positions(other) == [(1, 1)]

    def test_the_messages_are_returned_in_order(self, room: Room) -> None:
        messages = put(
            room, CREATED, MessageDraft(text="one"), MessageDraft(text="two")
        )
        assert [m.position for m in messages] == [1, 2, 3]
        assert [m.text for m in messages] == ["", "one", "two"]

    def test_a_single_message_is_returned_with_its_id(self, room: Room) -> None:
        (message,) = say(room, "one")
        assert message.pk == Message.objects.get().pk

    def test_a_failed_savepoint_leaves_no_gap(self, room: Room) -> None:
        say(room, "one")
        with undone():
            say(room, "two", "three")
        say(room, "four")
        assert positions(room) == [(1, 1), (2, 2)]

    @pytest.mark.django_db(transaction=True)
    def test_a_transaction_that_failed_leaves_no_gap(self, room: Room) -> None:
        with transaction.atomic():
            say(room, "one")
        with undone():
            say(room, "two", "three")
        with transaction.atomic():
            say(room, "four")
        assert positions(room) == [(1, 1), (2, 2)]

    def test_a_failed_savepoint_does_not_count(self, room: Room) -> None:
        say(room, "one")
        before = Room.objects.filter(pk=room.pk).values().get()
        with undone():
            put(room, ADDED, MessageDraft(text="two"))
        assert Room.objects.filter(pk=room.pk).values().get() == before


class TestContent:
    """The stored messages."""

    def test_a_comment_keeps_its_text_and_author(self, room: Room, alice: Any) -> None:
        say(room, " as it is ", actor=Actor(user=alice))
        message = Message.objects.get()
        assert (message.text, message.system_message) == (" as it is ", "")
        assert (message.actor_type, message.actor_user) == ("users", alice)
        assert message.actor_guest is None

    def test_a_guest_is_an_author(self, room: Room) -> None:
        guest = GuestFactory()
        say(room, "hello", actor=Actor(guest=guest))
        message = Message.objects.get()
        assert (message.actor_type, message.actor_guest) == ("guests", guest)
        assert message.actor_user is None

    def test_a_message_without_an_actor_is_stored_as_a_guests(self, room: Room) -> None:
        put(room, CREATED)
        message = Message.objects.get()
        assert message.actor_type == "guests"
        assert (message.actor_user, message.actor_guest) == (None, None)

    def test_a_system_message_keeps_key_and_parameters_and_no_text(
        self, room: Room
    ) -> None:
        put(room, ADDED)
        message = Message.objects.get()
        assert message.system_message == "user_added"
        assert message.parameters == {"user": "bob"}
        assert message.text == ""

    def test_a_system_message_may_be_longer_than_a_comment(self, room: Room) -> None:
        user_id = "ü" * 2000
        draft = MessageDraft(
            system_message=SystemMessage.USER_ADDED, parameters={"user": user_id}
        )
        put(room, draft)
        assert Message.objects.get().parameters == {"user": user_id}

    def test_the_given_time_is_the_messages_and_the_rooms(self, room: Room) -> None:
        now = timezone.now() - timedelta(days=3)
        append(room_id=room.pk, actor=Actor(), drafts=[CREATED, ADDED], now=now)
        room.refresh_from_db()
        assert room.last_activity == now
        assert [m.created_at for m in Message.objects.all()] == [now, now]


class TestConditions:
    """Cases in which nothing is written."""

    @pytest.mark.django_db(transaction=True)
    def test_it_is_refused_outside_a_transaction(self, room: Room) -> None:
        with pytest.raises(transaction.TransactionManagementError):
            say(room, "hello")
        assert positions(room) == []
        assert counters(room) == (0, 0)

    @pytest.mark.parametrize(
        "drafts", [[CREATED], [CREATED, MessageDraft(text="hello")]]
    )
    def test_a_room_deleted_meanwhile_is_not_found(
        self, room: Room, drafts: list[MessageDraft]
    ) -> None:
        Room.objects.filter(pk=room.pk).delete()
        with pytest.raises(NotFound):
            put(room, *drafts)
        assert not Message.objects.exists()

    def test_a_deleted_room_gives_no_hint(
        self,
        room: Room,
        heard: list[list[Hint]],
        django_capture_on_commit_callbacks: Any,
    ) -> None:
        Room.objects.filter(pk=room.pk).delete()
        with (
            django_capture_on_commit_callbacks(execute=True),
            pytest.raises(NotFound),
        ):
            say(room, "hello")
        assert heard == []

    @pytest.mark.parametrize("size", [2, 50])
    def test_any_number_of_messages_costs_the_same(
        self, room: Room, size: int, django_assert_num_queries: Any
    ) -> None:
        with django_assert_num_queries(ADVANCE + 1):  # and insert
            say(room, *["hello"] * size)

    def test_the_lock_is_the_first_statement(
        self, room: Room, django_assert_num_queries: Any
    ) -> None:
        with django_assert_num_queries(ADVANCE + 1) as queries:
            say(room, "hello")
        assert queries[0]["sql"].replace("`", '"').startswith('UPDATE "talk_room"')


class TestHints:
    """Hints about new messages."""

    def test_one_message_is_one_hint_with_its_position(
        self,
        room: Room,
        heard: list[list[Hint]],
        django_capture_on_commit_callbacks: Any,
    ) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            say(room, "one")
        assert heard == [[Hint(room.pk, 1)]]

    def test_a_transaction_publishes_once_with_the_newest_position(
        self,
        room: Room,
        heard: list[list[Hint]],
        django_capture_on_commit_callbacks: Any,
    ) -> None:
        with django_capture_on_commit_callbacks(execute=True), transaction_block():
            say(room, "one", "two")
            put(room, ADDED)
            say(room, "four")
        assert heard == [[Hint(room.pk, 4)]]

    def test_rooms_of_one_transaction_are_published_together(
        self,
        room: Room,
        heard: list[list[Hint]],
        django_capture_on_commit_callbacks: Any,
    ) -> None:
        other = RoomFactory()
        with django_capture_on_commit_callbacks(execute=True), transaction_block():
            say(room, "one")
            say(other, "one", "two")
            say(room, "two", "three")
        (news,) = heard
        assert set(news) == {Hint(room.pk, 3), Hint(other.pk, 2)}
        assert len(news) == 2

    def test_nothing_is_published_before_the_commit(
        self,
        room: Room,
        heard: list[list[Hint]],
        django_capture_on_commit_callbacks: Any,
    ) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            say(room, "one")
            assert heard == []

    def test_two_transactions_publish_twice(
        self,
        room: Room,
        heard: list[list[Hint]],
        django_capture_on_commit_callbacks: Any,
    ) -> None:
        for text in ("one", "two"):
            with django_capture_on_commit_callbacks(execute=True):
                say(room, text)
        assert heard == [[Hint(room.pk, 1)], [Hint(room.pk, 2)]]

    @pytest.mark.django_db(transaction=True)
    def test_a_rolled_back_transaction_publishes_nothing(
        self, room: Room, heard: list[list[Hint]]
    ) -> None:
        with undone():
            say(room, "one")
        assert heard == []

    @pytest.mark.django_db(transaction=True)
    def test_a_transaction_after_a_rolled_back_one_publishes(
        self, room: Room, heard: list[list[Hint]]
    ) -> None:
        other = RoomFactory()
        with undone():
            say(room, "one")
        with transaction_block():
            say(other, "one", "two")
        (news,) = heard
        assert Hint(other.pk, 2) in news

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.parametrize("earlier", ["before", "after"])
    def test_a_rolled_back_savepoint_does_not_suppress_other_hints(
        self, room: Room, heard: list[list[Hint]], earlier: str
    ) -> None:
        other = RoomFactory()
        with transaction_block():
            if earlier == "before":
                say(room, "one")
            with undone():
                say(other, "one")
            if earlier == "after":
                say(room, "one")
        (news,) = heard
        assert Hint(room.pk, 1) in news

    @pytest.mark.django_db(transaction=True)
    def test_a_rolled_back_savepoint_in_the_same_room_does_not_suppress_earlier_hints(
        self, room: Room, heard: list[list[Hint]]
    ) -> None:
        with transaction_block():
            say(room, "one")
            with undone():
                say(room, "two", "three")
        (news,) = heard
        assert [hint.room_id for hint in news] == [room.pk]
        assert news[0].position >= 1

    @pytest.mark.django_db(transaction=True)
    def test_a_transaction_with_only_a_rolled_back_savepoint_publishes_nothing(
        self, room: Room, heard: list[list[Hint]]
    ) -> None:
        with transaction_block(), undone():
            say(room, "one")
        assert heard == []

    @pytest.mark.django_db(transaction=True)
    def test_a_kept_savepoint_is_published_once_with_the_commit(
        self, room: Room, heard: list[list[Hint]]
    ) -> None:
        with transaction_block():
            with transaction_block():
                say(room, "one")
            assert heard == []
            with transaction.atomic():
                say(room, "two")
        assert heard == [[Hint(room.pk, 2)]]

    @pytest.mark.django_db(transaction=True)
    def test_a_listener_can_read_the_message(
        self, room: Room, heard: list[list[Hint]]
    ) -> None:
        seen: list[list[tuple[int, int]]] = []

        def look(news: list[Hint]) -> None:
            seen.append(positions(room))

        hints.add_listener(look)
        try:
            with transaction.atomic():
                say(room, "one")
        finally:
            hints.remove_listener(look)
        assert seen == [[(1, 1)]]

    @pytest.mark.django_db(transaction=True)
    def test_a_listener_that_fails_does_not_undo_the_message(self, room: Room) -> None:
        def fail(news: list[Hint]) -> None:
            raise Refused

        hints.add_listener(fail)
        try:
            with transaction.atomic():
                say(room, "one")
        finally:
            hints.remove_listener(fail)
        assert positions(room) == [(1, 1)]
