"""Rooms are rendered without queries."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from talk.adapters import DefaultAdapter
from talk.constants import ParticipantType, RoomType
from talk.domain import room_creation, room_details
from talk.domain.access import Identity, find_caller
from talk.rendering.rooms import render_preview, render_room, render_rooms
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
    room = room_creation.get_or_create_one_to_one(
        user=alice, invite="bob", now=NOW
    ).room
    room.type, room.pair_key = 3, None
    room.save()
    for participant in room.participants.all():
        SessionFactory(participant=participant, last_ping=NOW)
    guest = ParticipantFactory(
        room=room, user=None, guest=GuestFactory(), type=ParticipantType.GUEST
    )
    SessionFactory(participant=guest, device="guest", last_ping=NOW)
    return room.token


@pytest.mark.parametrize("kind", ["user", "guest"])
def test_a_room_is_rendered_without_queries(
    alice, token, kind, django_assert_num_queries
):
    user, device = (alice, None) if kind == "user" else (None, "guest")
    caller = find_caller(identity=Identity(user=user, device=device), token=token)
    state = room_details.describe_room(caller=caller, now=NOW)
    with django_assert_num_queries(0):
        render_room(state, now=NOW)


def test_a_list_of_rooms_is_rendered_without_queries(
    alice, token, django_assert_num_queries
):
    states = room_details.list_rooms(user=alice, device=None, now=NOW)
    with django_assert_num_queries(0):
        rendered = [render_room(state, now=NOW) for state in states]
    assert len(rendered) == 1


def test_a_display_name_is_rendered_without_queries(
    alice, token, django_assert_num_queries
):
    (state,) = room_details.list_rooms(user=alice, device=None, now=NOW)
    with django_assert_num_queries(0):
        assert render_room(state, now=NOW)["displayName"] == "Bob Brown, 1 guest"


def test_a_preview_is_rendered_without_queries(django_assert_num_queries):
    preview = room_details.preview_room(room=RoomFactory(), now=NOW)
    with django_assert_num_queries(0):
        render_preview(preview)


def test_the_adapter_is_asked_once_for_a_user_in_many_rooms(alice, bob, monkeypatch):
    for _ in range(3):
        room = room_creation.create_room(
            user=alice, type=RoomType.GROUP, name="", now=NOW
        )
        ParticipantFactory(room=room, user=bob)
    states = room_details.list_rooms(user=alice, device=None, now=NOW)
    asked_users = []

    def display_name(adapter, user):
        asked_users.append(user)
        return user.first_name

    monkeypatch.setattr(DefaultAdapter, "display_name", display_name)
    rendered = render_rooms([replace(s, last_message=None) for s in states], now=NOW)
    assert [room["displayName"] for room in rendered] == ["Bob"] * 3
    assert sorted(user.first_name for user in asked_users) == ["Alice", "Bob"]
