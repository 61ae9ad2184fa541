"""Callers of requests about a room, and the timeline that the requests leave."""

from __future__ import annotations

from typing import Any

from talk.models import Room
from tests.api.callers import (
    anonymous,
    guest,
    guest_moderator_of_a_room_made_private,
    guest_of_a_room_made_private,
    guest_of_another_room,
    guest_who_left,
    guest_who_logged_in,
    invited,
    invited_and_joined,
    removed_guest,
    self_joined,
    self_joined_and_left,
    uninvited,
)
from tests.api.helpers import keys
from tests.client import TalkClient

NOT_MODERATORS = [invited, invited_and_joined, self_joined, guest]
"""Participants of a public room who are not moderators."""

NOT_THERE = [
    uninvited,
    anonymous,
    self_joined_and_left,
    guest_who_left,
    removed_guest,
    guest_of_another_room,
    guest_who_logged_in,
    guest_of_a_room_made_private,
    guest_moderator_of_a_room_made_private,
]
"""Callers who are not participants of a public room, or no longer are."""

USERS_NOT_THERE = [uninvited, self_joined_and_left, guest_who_logged_in]
"""Logged-in callers who are not participants."""


def timeline(client: TalkClient, token: str) -> list[str]:
    """Return the keys of what the client is shown of a room, oldest first."""
    return keys(client.history(token))[::-1]


def newest(client: TalkClient, token: str) -> dict[str, Any]:
    """Return the newest message of a room, as the client is shown it, without its id."""
    (message,) = client.history(token, limit=1).data
    del message["id"]
    return message


def room_without(token: str, *fields: str) -> dict[str, Any]:
    """Return the row of a room without the fields that are expected to change."""
    values = Room.objects.values().get(token=token)
    return {name: value for name, value in values.items() if name not in fields}
