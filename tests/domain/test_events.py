"""Events reach their consumers after the commit, one consumer after the other."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from talk import hints, signals
from talk.adapters import DefaultAdapter
from talk.constants import ParticipantType
from talk.domain import events, notifications, signaling_external
from talk.domain.access import Caller
from talk.domain.messages import post_message
from talk.domain.participant_invitations import invite_by_email
from talk.domain.room_changes import rename_room
from talk.domain.signaling_external import ServerUpdate
from talk.hints import Hint
from talk.models import Room, transaction_block
from tests.external_signaling import TALK
from tests.factories import ParticipantFactory

pytestmark = pytest.mark.django_db(transaction=True)

Calls = list[tuple[str, str]]
"""Consumers with the event that they were called for, in order."""

HANDLED = ["hand over", "hints", "update", "mail", "signals", "notify"]
"""The calls for one event, in order."""


class Refused(Exception):
    """Another part of the transaction fails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted(events.Event):
    """An event that concerns every consumer; it notes when they are called."""

    name: str
    calls: Calls
    fails_at: str = ""

    def hand_over(self) -> None:
        self._call("hand over")

    def hints(self) -> list[Hint]:
        self._call("hints")
        return []

    def server_updates(self) -> list[ServerUpdate]:
        def update() -> list[Any]:
            self._call("update")
            return []

        return [ServerUpdate(token="t", make_requests=update)]

    def send_mail(self) -> None:
        self._call("mail")

    def send_signals(self) -> None:
        self._call("signals")

    def notify(self) -> None:
        self._call("notify")

    def _call(self, consumer: str) -> None:
        self.calls.append((consumer, self.name))
        if consumer == self.fails_at:
            raise RuntimeError(f"{consumer} is broken")


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Calls:
    """Every call of a consumer; there is a signaling server, which is told at once."""
    settings.TALK = TALK

    def make(*, token: str, make: Callable[[], Any]) -> None:
        make()

    monkeypatch.setattr(signaling_external, "queue_requests", make)
    return []


@pytest.fixture
def record(calls: Calls) -> Callable[..., None]:
    """Record an event with a name."""

    def record(name: str, **options: Any) -> None:
        events.record(Noted(name=name, calls=calls, **options))

    return record


@contextmanager
def undone(begin: Any = transaction.atomic) -> Iterator[None]:
    """Roll back what the block does."""
    with suppress(Refused), begin():
        yield
        raise Refused


def by_consumer(*names: str) -> Calls:
    """Return the calls of all consumers for these events, in the right order."""
    return [(consumer, name) for consumer in HANDLED for name in names]


class TestOrder:
    """Every consumer gets all events before the next one gets any."""

    def test_of_one_event(self, record: Any, calls: Calls) -> None:
        with transaction_block():
            record("a")
            assert calls == []
        assert [consumer for consumer, _ in calls[:2]] == HANDLED[:2]
        assert calls == by_consumer("a")

    def test_of_several_events(self, record: Any, calls: Calls) -> None:
        with transaction_block():
            record("a")
            record("b")
            record("c")
        assert sorted(calls) == sorted(by_consumer("a", "b", "c"))
        consumers = [consumer for consumer, _ in groupby(calls, lambda call: call[0])]
        assert consumers[:2] == ["hand over", "hints"]
        assert consumers[-2:] == ["signals", "notify"]
        assert set(consumers[2:-2]) == {"update", "mail"}

    def test_of_events_in_savepoints(self, record: Any, calls: Calls) -> None:
        with transaction_block():
            record("a")
            with transaction_block():
                record("b")
            with transaction.atomic(), transaction_block():
                record("c")
        assert [name for consumer, name in calls if consumer == "signals"] == [
            "a",
            "b",
            "c",
        ]
        first_signal = calls.index(("signals", "a"))
        assert {consumer for consumer, _ in calls[first_signal:]} == {
            "signals",
            "notify",
        }

    def test_in_a_transaction_of_the_site_it_holds_for_each_function(
        self, record: Any, calls: Calls
    ) -> None:
        with transaction.atomic():
            for name in ("a", "b"):
                with transaction_block():
                    record(name)
            assert calls == []
        assert calls == [*by_consumer("a"), *by_consumer("b")]

    def test_without_a_transaction_everything_happens_at_once(
        self, record: Any, calls: Calls
    ) -> None:
        record("a")
        assert calls == by_consumer("a")


class TestRollback:
    """Nobody is told of a change that was rolled back."""

    def test_of_a_whole_transaction(self, record: Any, calls: Calls) -> None:
        with undone(transaction_block):
            record("a")
        assert calls == []

    def test_of_a_transaction_of_the_site(self, record: Any, calls: Calls) -> None:
        with undone(), transaction_block():
            record("a")
        assert calls == []

    @pytest.mark.parametrize("begin", [transaction.atomic, transaction_block])
    def test_of_a_savepoint(self, record: Any, calls: Calls, begin: Any) -> None:
        with transaction_block():
            record("a")
            with undone(begin), transaction_block():
                record("b")
            record("c")
        assert {name for _, name in calls} == {"a", "c"}

    def test_of_a_savepoint_of_the_site(self, record: Any, calls: Calls) -> None:
        with transaction.atomic():
            with undone(), transaction_block():
                record("a")
            with transaction_block():
                record("b")
        assert calls == by_consumer("b")

    def test_the_next_transaction_tells_only_its_own_events(
        self, record: Any, calls: Calls
    ) -> None:
        with undone(transaction_block):
            record("a")
        with transaction_block():
            record("b")
        assert calls == by_consumer("b")


