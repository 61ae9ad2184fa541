"""How far rooms have come, for those who wait."""

from __future__ import annotations

from typing import Any

import pytest

from talk.domain.progress import newest_positions
from talk.hints import HintKind
from tests.factories import RoomFactory
from tests.timelines import write

pytestmark = pytest.mark.django_db


def test_it_is_the_number_of_messages_and_of_changes_of_people(alice: Any) -> None:
    room = RoomFactory(people_version=7)
    write(room.token, list("abc"), user=alice)
    found = newest_positions(room_ids=[room.pk])
    assert found == {room.pk: {HintKind.TIMELINE: 3, HintKind.PEOPLE: 7}}


def test_rooms_that_are_gone_are_left_out() -> None:
    room = RoomFactory()
    assert set(newest_positions(room_ids=[room.pk, room.pk + 1])) == {room.pk}


@pytest.mark.parametrize("size", [1, 100])
def test_any_number_of_rooms_is_one_query(
    size: int, django_assert_num_queries: Any
) -> None:
    room_ids = [room.pk for room in RoomFactory.create_batch(size)]
    with django_assert_num_queries(1):
        found = newest_positions(room_ids=room_ids)
    assert set(found) == set(room_ids)
