"""Guests in the admin: the list, and changing their names."""

from __future__ import annotations

import pytest

from talk.models import Guest
from tests.admin.helpers import cost, list_url, listed, page_url, shown
from tests.factories import GuestFactory, ParticipantFactory

pytestmark = pytest.mark.django_db

LIST_QUERIES = 5
"""Session, user, count and rows; the rooms of the guests."""


@pytest.fixture
def gwen(guest):
    """Return the guest who is in the room."""
    return Guest.objects.get()


def rename(client, row, name):
    return client.post(page_url(row), {"display_name": name})


def test_a_new_name_is_shown_in_the_room(chief, room, guest, gwen, as_alice):
    guest.say(room.token, "hi")
    assert rename(chief, gwen, "Somebody").status_code == 302
    (message,) = as_alice.history(room.token, limit=1).data
    assert message["actorDisplayName"] == "Somebody"


def test_a_name_can_be_removed(chief, room, guest, gwen, as_alice):
    guest.say(room.token, "hi")
    rename(chief, gwen, "")
    (message,) = as_alice.history(room.token, limit=1).data
    assert message["actorDisplayName"] == ""


def test_a_guest_who_has_left_can_be_renamed(chief, room, guest, gwen, as_alice):
    guest.say(room.token, "hi")
    guest.leave(room.token)
    assert rename(chief, gwen, "Somebody").status_code == 302
    (message,) = as_alice.history(room.token, limit=1).data
    assert message["actorDisplayName"] == "Somebody"


def test_a_name_that_is_too_long_is_refused(chief, gwen):
    assert rename(chief, gwen, "a" * 65).status_code == 200
    gwen.refresh_from_db()
    assert gwen.display_name == "Gwen"


def test_a_guest_is_found_by_actor_id(chief, gwen):
    GuestFactory()
    assert listed(chief, list_url(Guest, q=gwen.actor_id)) == [gwen.pk]


def test_the_page_links_to_the_room(chief, room, gwen):
    assert page_url(room) in shown(chief, page_url(gwen))


def test_the_page_of_a_guest_without_a_room_links_to_none(chief):
    assert "–" in shown(chief, page_url(GuestFactory(display_name="Gone")))


def test_a_superuser_cannot_delete_a_guest(chief, gwen):
    assert chief.post(page_url(gwen, "delete"), {"post": "yes"}).status_code == 403
    assert Guest.objects.exists()


@pytest.mark.parametrize("guests", [1, 30])
def test_the_list_costs_the_same_for_many_guests(chief, guests):
    for _ in range(guests):
        ParticipantFactory(user=None, guest=GuestFactory(), type=4)
    assert cost(chief, list_url(Guest)) == LIST_QUERIES
