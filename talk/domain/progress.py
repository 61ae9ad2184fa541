"""How far rooms have come, for those who wait for news of them."""

from __future__ import annotations

from collections.abc import Iterable

from talk.hints import HintKind
from talk.models import Room


def newest_positions(*, room_ids: Iterable[int]) -> dict[int, dict[HintKind, int]]:
    """Return, by kind of news, how far each room has come; gone ones are left out.

    One query.
    """
    rows = Room.objects.filter(pk__in=room_ids)
    values = rows.values_list("pk", "last_position", "people_version")
    return {
        room_id: {HintKind.TIMELINE: last_position, HintKind.PEOPLE: people_version}
        for room_id, last_position, people_version in values
    }
