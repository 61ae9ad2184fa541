"""`notifications_due` and the adapter's `notify`; without either nothing is queued."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from talk import signals
from talk.adapters import DefaultAdapter
from talk.constants import NotificationLevel
from talk.domain import notifications as module
from talk.domain.access import Actor
from talk.models import Room
from talk.notifications import Notification
from tests.api.callers import guest
from tests.api.helpers import put_in
from tests.client import TalkClient
from tests.mails import wait_for_mails
from tests.timelines import SAY

MENTION = "mention"


@pytest.fixture
def shared(as_alice: TalkClient, bob: Any) -> str:
    """A public room of Alice's with Bob in it, whose level is "always"."""
    token = as_alice.create_room(type=3)
    put_in(token, bob, notification_level=NotificationLevel.ALWAYS)
    return token


class ListeningAdapter(DefaultAdapter):
    """A site that stores its notifications."""

    kept: list[list[Notification]] = []  # noqa: RUF012 - emptied by `listening`

    def notify(self, notifications):
        self.kept.append(list(notifications))


class FailingAdapter(DefaultAdapter):
    """A site whose `notify` fails."""

    def notify(self, notifications):
        raise RuntimeError("nobody is told")


@pytest.fixture
def listening(settings: Any) -> list[list[Notification]]:
    """The notifications that the site's adapter gets."""
    ListeningAdapter.kept.clear()
    settings.TALK = {"ADAPTER": f"{__name__}.ListeningAdapter"}
    return ListeningAdapter.kept


@contextmanager
def hearing() -> Iterator[list[dict[str, Any]]]:
    """Collect the arguments of the signal."""
    heard: list[dict[str, Any]] = []

    def receive(**arguments: Any) -> None:
        arguments.pop("signal")
        heard.append(arguments)

    signals.notifications_due.connect(receive)
    try:
        yield heard
        wait_for_mails()
    finally:
        signals.notifications_due.disconnect(receive)


@pytest.fixture
def put(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The deliveries that are put into the queue; none is sent."""
    found: list[Any] = []
    monkeypatch.setattr(module.outgoing, "put", found.append)
    return found


@pytest.fixture
def committed(django_capture_on_commit_callbacks: Any) -> Callable[[], Any]:
    """Run the callbacks of the commit."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


@pytest.mark.django_db
class TestNobodyListens:
    """By default."""

    def test_nothing_is_queued(self, as_alice, shared, put, committed):
        with committed():
            as_alice.say(shared, "hi @bob")
        assert put == []

    def test_a_receiver_makes_one_delivery(self, as_alice, shared, put, committed):
        with hearing(), committed():
            as_alice.say(shared, "hi @bob")
            assert put == []
        assert len(put) == 1

    def test_an_adapter_makes_one_delivery(
        self, as_alice, shared, put, committed, listening
    ):
        with committed():
            as_alice.say(shared, "hi @bob")
        assert len(put) == 1

    def test_a_refused_message_queues_nothing(
        self, as_alice, shared, put, committed, listening
    ):
        with committed():
            as_alice.post(f"/chat/{shared}", message="")
        assert put == []

    def test_system_messages_queue_nothing(
        self, as_alice, shared, put, committed, listening
    ):
        with committed():
            as_alice.put(f"/room/{shared}", roomName="@bob")
            as_alice.delete(f"/room/{shared}/participants", participant="bob")
            as_alice.create_room()
        assert put == []

    def test_recipients_are_not_searched(
        self, as_alice, shared, put, committed, monkeypatch, listening, settings
    ):
        settings.TALK = {}

        def fail(**_: Any) -> None:
            raise AssertionError("looked for people to tell")

        monkeypatch.setattr(module, "notifications_for", fail)
        with committed():
            as_alice.say(shared, "hi @bob")
        assert (put, listening) == ([], [])

    def test_the_request_costs_the_same_with_and_without_a_receiver(
        self, as_alice, shared, put, committed, django_assert_num_queries
    ):
        # Login 2, place 1; accounts 1; mentions 1, savepoint 2.
        count = SAY + 7
        with django_assert_num_queries(count), committed():
            as_alice.say(shared, "hi @bob")
        with hearing(), django_assert_num_queries(count), committed():
            as_alice.say(shared, "hi @bob")


@pytest.mark.django_db(transaction=True)
class TestListening:
    """The adapter and the receivers of the signal, off the request's thread."""

    def test_the_adapter_is_called(self, as_alice, shared, listening):
        number = as_alice.say(shared, "hi @bob")
        wait_for_mails()
        ((notification,),) = listening
        assert notification.kind == MENTION
        assert notification.message.pk == number
        assert notification.recipient.get_username() == "bob"

    def test_the_signal_is_sent(self, as_alice, shared, alice):
        with hearing() as heard:
            number = as_alice.say(shared, "hi @bob")
        (news,) = heard
        (notification,) = news.pop("notifications")
        assert (notification.kind, notification.message.pk) == (MENTION, number)
        assert news == {
            "sender": Room,
            "room": Room.objects.get(token=shared),
            "actor": Actor(user=alice),
        }

    def test_a_guest_is_the_actor(self, shared):
        client = guest(shared)
        with hearing() as heard:
            client.say(shared, "hi")
        (news,) = heard
        assert news["actor"].user is None
        assert news["actor"].guest is not None

    def test_a_message_sends_the_signal_once(self, as_alice, shared, carol):
        put_in(shared, carol)
        with hearing() as heard:
            as_alice.say(shared, "hi @bob and @carol")
        (news,) = heard
        assert len(news["notifications"]) == 2

    def test_no_recipient_sends_no_signal(self, as_alice, as_bob, shared, listening):
        as_bob.join(shared)
        with hearing() as heard:
            as_alice.say(shared, "hi")
        assert (heard, listening) == ([], [])

    def test_a_deleted_message_sends_no_signal(
        self, as_alice, shared, monkeypatch, listening
    ):
        kept: list[Any] = []
        monkeypatch.setattr(module.outgoing, "put", kept.append)
        as_alice.say(shared, "hi @bob")
        assert as_alice.delete(f"/room/{shared}").status == 200
        (delivery,) = kept
        delivery.send()
        assert listening == []

    def test_a_failing_adapter_is_logged_and_the_message_stays(
        self, as_alice, shared, settings, caplog
    ):
        settings.TALK = {"ADAPTER": f"{__name__}.FailingAdapter"}
        caplog.set_level(logging.ERROR, logger="talk.outgoing")
        as_alice.say(shared, "hi @bob")
        wait_for_mails()
        assert "nobody is told" in caplog.text
        assert as_alice.history(shared, limit=1).data[0]["message"].startswith("hi")
