"""Internal signaling: messages are taken with a response and deleted when it was sent."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from talk import hints
from talk.domain import signaling_internal
from talk.exceptions import NotFound
from talk.hints import Hint, HintKind
from talk.models import Participant, Room, Session, SignalingMessage
from tests.factories import ParticipantFactory, RoomFactory, SessionFactory
from tests.threads import at_once

NOW = timezone.now()
MESSAGES = 20


@pytest.fixture
def session(db: None) -> Session:
    """A session that has seen who is connected."""
    return SessionFactory(last_ping=NOW)


def queue(session: Session, *texts: str) -> list[int]:
    """Queue messages for a session; return their keys."""
    return [
        SignalingMessage.objects.create(
            recipient=session, sender_session_id="S", text=text, created_at=NOW
        ).pk
        for text in texts
    ]


def take(session: Session, seconds: float = 0) -> list[str] | None:
    """Return the texts that `take_update` takes; None for nothing new."""
    now = NOW + timedelta(seconds=seconds)
    update = signaling_internal.take_update(session_pk=session.pk, now=now)
    return None if update is None else [message.text for message in update.messages]


@pytest.mark.django_db
class TestTakeUpdate:
    """`take_update`."""

    def test_nothing_new_costs_one_query(
        self, session: Session, django_assert_num_queries: Any
    ) -> None:
        with django_assert_num_queries(1):
            assert take(session) is None

    def test_messages_come_in_the_order_they_were_sent(self, session: Session) -> None:
        queue(session, "a", "b", "c")
        assert take(session) == ["a", "b", "c"]

    def test_a_taken_message_is_not_taken_again(self, session: Session) -> None:
        queue(session, "a")
        take(session)
        assert take(session) is None

    def test_messages_of_a_response_that_was_never_finished_are_taken_again(
        self, session: Session
    ) -> None:
        queue(session, "a")
        take(session)
        assert take(session, signaling_internal.TAKEN_SECONDS) is None
        assert take(session, signaling_internal.TAKEN_SECONDS + 1) == ["a"]

    def test_messages_to_other_sessions_are_not_taken(self, session: Session) -> None:
        queue(SessionFactory(participant=session.participant), "a")
        assert take(session) is None

    def test_a_change_of_presence_is_new_once(self, session: Session) -> None:
        Room.objects.update(presence_version=1)
        assert take(session) == []
        assert take(session) is None

    def test_one_response_has_a_limit_and_the_next_has_the_rest(
        self, session: Session, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(signaling_internal, "MESSAGES_MAX", 2)
        queue(session, "a", "b", "c")
        assert take(session) == ["a", "b"]
        assert take(session) == ["c"]

    def test_a_session_that_has_ended_is_not_found(self, session: Session) -> None:
        number = session.pk
        session.delete()
        with pytest.raises(NotFound):
            signaling_internal.take_update(session_pk=number, now=NOW)

    @pytest.mark.parametrize(("seconds", "is_there"), [(99, True), (100, False)])
    def test_a_session_without_a_ping_for_100_seconds_is_not_connected(
        self, session: Session, seconds: int, is_there: bool
    ) -> None:
        now = NOW + timedelta(seconds=seconds)
        found = signaling_internal.connected_sessions(room_id=session.room_id, now=now)
        assert found == ([session] if is_there else [])


@pytest.mark.django_db
class TestSent:
    """`delete_sent_messages` and `requeue_messages`."""

    def test_sent_messages_are_deleted(self, session: Session) -> None:
        queue(session, "a")
        update = signaling_internal.take_update(session_pk=session.pk, now=NOW)
        later = queue(session, "b")
        assert update is not None
        signaling_internal.delete_sent_messages(update=update)
        assert list(SignalingMessage.objects.values_list("pk", flat=True)) == later

    def test_unsent_messages_are_queued_again_in_their_order(
        self, session: Session
    ) -> None:
        queue(session, "a", "b")
        update = signaling_internal.take_update(session_pk=session.pk, now=NOW)
        queue(session, "c")
        assert update is not None
        signaling_internal.requeue_messages(update=update)
        assert take(session) == ["a", "b", "c"]

    def test_a_poll_that_waits_meanwhile_is_woken(
        self,
        session: Session,
        django_capture_on_commit_callbacks: Any,
    ) -> None:
        queue(session, "a")
        update = signaling_internal.take_update(session_pk=session.pk, now=NOW)
        assert update is not None
        published: list[Hint] = []
        hints.add_listener(published.extend)
        try:
            with django_capture_on_commit_callbacks(execute=True):
                signaling_internal.requeue_messages(update=update)
        finally:
            hints.remove_listener(published.extend)
        assert Hint(session.room_id, 0, HintKind.SIGNALING, session.pk) in published

    def test_an_unsent_change_of_presence_is_new_again(self, session: Session) -> None:
        Room.objects.update(presence_version=1)
        update = signaling_internal.take_update(session_pk=session.pk, now=NOW)
        assert update is not None
        signaling_internal.requeue_messages(update=update)
        assert take(session) == []

    def test_messages_of_a_session_that_has_ended_are_ignored(
        self, session: Session
    ) -> None:
        queue(session, "a")
        update = signaling_internal.take_update(session_pk=session.pk, now=NOW)
        assert update is not None
        Participant.objects.all().delete()
        signaling_internal.requeue_messages(update=update)
        signaling_internal.delete_sent_messages(update=update)
        assert not SignalingMessage.objects.exists()


@pytest.mark.django_db
class TestParse:
    """`parse_messages`."""

    def element(self, **changes: Any) -> dict[str, Any]:
        payload = json.dumps({"to": "T", "type": "offer", "from": "somebody else"})
        return {"ev": "message", "sessionId": "S", "fn": payload, **changes}

    def test_the_sender_is_written_into_it(self) -> None:
        (message,) = signaling_internal.parse_messages([self.element()], session_id="S")
        assert message.recipient == "T"
        assert json.loads(message.text)["from"] == "S"

    def test_json_text_is_decoded(self) -> None:
        text = json.dumps([self.element()])
        assert len(signaling_internal.parse_messages(text, session_id="S")) == 1

    @pytest.mark.parametrize(
        "changes",
        [
            {"ev": "connect"},
            {"sessionId": "another"},
            {"fn": {"to": "T"}},
            {"fn": "no JSON"},
            {"fn": "[]"},
            {"fn": "{}"},
            {"fn": '{"to": 7}'},
            {"fn": '{"to": "T", "value": NaN}'},
            {"fn": "[" * 100_000},
        ],
    )
    def test_invalid_messages_are_left_out(self, changes: dict[str, Any]) -> None:
        good = self.element()
        messages = [self.element(**changes), good, "nonsense", None]
        assert len(signaling_internal.parse_messages(messages, session_id="S")) == 1


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    """Two concurrent polls of one session."""

    def test_each_message_is_taken_once(self) -> None:
        participant = ParticipantFactory(room=RoomFactory())
        session = SessionFactory(participant=participant, last_ping=NOW)
        texts = [f"{number}" for number in range(MESSAGES)]
        queue(session, *texts)
        taken = at_once(*[lambda: take(session) or []] * 4)
        assert sorted((text for some in taken for text in some), key=int) == texts
