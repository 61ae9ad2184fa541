"""Updating rooms and reading them in one statement."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.db.models import F
from django.utils import timezone

from talk.models import Room
from talk.models.room import RETURNING_VENDORS
from tests.factories import RoomFactory
from tests.timelines import ADVANCE

pytestmark = pytest.mark.django_db


@pytest.mark.skipif(
    connection.vendor not in RETURNING_VENDORS,
    reason="this database's UPDATE cannot return rows",
)
class TestUpdateReturning:
    """`update_returning`."""

    def test_it_returns_the_new_values(self) -> None:
        room = RoomFactory(token="abc", last_position=4)
        changes = {"last_position": F("last_position") + 3}
        fields = ("token", "last_position")
        rows = Room.objects.filter(pk=room.pk).update_returning(changes, fields)
        assert rows == [("abc", 7)]

    def test_it_stores_every_change(self) -> None:
        room = RoomFactory(last_position=4, name="Old")
        changes = {"last_position": F("last_position") + 3, "name": "New % 'name'"}
        Room.objects.filter(pk=room.pk).update_returning(changes, ["token"])
        room.refresh_from_db()
        assert (room.last_position, room.name) == (7, "New % 'name'")

    def test_it_returns_all_updated_rows(self) -> None:
        rooms = RoomFactory.create_batch(3)
        rows = Room.objects.update_returning({"last_position": 9}, ["id"])
        assert sorted(rows) == sorted((room.pk,) for room in rooms)

    def test_other_rows_stay(self) -> None:
        changed, other = RoomFactory.create_batch(2, last_position=4)
        rows = Room.objects.filter(pk=changed.pk)
        rows.update_returning({"last_position": 9}, ["token"])
        other.refresh_from_db()
        assert other.last_position == 4

    def test_without_rows_it_returns_an_empty_list(self) -> None:
        changes = {"last_position": 9}
        assert Room.objects.update_returning(changes, ["token"]) == []

    def test_it_does_not_change_the_queryset(self) -> None:
        room = RoomFactory(last_position=4)
        rows = Room.objects.filter(pk=room.pk)
        rows.update_returning({"last_position": 9}, ["token"])
        assert rows.get().last_position == 9

    def test_any_number_of_rows_is_one_query(
        self, django_assert_num_queries: Any
    ) -> None:
        RoomFactory.create_batch(20)
        with django_assert_num_queries(1):
            Room.objects.update_returning({"last_position": 9}, ["token"])


class TestAdvance:
    """`advance`."""

    def test_it_returns_the_new_counts_and_the_token(self) -> None:
        room = RoomFactory(token="abc", last_position=4, comment_count=2)
        now = timezone.now()
        counts = Room.objects.advance(room.pk, messages=3, comments=1, now=now)
        assert counts == (7, 3, "abc")

    def test_it_returns_none_for_a_room_that_is_gone(self) -> None:
        now = timezone.now()
        assert Room.objects.advance(0, messages=1, comments=1, now=now) is None

    def test_its_number_of_queries(self, django_assert_num_queries: Any) -> None:
        room = RoomFactory()
        now = timezone.now()
        with django_assert_num_queries(ADVANCE):
            Room.objects.advance(room.pk, messages=1, comments=1, now=now)
