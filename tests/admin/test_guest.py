"""Guests in the admin: other names for them."""

from __future__ import annotations

import pytest

from talk.models import Guest
from tests.admin.helpers import cost, list_url, listed, page_url, shown
from tests.factories import GuestFactory, ParticipantFactory

pytestmark = pytest.mark.django_db

LIST_QUERIES = 5
"""Login, user, count, page; the rooms they are in."""


@pytest.fixture
def gwen(guest):
    """The row of the guest who is in the room."""
    return Guest.objects.get()


def rename(client, row, name):
    return client.post(page_url(row), {"display_name": name})


def test_a_name_is_seen_in_the_room(chief, room, guest, gwen, as_alice):
    guest.say(room.token, "hi")
    assert rename(chief, gwen, "Somebody").status_code == 302
    (message,) = as_alice.history(room.token, limit=1).data
    assert message["actorDisplayName"] == "Somebody"


def test_a_name_can_be_taken_away(chief, room, guest, gwen, as_alice):
    guest.say(room.token, "hi")
    rename(chief, gwen, "")
    (message,) = as_alice.history(room.token, limit=1).data
    assert message["actorDisplayName"] == ""


def test_who_has_left_is_renamed_as_well(chief, room, guest, gwen, as_alice):
    guest.say(room.token, "hi")
    guest.leave(room.token)
    assert rename(chief, gwen, "Somebody").status_code == 302
    (message,) = as_alice.history(room.token, limit=1).data
    assert message["actorDisplayName"] == "Somebody"


def test_a_name_that_is_too_long_is_refused(chief, gwen):
    assert rename(chief, gwen, "a" * 65).status_code == 200
    gwen.refresh_from_db()
    assert gwen.display_name == "Gwen"


def test_found_by_actor_id(chief, gwen):
    GuestFactory()
    assert listed(chief, list_url(Guest, q=gwen.actor_id)) == [gwen.pk]


def test_leads_to_the_room(chief, room, gwen):
    assert page_url(room) in shown(chief, page_url(gwen))


def test_who_is_in_no_room_leads_nowhere(chief):
    assert "–" in shown(chief, page_url(GuestFactory(display_name="Gone")))


def test_nobody_deletes_guests(chief, gwen):
    assert chief.post(page_url(gwen, "delete"), {"post": "yes"}).status_code == 403
    assert Guest.objects.exists()


@pytest.mark.parametrize("guests", [1, 30])
def test_costs_the_same_for_many(chief, guests):
    for _ in range(guests):
        ParticipantFactory(user=None, guest=GuestFactory(), type=4)
    assert cost(chief, list_url(Guest)) == LIST_QUERIES
