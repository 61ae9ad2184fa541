"""Updates for external signaling servers about calls and guests."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from talk.constants import ParticipantType
from talk.domain.cleanup import clean_up
from talk.domain.events import InCallFlagsChanged, record
from talk.models import Participant, Room, Session
from tests.api.helpers import make_pinged_before, put_in
from tests.client import TalkClient
from tests.external_signaling import (
    TALK,
    SignalingServer,
    Told,
    content,
    entry,
    kinds,
    put_in_call,
    teller,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def one_server(settings: Any) -> None:
    """The site has a signaling server."""
    settings.TALK = TALK


@pytest.fixture
def told(monkeypatch: Any, django_capture_on_commit_callbacks: Any) -> Told:
    """Returns the requests to the server that an action causes."""
    return teller(monkeypatch, django_capture_on_commit_callbacks)


def change_flags(room: Room, session_ids: list[str]) -> None:
    """Record that sessions have other in-call flags."""
    record(InCallFlagsChanged(room=room, session_ids=session_ids))


@pytest.fixture
def public(as_alice: TalkClient) -> str:
    """A public room of Alice's, with nobody else in it."""
    return as_alice.create_room(type=3)


@pytest.fixture
def shared(public: str, bob: Any) -> str:
    """A public room of Alice's with Bob in it."""
    put_in(public, bob)
    return public


class TestParticipants:
    """A guest was renamed or removed."""

    def test_a_guest_takes_a_name(self, told, as_alice, as_guest, shared):
        owner, guest = as_alice.join(shared), as_guest.join(shared)
        path = f"/guest/{shared}/name"
        sent = told(partial(as_guest.post, path, displayName="Gwen"))
        assert kinds(sent) == ["participants"]
        away = {
            "inCall": 0,
            "lastPing": 0,
            "sessionId": "0",
            "participantType": ParticipantType.USER,
            "userId": "bob",
        }
        assert content(sent, "participants") == {
            "changed": [entry(guest)],
            "users": [entry(owner), away, entry(guest)],
        }
        assert "userId" not in entry(guest)

    def test_the_same_name_is_no_update(self, told, as_guest, public):
        as_guest.join(public)
        rename = partial(as_guest.post, f"/guest/{public}/name", displayName="Gwen")
        told(rename)
        assert told(rename) == []

    def test_a_name_that_comes_with_a_message(self, told, as_guest, public):
        as_guest.join(public)
        path = f"/chat/{public}"
        say = partial(as_guest.post, path, message="hello", actorDisplayName="Gwen")
        assert kinds(told(say)) == ["message", "participants"]

    def test_a_disconnected_participant_is_listed_with_the_last_ping(
        self, told, as_alice, as_guest, public
    ):
        as_alice.join(public)
        as_alice.leave(public)
        as_guest.join(public)
        path = f"/guest/{public}/name"
        sent = told(partial(as_guest.post, path, displayName="Gwen"))
        seen = Participant.objects.get(user__isnull=False).last_seen
        (owner, _) = content(sent, "participants")["users"]
        assert owner["sessionId"] == "0"
        assert owner["lastPing"] == int(seen.timestamp())


