"""Changes to a room as clients ask for them, and what they leave in its timeline."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

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
from tests.api.wire import FORM
from tests.client import Answer, TalkClient

NOT_MODERATORS = [invited, invited_and_joined, self_joined, guest]
"""Who is in a public room that somebody else moderates."""

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
"""Who has no place in a public room, or has none any more."""

USERS_NOT_THERE = [uninvited, self_joined_and_left, guest_who_logged_in]
"""Those of them who are logged in."""

PLACES = ["query", "form", "JSON"]
"""Where parameters may stand."""


def send(
    client: TalkClient, method: str, path: str, place: str, **values: Any
) -> Answer:
    """Send a request with its parameters in one of `PLACES`."""
    if place == "query":
        return client.request(method, path, query=values)
    if place == "form":
        body = urlencode(values)
        return client.request(method, path, body=body, content_type=FORM)
    return client.request(method, path, body=json.dumps(values))


def rename(client: TalkClient, token: str, name: str) -> Answer:
    """Ask for another name of a room."""
    return client.put(f"/room/{token}", roomName=name)


def delete(client: TalkClient, token: str) -> Answer:
    """Ask to delete a room."""
    return client.delete(f"/room/{token}")


def make_public(client: TalkClient, token: str) -> Answer:
    """Ask to open a room for everybody with its link."""
    return client.post(f"/room/{token}/public")


def make_private(client: TalkClient, token: str) -> Answer:
    """Ask to close a public room."""
    return client.delete(f"/room/{token}/public")


def give_password(client: TalkClient, token: str, password: str) -> Answer:
    """Ask for another password of a room; an empty one takes it away."""
    return client.put(f"/room/{token}/password", password=password)


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