class TestFailures:
    """A consumer that fails is logged and harms no other."""

    @pytest.mark.parametrize("consumer", HANDLED)
    def test_all_others_are_called(
        self, record: Any, calls: Calls, caplog: Any, consumer: str
    ) -> None:
        with caplog.at_level(logging.ERROR), transaction_block():
            record("a", fails_at=consumer)
        assert calls == by_consumer("a")
        assert f"{consumer} is broken" in caplog.text

    @pytest.mark.parametrize("consumer", sorted({*HANDLED} - {"hints"}))
    def test_the_next_event_is_handled(
        self, record: Any, calls: Calls, caplog: Any, consumer: str
    ) -> None:
        with caplog.at_level(logging.ERROR), transaction_block():
            record("a", fails_at=consumer)
            record("b")
        assert sorted(calls) == sorted(by_consumer("a", "b"))

    def test_a_comment_listener_that_fails_harms_no_other(
        self, posting: Caller, caplog: Any
    ) -> None:
        heard: list[int] = []

        def fail(*_: Any) -> None:
            raise RuntimeError("the listener is broken")

        def listen(message: Any, _: Any) -> None:
            heard.append(message.pk)

        listeners = [fail, listen, lambda *_: fail()]
        for listener in listeners:
            events.add_comment_listener(listener)
        try:
            with caplog.at_level(logging.ERROR):
                pk = post(posting)
        finally:
            for listener in listeners:
                events.remove_comment_listener(listener)
        assert heard == [pk]
        assert "the listener is broken" in caplog.text


class NotifyingAdapter(DefaultAdapter):
    """A site that wants to be notified."""

    def notify(self, notifications: Any) -> None:
        """Never called, because nothing leaves the queue."""


@pytest.fixture
def posting(alice: Any) -> Caller:
    """The owner of a public room."""
    owner = ParticipantFactory(user=alice, type=ParticipantType.OWNER)
    return Caller(user=alice, device=None, room=owner.room, participant=owner)


def post(caller: Caller) -> int:
    """Post a comment; return its id."""
    page = post_message(caller=caller, text="hello", now=timezone.now())
    return page.messages[0].pk


def invite(caller: Caller) -> None:
    """Invite an address to the caller's room."""
    address, url = "guest@example.org", "https://example.org/call"
    invite_by_email(caller=caller, address=address, url=url, now=timezone.now())


def rename(caller: Caller) -> None:
    """Rename the caller's room."""
    rename_room(caller=caller, name="New", now=timezone.now())


class TestConsumers:
    """The consumers of the events that functions of the domain record."""

    @pytest.fixture
    def told(
        self, posting: Caller, monkeypatch: pytest.MonkeyPatch, settings: Any
    ) -> Iterator[list[str]]:
        """The consumers that were told of something, in order."""
        told: list[str] = []

        def tell(consumer: str, *_: Any, **__: Any) -> None:
            told.append(consumer)

        settings.TALK = {**TALK, "ADAPTER": f"{__name__}.NotifyingAdapter"}
        monkeypatch.setattr(
            signaling_external, "queue_requests", partial(tell, "server")
        )
        monkeypatch.setattr(events, "send_invitation", partial(tell, "mail"))
        monkeypatch.setattr(
            notifications.outgoing, "put", partial(tell, "notifications")
        )
        hand_over, publish = partial(tell, "cache"), partial(tell, "hubs")
        receive = partial(tell, "receiver")
        used = (signals.message_posted, signals.email_invited, signals.room_renamed)
        events.add_comment_listener(hand_over)
        hints.add_listener(publish)
        for signal in used:
            signal.connect(receive)
        yield told
        for signal in used:
            signal.disconnect(receive)
        hints.remove_listener(publish)
        events.remove_comment_listener(hand_over)

    def test_of_a_comment(self, told: list[str], posting: Caller) -> None:
        post(posting)
        assert told == ["cache", "hubs", "server", "receiver", "notifications"]

    def test_of_a_new_name(self, told: list[str], posting: Caller) -> None:
        rename(posting)
        # The server is told of the room and of the system message.
        assert told == ["hubs", "server", "server", "receiver"]

    def test_of_an_invitation(self, told: list[str], posting: Caller) -> None:
        invite(posting)
        assert told == ["mail", "receiver"]

    def test_of_all_of_it_in_one_transaction(
        self, told: list[str], posting: Caller
    ) -> None:
        with transaction_block():
            rename(posting)
            invite(posting)
            post(posting)
            assert told == []
        assert told == [
            "cache",
            "hubs",
            "server",
            "server",
            "mail",
            "server",
            "receiver",
            "receiver",
            "receiver",
            "notifications",
        ]

    def test_no_consumer_gets_a_rolled_back_event(
        self, told: list[str], posting: Caller
    ) -> None:
        with transaction_block():
            with undone():
                rename(posting)
                invite(posting)
                post(posting)
            told_before = list(told)
        assert (told_before, told) == ([], [])
        assert not Room.objects.filter(name="New").exists()

    def test_a_receiver_may_change_the_room_again(
        self, told: list[str], posting: Caller
    ) -> None:
        def answer(**_: Any) -> None:
            signals.message_posted.disconnect(answer)
            post(posting)

        signals.message_posted.connect(answer)
        try:
            post(posting)
        finally:
            signals.message_posted.disconnect(answer)
        assert sorted(told) == sorted(
            2 * ["cache", "hubs", "server", "receiver", "notifications"]
        )