class TestInCall:
    """The sessions in the call and their flags."""

    @pytest.fixture
    def room(self, shared: str) -> Room:
        """The room of Alice and Bob."""
        return Room.objects.get(token=shared)

    def test_the_sessions_in_the_call_are_listed(
        self, told, as_alice, as_bob, as_guest, room
    ):
        owner, guest = as_alice.join(room.token), as_guest.join(room.token)
        other = as_bob.join(room.token)
        put_in_call(guest, flags=1)
        put_in_call(other, flags=3)
        sent = told(lambda: change_flags(room, [other]))
        assert content(sent, "incall") == {
            "incall": 3,
            "changed": [entry(other)],
            "users": [entry(other), entry(guest)],
        }
        assert entry(owner) not in content(sent, "incall")["users"]

    def test_a_session_that_left_the_call_is_listed_as_changed(
        self, told, as_alice, as_bob, room
    ):
        owner, other = as_alice.join(room.token), as_bob.join(room.token)
        put_in_call(owner)
        sent = told(lambda: change_flags(room, [other]))
        assert content(sent, "incall") == {
            "incall": 0,
            "changed": [entry(other, inCall=0)],
            "users": [entry(owner)],
        }

    def test_sessions_with_an_old_ping_are_listed(self, told, as_alice, room):
        owner = as_alice.join(room.token)
        put_in_call(owner)
        make_pinged_before(room.token, seconds=90)
        sent = told(lambda: change_flags(room, [owner]))
        assert content(sent, "incall")["users"] == [entry(owner)]

    def test_no_session_is_no_update(self, told, room):
        assert told(lambda: change_flags(room, [])) == []

    def test_joining_and_changing_flags(self, told, as_alice, room):
        owner, path = as_alice.join(room.token), f"/call/{room.token}"
        sent = told(partial(as_alice.post, path, flags=3))
        assert kinds(sent) == ["message", "incall"]
        assert content(sent, "incall") == {
            "incall": 3,
            "changed": [entry(owner)],
            "users": [entry(owner)],
        }
        sent = told(partial(as_alice.post, path, flags=1))
        assert kinds(sent) == ["incall"]
        assert content(sent, "incall")["incall"] == 1

    def test_leaving_the_call_and_ending_it(self, told, as_alice, as_bob, room):
        owner, other = as_alice.join(room.token), as_bob.join(room.token)
        path = f"/call/{room.token}"
        as_alice.post(path)
        as_bob.post(path)
        sent = told(partial(as_alice.delete, path))
        assert kinds(sent) == ["incall", "message"]
        assert content(sent, "incall") == {
            "incall": 0,
            "changed": [entry(owner, inCall=0)],
            "users": [entry(other)],
        }
        sent = told(partial(as_bob.delete, path))
        assert kinds(sent) == ["incall", "message", "message"]
        assert content(sent, "incall")["users"] == []

    def test_leaving_a_call_without_being_in_it_is_no_update(
        self, told, as_alice, room
    ):
        as_alice.join(room.token)
        assert told(partial(as_alice.delete, f"/call/{room.token}")) == []

    def test_a_caller_who_is_removed(self, told, as_alice, as_bob, as_guest, room):
        as_alice.join(room.token)
        as_bob.join(room.token)
        as_guest.join(room.token)
        for client in (as_alice, as_bob):
            client.post(f"/call/{room.token}")
        as_alice.delete(f"/call/{room.token}")
        path = f"/room/{room.token}/participants"
        sent = told(partial(as_alice.delete, path, participant="bob"))
        # The call has ended with the last one in it.
        assert kinds(sent) == ["disinvite", "message", "message"]

    @pytest.mark.parametrize("how", ["leave", "rejoin", "report", "clean up"])
    def test_a_session_in_the_call_that_ends(self, told, as_alice, as_bob, room, how):
        owner, other = as_alice.join(room.token), as_bob.join(room.token)
        put_in_call(owner, other)
        if how == "clean up":
            Session.objects.filter(session_id=other).update(
                last_ping=timezone.now() - timedelta(seconds=1000)
            )
        ended = entry(other, inCall=0)
        act = {
            "leave": lambda: as_bob.leave(room.token),
            "rejoin": lambda: as_bob.join(room.token),
            "report": lambda: SignalingServer().leave(room.token, "bob", other),
            "clean up": lambda: clean_up(now=timezone.now()),
        }[how]
        sent = told(act)
        assert kinds(sent) == ["incall"]
        assert content(sent, "incall") == {
            "incall": 0,
            "changed": [ended],
            "users": [entry(owner)],
        }

    def test_a_guest_in_the_call_who_joins_again(
        self, told, as_alice, as_guest, public
    ):
        owner, guest = as_alice.join(public), as_guest.join(public)
        put_in_call(owner, guest)
        ended = entry(guest, inCall=0)
        sent = told(lambda: as_guest.join(public))
        assert kinds(sent) == ["incall", "participants"]
        assert content(sent, "incall")["changed"] == [ended]

    def test_the_call_ends_with_the_last_one(self, told, as_bob, room):
        put_in_call(as_bob.join(room.token))
        sent = told(lambda: as_bob.leave(room.token))
        assert content(sent, "incall")["users"] == []
