"""Rendering rooms: from what was gathered, without looking again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from talk.constants import ParticipantType
from talk.domain import room_states, rooms
from talk.domain.access import Asker, find_caller
from talk.rendering.rooms import render_preview, render_room
from tests.factories import (
    GuestFactory,
    ParticipantFactory,
    RoomFactory,
    SessionFactory,
)

pytestmark = pytest.mark.django_db

NOW = datetime(2025, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def token(alice, bob):
    """Return the token of a room with users and a guest, all connected."""
    room = rooms.get_or_create_one_to_one(user=alice, invite="bob", now=NOW).room
    room.type, room.pair_key = 3, None
    room.save()
    for place in room.participants.all():
        SessionFactory(participant=place, last_ping=NOW)
    guest = ParticipantFactory(
        room=room, user=None, guest=GuestFactory(), type=ParticipantType.GUEST
    )
    SessionFactory(participant=guest, device="guest", last_ping=NOW)
    return room.token


@pytest.mark.parametrize("who", ["user", "guest"])
def test_a_room_is_rendered_without_queries(
    alice, token, who, django_assert_num_queries
):
    user, device = (alice, None) if who == "user" else (None, "guest")
    caller = find_caller(asker=Asker(user=user, device=device), token=token)
    state = room_states.describe_room(caller=caller, now=NOW)
    with django_assert_num_queries(0):
        render_room(state, now=NOW)


def test_a_list_of_rooms_is_rendered_without_queries(
    alice, token, django_assert_num_queries
):
    states = room_states.list_rooms(user=alice, device=None, now=NOW)
    with django_assert_num_queries(0):
        rendered = [render_room(state, now=NOW) for state in states]
    assert len(rendered) == 1


def test_a_display_name_is_rendered_without_queries(
    alice, token, django_assert_num_queries
):
    (state,) = room_states.list_rooms(user=alice, device=None, now=NOW)
    with django_assert_num_queries(0):
        assert render_room(state, now=NOW)["displayName"] == "Bob Brown, 1 guest"


def test_a_preview_is_rendered_without_queries(django_assert_num_queries):
    preview = room_states.preview_room(room=RoomFactory(), now=NOW)
    with django_assert_num_queries(0):
        render_preview(preview)
