"""Polls that wait inside Django's own handler."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from talk.api.polls.base import Poll
from talk.api.polls.chat import ChatPoll
from talk.api.responses import ResponseFormat
from talk.domain.messages import Page
from talk.exceptions import NotFound
from talk.models import Participant, Room, Session
from talk.realtime.fallback import Slots, slots, wait_in_worker
from talk.rendering.readers import Reader
from tests.factories import ParticipantFactory, RoomFactory, SessionFactory
from tests.timelines import write

pytestmark = pytest.mark.django_db


@dataclass
class FakeTime:
    """A clock that moves only while it sleeps, and events during sleeps."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)
    events: dict[int, Callable[[], Any]] = field(default_factory=dict)
    """Called during the sleep with this number, counted from 1."""

    extra: float = 0.0
    """Seconds by which every sleep is too long."""

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds + self.extra
        self.events.get(len(self.slept), lambda: None)()


class PagePoll(ChatPoll):
    """A poll of the chat that responds with the page itself, or with None."""

    def respond(self, news: Any) -> Any:
        return news

    def respond_without_news(self) -> Any:
        return None


@pytest.fixture
def time() -> FakeTime:
    """The clock of these tests."""
    return FakeTime()


@pytest.fixture
def room(alice: Any) -> Room:
    """A room with a message."""
    room = RoomFactory()
    write(room.token, ["before"], user=alice)
    room.refresh_from_db()
    return room


@pytest.fixture
def poll(room: Room) -> Poll:
    """A poll that knows all messages and waits for five seconds."""
    return PagePoll(
        room_id=room.pk,
        token=room.token,
        account="",
        participant_pk=0,
        position=room.last_position,
        timeout=5,
        session_pk=None,
        session_pks=(),
        needs_session=False,
        response_format=ResponseFormat(version=2, format="json", language="en"),
        reader=Reader(),
        after=room.messages.latest("pk").pk,
        limit=100,
    )


@pytest.fixture(autouse=True)
def all_slots_free() -> Iterator[None]:
    """Check that no test takes slots from others."""
    assert slots._taken == 0
    yield
    assert slots._taken == 0


def wait(poll: Poll, time: FakeTime) -> list[str] | None:
    """Return the texts in the response, None if there is no news."""
    page: Any = wait_in_worker(poll, clock=time.clock, sleep=time.sleep)
    if page is None or not page.messages:
        return None
    assert isinstance(page, Page)
    return [message.text for message in page.messages]


class TestFirstFetch:
    """Polls that do not wait."""

    def test_news_is_answered_at_once(
        self, poll: Poll, time: FakeTime, room: Room, alice: Any
    ) -> None:
        write(room.token, ["news"], user=alice)
        assert wait(poll, time) == ["news"]
        assert time.slept == []

    def test_a_timeout_of_0_never_sleeps(self, poll: Poll, time: FakeTime) -> None:
        assert wait(replace(poll, timeout=0), time) is None
        assert time.slept == []

    def test_a_timeout_of_0_fetches_once(
        self, poll: Poll, time: FakeTime, django_assert_num_queries: Any
    ) -> None:
        with django_assert_num_queries(1):
            wait(replace(poll, timeout=0), time)


