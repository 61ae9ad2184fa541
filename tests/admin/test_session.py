"""Sessions in the admin: the list, the page and disconnecting."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from talk.constants import InCall
from talk.models import Participant, Session
from tests.admin.helpers import act, cost, list_url, listed, page_url, shown, told
from tests.factories import SessionFactory

pytestmark = pytest.mark.django_db

LIST_QUERIES = 4
"""Session, user, count and rows."""


def test_the_list_can_be_limited_to_a_room(chief, room, guest):
    SessionFactory()
    (session,) = Session.objects.filter(room=room)
    assert listed(chief, list_url(Session, room=room.token)) == [session.pk]


def test_sessions_are_filtered_by_state(chief):
    live = SessionFactory()
    gone = SessionFactory(last_ping=timezone.now() - timedelta(minutes=5))
    assert listed(chief, list_url(Session, live=1)) == [live.pk]
    assert listed(chief, list_url(Session, live=0)) == [gone.pk]


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (InCall.IN_CALL, "yes"),
        (InCall.IN_CALL | InCall.WITH_AUDIO, "with audio"),
        (InCall.IN_CALL | InCall.WITH_AUDIO | InCall.WITH_VIDEO, "with video"),
    ],
)
def test_the_page_shows_the_in_call_flags(chief, flags, words):
    session = SessionFactory(in_call=flags)
    assert words in shown(chief, page_url(session))


def test_deleting_a_session_disconnects_a_user(chief, room, as_alice):
    as_alice.join(room.token)
    session = Session.objects.get()
    assert "Alice Adams (alice) in Square" in shown(chief, page_url(session, "delete"))
    chief.post(page_url(session, "delete"), {"post": "yes"})
    assert as_alice.room(room.token)["sessionId"] == "0"
    assert as_alice.room(room.token)["lastPing"] > 0


def test_deleting_several_sessions_disconnects_them(chief, room, as_alice, guest):
    as_alice.join(room.token)
    rows = list(Session.objects.all())
    reports = told(chief, act(chief, rows, "delete_selected", post="yes"))
    assert reports == ["Successfully deleted 2 sessions."]
    assert not Session.objects.exists()
    assert Participant.objects.filter(room=room).count() == 1


@pytest.mark.parametrize("sessions", [1, 30])
def test_the_list_costs_the_same_for_many_sessions(chief, sessions):
    for _ in range(sessions):
        SessionFactory()
    assert cost(chief, list_url(Session)) == LIST_QUERIES
