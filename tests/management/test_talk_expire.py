"""`talk_expire`: which messages are deleted, and the room for its participants."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from talk.constants import ParticipantType
from talk.domain.message_expiry import expire_messages, preview_expiry
from talk.hints import Hint, HintKind
from talk.models import Message, Participant, ReadMarker, Room
from tests.api.helpers import START, rows
from tests.client import TalkClient
from tests.factories import GuestFactory, ParticipantFactory, RoomFactory
from tests.management.commands import exit_code, run
from tests.threads import at_once

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
BEFORE = START - 30 * DAY


@pytest.fixture(autouse=True)
def clock() -> Iterator[Any]:
    """Freeze the time."""
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


def written(room: Room, *ages: float, system: str = "") -> Room:
    """Add a message to the room for each age in days, oldest first."""
    for age in ages:
        room.last_position += 1
        room.comment_count += not system
        room.last_activity = START - age * DAY
        Message.objects.create(
            room=room,
            position=room.last_position,
            comment_count=room.comment_count,
            text="" if system else f"of {age} days",
            system_message=system,
            actor_type="guests",
            created_at=room.last_activity,
        )
    room.save()
    return room


def room_of(user: Any, **fields: Any) -> Room:
    """Return a room that a user owns."""
    return ParticipantFactory(user=user, type=ParticipantType.OWNER, **fields).room


def ages_in(room: Room) -> list[int]:
    """Return the ages of the messages of a room in days, oldest first."""
    times = Message.objects.filter(room=room).order_by("position")
    return [(START - time).days for time in times.values_list("created_at", flat=True)]


def expire(*room_ids: int, before: datetime = BEFORE, size: int = 3) -> int:
    """Expire messages of the given or all rooms; return the number deleted."""
    steps = expire_messages(before=before, room_ids=room_ids or None, batch_size=size)
    return sum(expired.messages for expired in steps)


class TestWhichMessages:
    """Old messages of the named rooms are deleted."""

    def test_older_messages_are_deleted_and_younger_are_kept(self):
        room = written(RoomFactory(), 50, 40, 31, 30, 29, 0)
        run("talk_expire", room.token, "--days", 30)
        assert ages_in(room) == [30, 29, 0]

    def test_messages_of_other_rooms_are_kept(self):
        room, other = written(RoomFactory(), 50), written(RoomFactory(), 50)
        run("talk_expire", room.token, "--days", 30)
        assert ages_in(other) == [50]

    def test_several_rooms_can_be_named(self):
        rooms = [written(RoomFactory(), 50, 5) for _ in range(3)]
        run("talk_expire", rooms[0].token, rooms[1].token, "--days", 30)
        assert [ages_in(room) for room in rooms] == [[5], [5], [50, 5]]

    def test_all_rooms_can_be_expired(self):
        rooms = [written(RoomFactory(), 50, 5) for _ in range(3)]
        run("talk_expire", "--all", "--days", 30)
        assert [ages_in(room) for room in rooms] == [[5]] * 3

    def test_system_messages_are_deleted_as_well(self):
        room = written(written(RoomFactory(), 50, system="call_started"), 49, 5)
        run("talk_expire", room.token, "--days", 30)
        assert ages_in(room) == [5]

    @pytest.mark.parametrize("count", [2, 3, 4, 7])
    def test_more_than_a_batch_is_deleted(self, count):
        room = written(RoomFactory(), *[50] * count, 5)
        assert expire(room.pk, size=3) == count
        assert ages_in(room) == [5]

    def test_the_guest_who_wrote_them_is_kept_for_the_clean_up(self):
        room, guest = written(RoomFactory(), 50), GuestFactory()
        Message.objects.update(actor_guest=guest)
        expire(room.pk)
        guest.refresh_from_db()


class TestReaders:
    """The room as its participants see it after old messages expired."""

    def test_the_history_begins_with_the_oldest_kept_message(self, alice, as_alice):
        room = written(room_of(alice), 50, 40, 5, 0)
        expire(room.pk)
        texts = [message["message"] for message in as_alice.history(room.token).data]
        assert texts == ["of 0 days", "of 5 days"]

    def test_an_empty_room_is_listed_without_a_last_message(self, alice, as_alice):
        room = written(room_of(alice), 50)
        expire(room.pk)
        (listed,) = as_alice.get("/room").data
        assert listed["lastMessage"] == []
        assert listed["lastActivity"] == int((START - 50 * DAY).timestamp())

    def test_the_history_of_an_empty_room_has_ended(self, alice, as_alice):
        room = written(room_of(alice), 50)
        expire(room.pk)
        assert as_alice.history(room.token).status == 304

    def test_expired_messages_are_not_unread(self, alice, as_alice):
        room = written(room_of(alice), 50, 40, 5, 0)
        expire(room.pk)
        assert as_alice.room(room.token)["unreadMessages"] == 2

    def test_a_later_read_marker_is_kept(self, alice, as_alice):
        room = written(room_of(alice, read_comments=3), 50, 40, 5, 0)
        expire(room.pk)
        assert as_alice.room(room.token)["unreadMessages"] == 1

    def test_an_expired_mention_is_not_unread(self, alice, as_alice):
        room = written(room_of(alice, last_mention=1), 50, 5)
        expire(room.pk)
        assert as_alice.room(room.token)["unreadMention"] is False

    def test_a_kept_mention_is_unread(self, alice, as_alice):
        room = written(room_of(alice, last_mention=2), 50, 5)
        expire(room.pk)
        assert as_alice.room(room.token)["unreadMention"] is True

    def test_a_saved_read_marker_skips_expired_messages(self, bob):
        room = written(RoomFactory(), 50, 40, 5)
        marker = ReadMarker.objects.create(room=room, user=bob, read_comments=1)
        expire(room.pk)
        marker.refresh_from_db()
        assert marker.read_comments == 2

    def test_the_next_message_continues_the_positions(self, alice):
        room = written(room_of(alice), 50, 40)
        expire(room.pk)
        client = TalkClient(alice)
        client.join(room.token)
        client.say(room.token, "new")
        message = Message.objects.get()
        assert (message.position, message.comment_count) == (3, 3)

    def test_kept_messages_keep_their_positions(self):
        room = written(RoomFactory(), 50, 40, 5, 0)
        expire(room.pk)
        positions = Message.objects.values_list("position", "comment_count")
        assert sorted(positions) == [(3, 3), (4, 4)]

    def test_the_room_itself_does_not_change(self):
        room = written(RoomFactory(), 50, 5)
        before = rows(Room)
        expire(room.pk)
        assert rows(Room) == before

    def test_a_hint_is_published_for_each_room(
        self, monkeypatch, django_capture_on_commit_callbacks
    ):
        room, told = written(RoomFactory(pk=987_655), 50), []
        monkeypatch.setattr("talk.hints.publish", told.extend)
        with django_capture_on_commit_callbacks(execute=True):
            expire(room.pk)
        assert Hint(room.pk, 0, HintKind.DEPARTURE) in told

    def test_a_room_without_old_messages_publishes_no_hint(
        self, django_capture_on_commit_callbacks
    ):
        room = written(RoomFactory(), 5)
        with django_capture_on_commit_callbacks() as callbacks:
            expire(room.pk)
        assert callbacks == []


class TestCosts:
    """The queries of a run."""

    def count(self, size: int = 3) -> int:
        """Return the number of queries of a run."""
        with CaptureQueriesContext(connection) as queries:
            expire(size=size)
        return len(queries)

    @pytest.mark.parametrize("rooms", [1, 50])
    def test_rooms_without_old_messages_cost_no_query(self, rooms):
        for _ in range(rooms):
            written(RoomFactory(), 5)
        assert self.count() == 2

    def test_a_batch_costs_the_same_whatever_its_size(self):
        room = written(RoomFactory(), *[50] * 2)
        few = self.count(size=10)
        written(room, *[50] * 9)
        assert self.count(size=10) == few


class TestStopped:
    """Interrupted runs, and the runs after them."""

    def test_the_next_run_deletes_the_rest(self):
        room = written(RoomFactory(), *[50] * 7, 5)
        steps = expire_messages(before=BEFORE, room_ids=None, batch_size=3)
        assert [step.messages for step in islice(steps, 1)] == [3]
        assert len(ages_in(room)) == 5
        assert expire() == 4

    def test_unread_counts_are_right_at_every_moment(self, alice, as_alice):
        room = written(room_of(alice), *[50] * 7, 5)
        for _ in expire_messages(before=BEFORE, room_ids=None, batch_size=3):
            unread = as_alice.room(room.token)["unreadMessages"]
            assert unread == len(ages_in(room))

    def test_a_second_run_finds_nothing(self):
        written(RoomFactory(), 50, 5)
        run("talk_expire", "--all", "--days", 30)
        last = run("talk_expire", "--all", "--days", 30)
        assert last == "Deleted 0 messages of 0 rooms.\n"

    def test_a_room_that_is_deleted_meanwhile_is_no_failure(self):
        one, other = written(RoomFactory(), 50), written(RoomFactory(), 50)
        steps = expire_messages(before=BEFORE, room_ids=[one.pk, other.pk])
        next(steps)
        other.delete()
        assert sum(step.messages for step in steps) == 0


class TestDryRun:
    """`--dry-run`."""

    def test_it_reports_the_counts_of_the_real_run(self):
        for _ in range(3):
            written(RoomFactory(), 50, 40, 5, 45, 0)
        written(RoomFactory(), 50)
        written(RoomFactory(), 5)
        RoomFactory()
        told = run("talk_expire", "--all", "--days", 30, "--dry-run")
        done = run("talk_expire", "--all", "--days", 30).splitlines()[-1]
        assert told == "Would delete 7 messages of 4 rooms.\n"
        assert done == "Deleted 7 messages of 4 rooms."

    def test_it_only_reads(self):
        written(RoomFactory(), 50, 5)
        before = rows()
        with CaptureQueriesContext(connection) as queries:
            list(preview_expiry(before=BEFORE, room_ids=None))
        assert {query["sql"].split()[0] for query in queries} == {"SELECT"}
        assert rows() == before


class TestUsage:
    """Arguments, output and exit codes."""

    def test_it_prints_its_progress(self):
        written(RoomFactory(), *[50] * 7)
        out = run("talk_expire", "--all", "--days", 30, "--batch-size", 3)
        assert out.splitlines() == [
            "… 3 messages of 1 rooms",
            "… 6 messages of 1 rooms",
            "… 7 messages of 1 rooms",
            "Deleted 7 messages of 1 rooms.",
        ]

    def test_it_is_silent_at_verbosity_0(self):
        written(RoomFactory(), 50)
        assert run("talk_expire", "--all", "--days", 30, verbosity=0) == ""

    def test_an_unknown_room_is_a_failure_that_changes_nothing(self):
        room = written(RoomFactory(), 50)
        assert exit_code("talk_expire", room.token, "nosuch", "--days", 30) == 1
        assert ages_in(room) == [50]

    @pytest.mark.parametrize(
        "arguments",
        [
            ["--days", "30"],
            ["--all"],
            ["token", "--all", "--days", "30"],
            ["--all", "--days", "0"],
            ["--all", "--days", "-1"],
            ["--all", "--days", "x"],
            ["--all", "--days", "30", "--batch-size", "0"],
        ],
    )
    def test_wrong_usage_exits_with_2(self, arguments):
        assert exit_code("talk_expire", *arguments) == 2


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    """Several runs, and a user who writes, at the same moment."""

    def test_runs_share_the_work(self):
        for _ in range(5):
            written(RoomFactory(), *[50] * 10, 5)
        assert sum(at_once(*[expire] * 3)) == 50
        assert Message.objects.count() == 5

    def test_messages_written_meanwhile_are_kept(self, alice):
        room = written(room_of(alice), *[50] * 30, 5)
        client = TalkClient(alice)
        client.join(room.token)

        def write() -> None:
            for number in range(5):
                client.say(room.token, str(number))

        at_once(expire, write, expire)
        messages = Message.objects.filter(room=room).order_by("position")
        assert list(messages.values_list("position", flat=True)) == list(range(31, 37))
        participant = Participant.objects.get()
        assert participant.read_comments == 36
