"""The progress of rooms."""

from __future__ import annotations

from typing import Any

import pytest

from talk.domain.progress import RoomVersions, newest_position, room_versions
from talk.exceptions import NotFound
from tests.factories import RoomFactory
from tests.timelines import write

pytestmark = pytest.mark.django_db


class TestRoomVersions:
    """`room_versions`."""

    def test_they_count_messages_and_changes_of_who_is_connected(
        self, alice: Any
    ) -> None:
        room = RoomFactory(presence_version=7)
        write(room.token, list("abc"), user=alice)
        found = room_versions(room_ids=[room.pk])
        assert found == {room.pk: RoomVersions(position=3, presence_version=7)}

    def test_rooms_that_are_gone_are_left_out(self) -> None:
        room = RoomFactory()
        assert set(room_versions(room_ids=[room.pk, room.pk + 1])) == {room.pk}

    @pytest.mark.parametrize("size", [1, 100])
    def test_any_number_of_rooms_is_one_query(
        self, size: int, django_assert_num_queries: Any
    ) -> None:
        room_ids = [room.pk for room in RoomFactory.create_batch(size)]
        with django_assert_num_queries(1):
            found = room_versions(room_ids=room_ids)
        assert set(found) == set(room_ids)


class TestNewestPosition:
    """`newest_position`."""

    def test_it_is_the_number_of_messages(self, alice: Any) -> None:
        room = RoomFactory()
        assert newest_position(room_id=room.pk) == 0
        write(room.token, list("abc"), user=alice)
        assert newest_position(room_id=room.pk) == 3

    def test_a_room_that_is_gone_is_not_found(self) -> None:
        room = RoomFactory()
        number = room.pk
        room.delete()
        with pytest.raises(NotFound):
            newest_position(room_id=number)
