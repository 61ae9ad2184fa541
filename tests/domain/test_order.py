"""Within a room, commit order = id order = position order, with many writers at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from django.db import connections, transaction
from django.utils import timezone

from talk.domain.access import Caller, Identity, find_caller
from talk.domain.messages import post_message, read_newer
from talk.models import Message, Participant, Room
from tests.factories import ParticipantFactory, RoomFactory
from tests.threads import TIMEOUT, at_once

pytestmark = pytest.mark.django_db(transaction=True)

WRITERS = 8
POSTS = 25


@pytest.fixture
def room(db: None) -> Room:
    """A room without messages."""
    return RoomFactory()


@pytest.fixture
def callers(room: Room) -> list[Caller]:
    """Callers in the room, each with a state that is soon out of date."""
    participants = [ParticipantFactory(room=room) for _ in range(WRITERS)]
    return [
        find_caller(
            identity=Identity(user=participant.user, device=None), token=room.token
        )
        for participant in participants
    ]


def say(caller: Caller, text: str) -> Message:
    page = post_message(caller=caller, text=text, now=timezone.now())
    return page.messages[0]


def say_many(number: int, caller: Caller) -> None:
    for post in range(POSTS):
        say(caller, f"{number} {post}")


def read_until(room: Room, is_over: Callable[[], bool]) -> list[Message]:
    """Read messages newer than the last known one, again and again."""
    found: list[Message] = []
    last = 0
    while True:
        was_over = is_over()
        page = read_newer(room_id=room.pk, after=last, limit=7)
        found += page.messages
        if page.messages:
            last = page.messages[-1].pk
        elif was_over:
            return found


def messages(room: Room) -> list[Message]:
    """Return all messages in the order of ids."""
    return list(Message.objects.filter(room=room).order_by("pk"))


def write_at_once(callers: list[Caller]) -> None:
    writers = [
        partial(say_many, number, caller) for number, caller in enumerate(callers)
    ]
    assert at_once(*writers) == [None] * len(writers)


def write_and_read_at_once(room: Room, callers: list[Caller]) -> list[Message]:
    """Return the messages that a reader read while others wrote."""
    left = threading.Semaphore(0)
    written = threading.Event()

    def write(number: int, caller: Caller) -> None:
        try:
            say_many(number, caller)
        finally:
            left.release()

    def wait_for_writers() -> None:
        for _ in callers:
            left.acquire(timeout=TIMEOUT)
        written.set()

    writers = [partial(write, *pair) for pair in enumerate(callers)]
    read = partial(read_until, room, written.is_set)
    *nothing, _, found = at_once(*writers, wait_for_writers, read)
    assert nothing == [None] * len(writers)
    assert isinstance(found, list), found
    return found


def test_positions_have_no_gaps_in_the_order_of_ids(
    room: Room, callers: list[Caller]
) -> None:
    write_at_once(callers)
    positions = [message.position for message in messages(room)]
    assert positions == list(range(1, WRITERS * POSTS + 1))


def test_each_message_counts_those_before_it(room: Room, callers: list[Caller]) -> None:
    write_at_once(callers)
    counts = [message.comment_count for message in messages(room)]
    assert counts == list(range(1, WRITERS * POSTS + 1))


def test_the_room_counts_all_messages(room: Room, callers: list[Caller]) -> None:
    write_at_once(callers)
    room.refresh_from_db()
    assert room.last_position == WRITERS * POSTS
    assert room.comment_count == WRITERS * POSTS


def test_the_messages_of_each_writer_are_in_the_order_of_writing(
    room: Room, callers: list[Caller]
) -> None:
    write_at_once(callers)
    for number in range(WRITERS):
        own = [m.text for m in messages(room) if m.text.startswith(f"{number} ")]
        assert own == [f"{number} {post}" for post in range(POSTS)]


def test_each_writer_has_read_up_to_their_last_message(
    room: Room, callers: list[Caller]
) -> None:
    write_at_once(callers)
    last = {m.actor_user_id: m.comment_count for m in messages(room)}
    read = Participant.objects.filter(room=room).values_list("user", "read_comments")
    assert dict(read) == last


def test_a_reader_reads_every_message_once_and_in_order(
    room: Room, callers: list[Caller]
) -> None:
    found = write_and_read_at_once(room, callers)
    assert [m.pk for m in found] == [m.pk for m in messages(room)]
    assert len(found) == WRITERS * POSTS


def test_a_reader_never_reads_a_position_before_the_one_below_it(
    room: Room, callers: list[Caller]
) -> None:
    found = write_and_read_at_once(room, callers)
    assert all(b.position == a.position + 1 for a, b in pairwise(found))


def test_rooms_do_not_mix(callers: list[Caller], room: Room) -> None:
    other = RoomFactory()
    others = [
        find_caller(
            identity=Identity(
                user=ParticipantFactory(room=other).user,
                device=None,
            ),
            token=other.token,
        )
        for _ in range(2)
    ]
    write_at_once([*callers[:2], *others])
    for each in (room, other):
        positions = [message.position for message in messages(each)]
        assert positions == list(range(1, 2 * POSTS + 1))


class TestSlowCommit:
    """One transaction stays open while others write."""

    @pytest.fixture
    def slow(self, callers: list[Caller]) -> Any:
        """A writer who has not committed a message yet."""
        said, commit = threading.Event(), threading.Event()

        def write() -> None:
            try:
                with transaction.atomic():
                    say(callers[0], "slow")
                    said.set()
                    assert commit.wait(TIMEOUT)
            finally:
                connections.close_all()

        thread = threading.Thread(target=write)
        thread.start()
        assert said.wait(TIMEOUT)

        def finish() -> None:
            commit.set()
            thread.join(TIMEOUT)

        yield finish
        finish()

    def test_an_uncommitted_message_is_not_read(self, room: Room, slow: Any) -> None:
        assert read_newer(room_id=room.pk, after=0, limit=9).messages == []

    def test_later_messages_do_not_overtake(
        self, room: Room, callers: list[Caller], slow: Any
    ) -> None:
        started = threading.Event()

        def write() -> None:
            started.set()
            say(callers[1], "quick")

        def read_before_the_commit() -> list[Message]:
            assert started.wait(TIMEOUT)
            page = read_newer(room_id=room.pk, after=0, limit=9)
            slow()
            return page.messages

        _, seen = at_once(write, read_before_the_commit)
        assert seen == []
        assert [m.text for m in messages(room)] == ["slow", "quick"]

    def test_other_rooms_do_not_wait(self, slow: Any) -> None:
        if not connections["default"].features.has_select_for_update:
            pytest.skip("this database has one lock for all rooms")
        participant = ParticipantFactory()
        caller = find_caller(
            identity=Identity(user=participant.user, device=None),
            token=participant.room.token,
        )
        say(caller, "hello")
        assert [m.text for m in messages(participant.room)] == ["hello"]
