"""The list of rooms: its columns, search, filters and queries."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.utils import timezone

from talk.constants import InCall, ParticipantType, RoomType
from talk.models import Message, Room
from tests.admin.helpers import cost, list_url, listed, offered, shown
from tests.factories import (
    GuestFactory,
    ParticipantFactory,
    RoomFactory,
    SessionFactory,
)
from tests.timelines import write

pytestmark = pytest.mark.django_db

LIST_QUERIES = 10
"""Session, user, count and rows; participants, live sessions, callers, pairs; the range
of dates and the dates in it."""


def fill(room: Room, users: int) -> None:
    """Add users who are in the call, and a connected guest, to the room."""
    for _ in range(users):
        participant = ParticipantFactory(room=room)
        SessionFactory(participant=participant, in_call=InCall.IN_CALL)
    participant = ParticipantFactory(
        room=room, user=None, guest=GuestFactory(), type=ParticipantType.GUEST
    )
    SessionFactory(participant=participant)


class TestColumns:
    def cells(self, client: Any, room: Room) -> dict[str, Any]:
        changelist = client.get(list_url(Room)).context["cl"]
        (row,) = [found for found in changelist.result_list if found.pk == room.pk]
        names = ("title", "kind", "participants", "connected", "call")
        return {name: getattr(changelist.model_admin, name)(row) for name in names}

    def test_participants_and_sessions_are_counted(self, chief, room):
        fill(room, 2)
        Room.objects.filter(pk=room.pk).update(active_since=timezone.now())
        assert self.cells(chief, room) == {
            "title": "Square",
            "kind": "public",
            "participants": 4,
            "connected": 3,
            "call": "2 in it",
        }

    def test_a_participant_who_stopped_pinging_is_not_connected(self, chief, room):
        participant = ParticipantFactory(room=room)
        SessionFactory(
            participant=participant, last_ping=timezone.now() - timedelta(seconds=100)
        )
        assert self.cells(chief, room)["connected"] == 0

    def test_a_user_with_two_devices_counts_once_in_the_call(self, chief, room):
        participant = ParticipantFactory(room=room)
        for _ in range(2):
            SessionFactory(participant=participant, in_call=InCall.IN_CALL)
        Room.objects.filter(pk=room.pk).update(active_since=timezone.now())
        assert self.cells(chief, room)["call"] == "1 in it"

    def test_a_one_to_one_room_is_titled_with_both_names(self, chief, as_alice, bob):
        room = Room.objects.get(token=as_alice.create_room(type=1, invite="bob"))
        assert self.cells(chief, room)["title"] == "Alice Adams – Bob Brown"

    def test_a_room_without_a_name_is_titled_with_its_token(self, chief):
        room = RoomFactory(name="")
        assert self.cells(chief, room)["title"] == room.token

    def test_a_password_is_shown_in_the_kind(self, chief):
        room = RoomFactory(password=make_password("x"))
        assert self.cells(chief, room)["kind"] == "public, password"

    def test_the_latest_activity_comes_first(self, chief):
        now = timezone.now()
        rooms = [RoomFactory(last_activity=now - timedelta(days=n)) for n in (2, 0, 1)]
        expected = [rooms[1].pk, rooms[2].pk, rooms[0].pk]
        assert listed(chief, list_url(Room)) == expected

    def test_names_are_escaped(self, chief):
        RoomFactory(name="<b>bold</b>")
        assert "&lt;b&gt;bold&lt;/b&gt;" in shown(chief, list_url(Room))


class TestSearch:
    @pytest.mark.parametrize("term", ["Town", "town", "Town+square", "town+square"])
    def test_the_beginning_of_a_name_is_found(self, chief, term):
        room = RoomFactory(name="Town square")
        RoomFactory(name="My Town")
        assert listed(chief, list_url(Room, q=term)) == [room.pk]

    def test_a_token_is_found(self, chief):
        room = RoomFactory()
        RoomFactory()
        assert listed(chief, list_url(Room, q=room.token)) == [room.pk]

    def test_rooms_of_a_user_are_found(self, chief, as_alice, bob):
        token = as_alice.create_room(type=1, invite="bob")
        as_alice.create_room(type=2)
        (found,) = listed(chief, list_url(Room, q="bob"))
        assert Room.objects.get(token=token).pk == found

    def test_surrounding_spaces_are_ignored(self, chief):
        room = RoomFactory()
        assert listed(chief, list_url(Room, q=f"+{room.token}+")) == [room.pk]

    def test_an_unknown_term_finds_no_room(self, chief, room):
        assert listed(chief, list_url(Room, q="nowhere")) == []

    @pytest.mark.parametrize("term", ["%25", "_", "%27", "%F0%9F%98%80", "a" * 500])
    def test_special_characters_find_no_room(self, chief, room, term):
        assert listed(chief, list_url(Room, q=term)) == []


class TestFilters:
    def test_rooms_are_filtered_by_type(self, chief):
        group = RoomFactory(type=RoomType.GROUP)
        RoomFactory()
        url = list_url(Room, type__exact=int(RoomType.GROUP))
        assert listed(chief, url) == [group.pk]

    def test_rooms_are_filtered_by_call(self, chief):
        calling = RoomFactory(active_since=timezone.now())
        quiet = RoomFactory()
        assert listed(chief, list_url(Room, call=1)) == [calling.pk]
        assert listed(chief, list_url(Room, call=0)) == [quiet.pk]

    def test_rooms_are_filtered_by_password(self, chief):
        locked = RoomFactory(password=make_password("x"))
        unlocked = RoomFactory()
        assert listed(chief, list_url(Room, password=1)) == [locked.pk]
        assert listed(chief, list_url(Room, password=0)) == [unlocked.pk]

    @pytest.mark.parametrize(
        ("choice", "days"),
        [(1, [0]), (7, [0, 3]), (30, [0, 3, 20]), (-30, [40, 400]), (-365, [400])],
    )
    def test_rooms_are_filtered_by_activity(self, chief, choice, days):
        now = timezone.now()
        for ago in (0, 3, 20, 40, 400):
            RoomFactory(name=str(ago), last_activity=now - timedelta(days=ago))
        found = listed(chief, list_url(Room, activity=choice))
        assert [int(Room.objects.get(pk=pk).name) for pk in found] == days

    @pytest.mark.parametrize("name", ["call", "password", "activity"])
    def test_an_invalid_filter_is_ignored(self, chief, room, name):
        assert listed(chief, list_url(Room, **{name: "x"})) == [room.pk]


class TestDates:
    """The date hierarchy of the last activity."""

    def rooms_of(self, *dates: str) -> list[Room]:
        moments = [datetime.fromisoformat(date).replace(tzinfo=UTC) for date in dates]
        return [RoomFactory(last_activity=moment) for moment in moments]

    def test_it_begins_with_years(self, chief):
        self.rooms_of("2024-12-31T12:00", "2026-01-15T12:00")
        offered_years = re.findall(r"last_activity__year=(\d+)", self.page(chief))
        assert offered_years == ["2024", "2026"]

    def test_a_year_has_its_months_and_a_month_its_days(self, chief):
        self.rooms_of("2026-02-03T12:00", "2026-02-05T12:00", "2026-07-01T12:00")
        year = self.page(chief, last_activity__year=2026)
        assert re.findall(r"last_activity__month=(\d+)", year) == ["2", "7"]
        month = self.page(chief, last_activity__year=2026, last_activity__month=2)
        assert re.findall(r"last_activity__day=(\d+)", month) == ["3", "5"]

    def test_a_year_limits_the_list(self, chief):
        self.rooms_of("2024-12-31T12:00")
        (room,) = self.rooms_of("2026-01-15T12:00")
        assert listed(chief, list_url(Room, last_activity__year=2026)) == [room.pk]

    @pytest.mark.parametrize("year", ["x", "0", "99999"])
    def test_an_invalid_year_is_no_error(self, chief, room, year):
        response = chief.get(list_url(Room, last_activity__year=year), follow=True)
        assert response.status_code == 200

    def page(self, client: Any, **parameters: Any) -> str:
        return unescape(shown(client, list_url(Room, **parameters)))


class TestCosts:
    @pytest.mark.parametrize("rooms", [1, 10])
    def test_a_page_costs_the_same(self, chief, rooms, alice, as_alice, bob):
        as_alice.create_room(type=1, invite="bob")
        for _ in range(rooms):
            room = RoomFactory()
            fill(room, rooms)
            write(room.token, ["a"] * rooms, user=alice)
        assert cost(chief, list_url(Room)) == LIST_QUERIES

    def test_the_count_stops_at_the_maximum(self, chief, monkeypatch):
        monkeypatch.setattr("talk.admin.base.ROWS_MAX", 3)
        for _ in range(4):
            RoomFactory()
        text = shown(chief, list_url(Room))
        assert "The first 3 rooms; there are more" in text

    def test_a_count_at_the_maximum_is_exact(self, chief, monkeypatch):
        monkeypatch.setattr("talk.admin.base.ROWS_MAX", 3)
        for _ in range(3):
            RoomFactory()
        assert "there are more" not in shown(chief, list_url(Room))

    def test_filters_show_no_counts(self, chief, room):
        text = shown(chief, list_url(Room, _facets="True"))
        assert "public (1)" not in text


class TestActions:
    def test_a_superuser_is_offered_every_action(self, chief, room):
        assert offered(chief, list_url(Room)) == {
            "make_public",
            "make_private",
            "clear_password",
            "end_call",
            "disconnect_everybody",
            "remove_guests",
            "export_history",
            "delete_selected",
        }

    def test_selecting_rows_of_other_pages_is_not_offered(self, chief, monkeypatch):
        monkeypatch.setattr("talk.admin.room.RoomAdmin.list_per_page", 1)
        RoomFactory()
        RoomFactory()
        assert "Select all 2" not in shown(chief, list_url(Room))

    def test_a_request_for_all_rows_affects_only_the_selected(self, chief, as_alice):
        rooms = [Room.objects.get(token=as_alice.create_room(type=2)) for _ in "ab"]
        values = {
            "action": "make_public",
            "select_across": "1",
            "_selected_action": [rooms[0].pk],
        }
        chief.post(list_url(Room), values)
        types = [Room.objects.get(pk=room.pk).type for room in rooms]
        assert types == [RoomType.PUBLIC, RoomType.GROUP]
        assert Message.objects.filter(system_message="guests_allowed").count() == 1