class TestWait:
    """Events while a poll waits."""

    @pytest.mark.parametrize("sleep", [1, 3, 5])
    def test_a_message_is_returned_after_the_sleep_in_which_it_came(
        self, poll: Poll, time: FakeTime, room: Room, alice: Any, sleep: int
    ) -> None:
        time.events[sleep] = lambda: write(room.token, ["news"], user=alice)
        assert wait(poll, time) == ["news"]
        assert len(time.slept) == sleep

    def test_several_messages_are_returned_together(
        self, poll: Poll, time: FakeTime, room: Room, alice: Any
    ) -> None:
        time.events[1] = lambda: write(room.token, list("abc"), user=alice)
        assert wait(poll, time) == ["a", "b", "c"]

    def test_the_limit_stays(
        self, poll: Poll, time: FakeTime, room: Room, alice: Any
    ) -> None:
        time.events[1] = lambda: write(room.token, list("abc"), user=alice)
        assert wait(replace(poll, limit=2), time) == ["a", "b"]

    def test_the_offset_stays(
        self, poll: Poll, time: FakeTime, room: Room, alice: Any
    ) -> None:
        ahead = replace(poll, after=poll.after + 1_000_000)
        time.events[1] = lambda: write(room.token, ["not new to them"], user=alice)
        assert wait(ahead, time) is None
        assert len(time.slept) == 5

    def test_a_message_that_came_after_the_first_fetch_is_found(
        self, poll: Poll, time: FakeTime, room: Room, alice: Any
    ) -> None:
        def clock() -> float:
            if not room.messages.filter(text="news").exists():
                write(room.token, ["news"], user=alice)
            return time.now

        page: Any = wait_in_worker(poll, clock=clock, sleep=time.sleep)
        assert [message.text for message in page.messages] == ["news"]

    def test_messages_of_other_rooms_end_no_wait(
        self, poll: Poll, time: FakeTime, alice: Any
    ) -> None:
        other = RoomFactory()
        time.events[1] = lambda: write(other.token, ["elsewhere"], user=alice)
        assert wait(poll, time) is None
        assert len(time.slept) == 5

    def test_a_participant_removed_meanwhile_gets_the_news(
        self, poll: Poll, time: FakeTime, room: Room, alice: Any
    ) -> None:
        participant = ParticipantFactory(room=room)

        def remove() -> None:
            Participant.objects.filter(pk=participant.pk).delete()
            write(room.token, ["they are gone"], user=alice)

        time.events[2] = remove
        assert wait(poll, time) == ["they are gone"]

    def test_it_pings_at_its_start(
        self, poll: Poll, time: FakeTime, room: Room
    ) -> None:
        past = timezone.now() - timedelta(seconds=50)
        participant = ParticipantFactory(room=room)
        session = SessionFactory(participant=participant, last_ping=past)
        wait(replace(poll, session_pks=(session.pk,)), time)
        assert Session.objects.get().last_ping > past

    def test_it_does_not_ping_while_it_waits(
        self, poll: Poll, time: FakeTime, room: Room
    ) -> None:
        past = timezone.now() - timedelta(seconds=50)
        session = SessionFactory(participant=ParticipantFactory(room=room))
        time.events[1] = lambda: Session.objects.update(last_ping=past)
        wait(replace(poll, session_pks=(session.pk,)), time)
        assert Session.objects.get().last_ping == past

    def test_a_check_without_news_is_one_query(
        self, poll: Poll, time: FakeTime, django_assert_num_queries: Any
    ) -> None:
        with django_assert_num_queries(1 + 5):
            wait(poll, time)

    @pytest.mark.parametrize("sleep", [1, 5])
    def test_a_room_that_is_deleted_is_not_found(
        self, poll: Poll, time: FakeTime, room: Room, sleep: int
    ) -> None:
        time.events[sleep] = lambda: Room.objects.filter(pk=room.pk).delete()
        with pytest.raises(NotFound):
            wait(poll, time)
        assert len(time.slept) == sleep


class TestDeadline:
    """The length of the wait."""

    @pytest.mark.parametrize("timeout", [1, 5, 10])
    def test_the_wait_lasts_for_the_clients_timeout(
        self, poll: Poll, time: FakeTime, timeout: int
    ) -> None:
        assert wait(replace(poll, timeout=timeout), time) is None
        assert sum(time.slept) == timeout

    @pytest.mark.parametrize("longest", [1, 2.5, 10, 0.25])
    def test_the_wait_never_exceeds_the_setting(
        self, poll: Poll, time: FakeTime, settings: Any, longest: float
    ) -> None:
        settings.TALK = {"FALLBACK_POLL_SECONDS_MAX": longest}
        assert wait(replace(poll, timeout=60), time) is None
        assert sum(time.slept) == longest

    def test_the_wait_is_at_most_ten_seconds_by_default(
        self, poll: Poll, time: FakeTime
    ) -> None:
        assert wait(replace(poll, timeout=60), time) is None
        assert sum(time.slept) == 10

    def test_a_site_may_forbid_to_wait(
        self, poll: Poll, time: FakeTime, settings: Any
    ) -> None:
        settings.TALK = {"FALLBACK_POLL_SECONDS_MAX": 0}
        assert wait(replace(poll, timeout=60), time) is None
        assert time.slept == []

    def test_no_sleep_is_longer_than_a_second(self, poll: Poll, time: FakeTime) -> None:
        wait(poll, time)
        assert max(time.slept) <= 1

    def test_long_sleeps_do_not_prolong_the_wait(
        self, poll: Poll, time: FakeTime
    ) -> None:
        time.extra = 1.5
        assert wait(poll, time) is None
        assert len(time.slept) == 2

    def test_a_message_during_the_last_sleep_is_not_lost(
        self, poll: Poll, time: FakeTime, settings: Any, room: Room, alice: Any
    ) -> None:
        settings.TALK = {"FALLBACK_POLL_SECONDS_MAX": 1.5}
        time.events[2] = lambda: write(room.token, ["news"], user=alice)
        assert wait(poll, time) == ["news"]


