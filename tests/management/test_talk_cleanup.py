"""`talk_cleanup`: removed rows, the dry run, ages, interruption and output."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from talk.constants import ParticipantType
from talk.domain import cleanup
from talk.domain.cleanup import CleanupCounts, clean_up_in_steps
from talk.domain.cleanup_preview import preview_cleanup
from talk.management.commands.talk_cleanup import clean_up_all
from talk.models import (
    CallAttendance,
    Guest,
    Message,
    Participant,
    Session,
    SignalingMessage,
)
from tests.api import invariants
from tests.api.helpers import START, rows
from tests.factories import (
    GuestFactory,
    ParticipantFactory,
    RoomFactory,
    SessionFactory,
)
from tests.management.commands import exit_code, run, shell
from tests.management.leftovers import TABLES, make_leftovers
from tests.threads import at_once

pytestmark = pytest.mark.django_db

NOTHING = "Removed nothing.\n"

TIMES = 2
"""How many times each kind of leftover is created."""


@pytest.fixture(autouse=True)
def clock() -> Iterator[Any]:
    """Freeze the time."""
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


def clean(batch_size: int = 5) -> CleanupCounts:
    """Clean up as the command does, and return the counts."""
    return sum(clean_up_all(now=START, batch_size=batch_size), start=CleanupCounts())


@pytest.fixture
def leftovers() -> None:
    """Create every kind of leftover, several times."""
    make_leftovers(START, times=TIMES)


class TestCleanup:
    """A large site that needs a clean-up."""

    def test_the_preview_is_empty_afterwards(self, leftovers):
        clean()
        assert preview_cleanup(now=START) == CleanupCounts()

    def test_the_second_run_finds_nothing(self, leftovers):
        run("talk_cleanup")
        before = rows(*TABLES)
        assert run("talk_cleanup") == NOTHING
        assert rows(*TABLES) == before

    def test_every_leftover_is_counted(self, leftovers):
        assert clean() == CleanupCounts(
            sessions=TIMES * 23,
            participants=TIMES * 18,
            calls=TIMES,
            rooms=TIMES * 3,
            signaling_messages=TIMES * 3,
            guests=TIMES * 12,
        )

    def test_the_size_of_batches_makes_no_difference(self, leftovers):
        preview = preview_cleanup(now=START)
        assert clean(batch_size=1) == preview

    def test_comments_keep_their_guests(self, leftovers):
        clean()
        spoken = Message.objects.filter(actor_type="guests")
        assert spoken.exists()
        assert not spoken.filter(actor_guest=None).exists()

    def test_guests_who_left_a_running_call_are_still_counted(self, leftovers):
        clean()
        assert CallAttendance.objects.filter(guest__isnull=False).count() == TIMES


class TestDryRun:
    """`--dry-run`."""

    def test_it_reports_the_counts_of_the_real_run(self, leftovers):
        told = run("talk_cleanup", "--dry-run")
        done = run("talk_cleanup")
        assert told.replace("Would remove", "Removed") == done
        assert done != NOTHING

    def test_it_changes_nothing(self, leftovers):
        before = rows(*TABLES)
        run("talk_cleanup", "--dry-run")
        assert rows(*TABLES) == before

    def test_it_only_reads(self, leftovers):
        with CaptureQueriesContext(connection) as queries:
            run("talk_cleanup", "--dry-run")
        assert {query["sql"].split()[0] for query in queries} == {"SELECT"}
        assert not [query for query in queries if "FOR UPDATE" in query["sql"]]

    def test_it_uses_the_same_ages(self, leftovers):
        arguments = ["--session-seconds", 4000, "--signaling-seconds", 3000]
        told = run("talk_cleanup", "--dry-run", *arguments)
        done = run("talk_cleanup", *arguments)
        assert told.replace("Would remove", "Removed") == done
        assert "sessions" not in done
        assert "signaling" in done


class TestAges:
    """Rows that are too young to be removed."""

    @pytest.mark.parametrize(("age", "is_left"), [(300, False), (301, True)])
    def test_sessions_are_removed_by_age(self, age, is_left):
        ping = START - timedelta(seconds=300)
        session = SessionFactory(last_ping=ping)
        run("talk_cleanup", "--session-seconds", age)
        assert Session.objects.filter(pk=session.pk).exists() is is_left

    def test_a_kept_session_keeps_its_guest(self):
        room = ParticipantFactory(type=ParticipantType.OWNER).room
        type, guest = ParticipantType.GUEST, GuestFactory()
        participant = ParticipantFactory(room=room, user=None, guest=guest, type=type)
        SessionFactory(
            participant=participant, last_ping=START - timedelta(seconds=300)
        )
        run("talk_cleanup", "--session-seconds", 400)
        assert Participant.objects.filter(pk=participant.pk).exists()

    @pytest.mark.parametrize(("age", "count"), [(59, 0), (60, 1)])
    def test_signaling_messages_are_removed_by_age(self, age, count):
        SignalingMessage.objects.create(
            recipient=SessionFactory(last_ping=START),
            sender_session_id="a" * 512,
            text="{}",
            created_at=START - timedelta(seconds=60),
        )
        run("talk_cleanup", "--signaling-seconds", age)
        assert SignalingMessage.objects.count() == count


class TestGuests:
    """Guests in no room, with and without messages that name them."""

    def is_deleted_by_cleanup(self, guest: Guest) -> bool:
        """Clean up, and return whether the guest is deleted."""
        run("talk_cleanup")
        return not Guest.objects.filter(pk=guest.pk).exists()

    def promoted(self, guest: Guest) -> Guest:
        """Write the system message of the promotion of a guest."""
        Message.objects.create(
            room=ParticipantFactory(type=ParticipantType.OWNER).room,
            position=1,
            comment_count=0,
            system_message="guest_moderator_promoted",
            parameters={"session": guest.actor_id},
            actor_type="users",
            created_at=START,
        )
        return guest

    def test_a_guest_without_messages_is_deleted(self):
        assert self.is_deleted_by_cleanup(GuestFactory(display_name="Gwen"))

    def test_a_named_guest_whose_promotion_is_recorded_is_kept(self):
        assert not self.is_deleted_by_cleanup(
            self.promoted(GuestFactory(display_name="Gwen"))
        )

    def test_an_unnamed_guest_is_deleted_despite_a_promotion(self):
        assert self.is_deleted_by_cleanup(self.promoted(GuestFactory()))

    def test_a_guest_who_is_a_participant_is_kept(self):
        room = ParticipantFactory(type=ParticipantType.OWNER).room
        type, guest = ParticipantType.GUEST, GuestFactory()
        participant = ParticipantFactory(room=room, user=None, guest=guest, type=type)
        SessionFactory(participant=participant, last_ping=START)
        assert not self.is_deleted_by_cleanup(guest)

    def test_guests_of_every_batch_are_deleted(self):
        GuestFactory.create_batch(7)
        run("talk_cleanup", "--batch-size", 3)
        assert not Guest.objects.exists()

    def test_many_guests_in_a_batch_cost_no_more_than_few(
        self, django_assert_num_queries
    ):
        GuestFactory.create_batch(2)
        with CaptureQueriesContext(connection) as few:
            run("talk_cleanup")
        GuestFactory.create_batch(50)
        with django_assert_num_queries(len(few)):
            run("talk_cleanup")


class TestInterruption:
    """A run that is interrupted."""

    @pytest.mark.parametrize("done", [0, 1, 7])
    def test_a_second_run_finishes(self, leftovers, monkeypatch, done):
        preview = preview_cleanup(now=START)
        count = []

        def end_sessions(*args, **options):
            count.append(1)
            if len(count) > done:
                raise KeyboardInterrupt
            return original(*args, **options)

        original = cleanup.end_sessions
        monkeypatch.setattr(cleanup, "end_sessions", end_sessions)
        found = []
        with pytest.raises(KeyboardInterrupt):
            found.extend(clean_up_in_steps(now=START, batch_size=3))
        monkeypatch.undo()
        assert sum([*found, clean()], start=CleanupCounts()) == preview

    def test_an_interrupted_run_leaves_consistent_rows(self, leftovers):
        for number, _ in enumerate(clean_up_all(now=START, batch_size=3)):
            if number == 15:
                break
        left = preview_cleanup(now=START)
        assert left.sessions > 0
        invariants.sessions_belong_to_participants_of_their_room()
        invariants.guests_and_users_have_their_types()
        invariants.positions_have_no_gaps()

    def test_an_interrupted_run_exits_with_1(self, leftovers, monkeypatch):
        def stop(**options):
            raise KeyboardInterrupt

        monkeypatch.setattr(
            "talk.management.commands.talk_cleanup.clean_up_in_steps", stop
        )
        with pytest.raises(CommandError, match="the next run") as caught:
            run("talk_cleanup")
        assert caught.value.returncode == 1


class TestOutput:
    """Output and exit codes."""

    def test_it_is_silent_at_verbosity_0(self, leftovers):
        assert run("talk_cleanup", verbosity=0) == ""

    def test_it_prints_the_progress_of_each_batch(self, leftovers):
        *progress, _ = run("talk_cleanup", "--batch-size", 20).splitlines()
        assert len(progress) > 2
        assert all(line.startswith("… ") for line in progress)

    def test_the_sum_comes_last(self, leftovers):
        preview = asdict(preview_cleanup(now=START))
        last = run("talk_cleanup").splitlines()[-1]
        assert last.startswith("Removed ")
        assert [int(word) for word in last.split() if word.isdigit()] == [
            *preview.values()
        ]

    def test_nothing_to_do_is_a_success(self):
        assert run("talk_cleanup") == NOTHING

    @pytest.mark.parametrize(
        "arguments",
        [
            ["--batch-size", "0"],
            ["--batch-size", "501"],
            ["--batch-size", "many"],
            ["--session-seconds", "99"],
            ["--signaling-seconds", "0"],
            ["--unknown"],
            ["room"],
        ],
    )
    def test_wrong_usage_exits_with_2(self, arguments):
        assert exit_code("talk_cleanup", *arguments) == 2


@pytest.mark.django_db(transaction=True)
class TestShell:
    """The command as cron runs it."""

    def test_success_exits_with_0(self):
        RoomFactory()
        done = shell("talk_cleanup")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == "Removed 1 empty rooms.\n"

    def test_wrong_usage_exits_with_2(self):
        assert shell("talk_cleanup", "--batch-size", "0").returncode == 2


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    """Several runs at the same moment."""

    def test_they_share_the_work(self, leftovers):
        preview = preview_cleanup(now=START)
        found = at_once(*[clean] * 3)
        assert sum(found, start=CleanupCounts()) == preview
        assert preview_cleanup(now=START) == CleanupCounts()

    def test_the_end_of_a_call_is_recorded_once(self, leftovers):
        at_once(*[clean] * 3)
        assert Message.objects.filter(system_message="call_ended").count() == TIMES

    def test_each_guest_is_deleted_by_one_run(self):
        GuestFactory.create_batch(200)
        found = at_once(*[clean] * 3)
        assert sum(cleaned.guests for cleaned in found) == 200