class TestSlots:
    """The number of polls that may wait."""

    def test_a_poll_without_a_free_slot_is_answered_at_once(
        self, poll: Poll, time: FakeTime, settings: Any
    ) -> None:
        settings.TALK = {"FALLBACK_POLLS_MAX": 0}
        assert wait(poll, time) is None
        assert time.slept == []

    def test_a_poll_without_a_free_slot_still_gets_its_news(
        self, poll: Poll, time: FakeTime, settings: Any, room: Room, alice: Any
    ) -> None:
        settings.TALK = {"FALLBACK_POLLS_MAX": 0}
        write(room.token, ["news"], user=alice)
        assert wait(poll, time) == ["news"]

    @pytest.mark.parametrize("most", [1, 2])
    def test_as_many_wait_as_there_are_slots(
        self, poll: Poll, settings: Any, most: int
    ) -> None:
        settings.TALK = {"FALLBACK_POLLS_MAX": most}
        waiting: list[FakeTime] = []

        def one_more() -> None:
            if len(waiting) < 4:
                time = FakeTime()
                time.events[1] = one_more
                waiting.append(time)
                wait(poll, time)

        one_more()
        assert [bool(time.slept) for time in waiting] == [True] * most + [False]

    @pytest.mark.parametrize("polls", [1, 5])
    def test_a_slot_is_free_after_a_wait_without_news(
        self, poll: Poll, settings: Any, polls: int
    ) -> None:
        settings.TALK = {"FALLBACK_POLLS_MAX": 1}
        for _ in range(polls):
            time = FakeTime()
            wait(poll, time)
            assert sum(time.slept) == 5

    def test_a_slot_is_free_after_news(
        self, poll: Poll, time: FakeTime, settings: Any, room: Room, alice: Any
    ) -> None:
        settings.TALK = {"FALLBACK_POLLS_MAX": 1}
        time.events[1] = lambda: write(room.token, ["news"], user=alice)
        wait(poll, time)
        assert slots._taken == 0

    def test_a_slot_is_free_after_the_room_was_deleted(
        self, poll: Poll, time: FakeTime, room: Room
    ) -> None:
        time.events[1] = lambda: Room.objects.filter(pk=room.pk).delete()
        with pytest.raises(NotFound):
            wait(poll, time)
        assert slots._taken == 0

    @pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
    def test_a_slot_is_free_after_any_error(
        self, poll: Poll, time: FakeTime, error: type[BaseException]
    ) -> None:
        def fail() -> None:
            raise error

        time.events[1] = fail
        with pytest.raises(error):
            wait(poll, time)
        assert slots._taken == 0

    def test_a_slot_is_free_after_a_response_that_failed(
        self, poll: Poll, time: FakeTime
    ) -> None:
        class FailingPoll(PagePoll):
            def respond_without_news(self) -> Any:
                raise RuntimeError

        values = {field.name: getattr(poll, field.name) for field in fields(poll)}
        with pytest.raises(RuntimeError):
            wait(FailingPoll(**values), time)
        assert slots._taken == 0

    def test_a_poll_that_need_not_wait_takes_no_slot(
        self, poll: Poll, time: FakeTime, settings: Any, room: Room, alice: Any
    ) -> None:
        settings.TALK = {"FALLBACK_POLLS_MAX": 1}
        write(room.token, ["before"], user=alice)
        inside: list[list[str] | None] = []
        time.events[1] = lambda: inside.append(wait(poll, FakeTime()))
        ahead = replace(poll, after=poll.after + 1_000_000)
        wait(ahead, time)
        assert inside == [["before"]]

    def test_slots_are_counted(self) -> None:
        some = Slots()
        assert [some.take(2), some.take(2), some.take(2)] == [True, True, False]
        some.release()
        assert [some.take(2), some.take(2)] == [True, False]
