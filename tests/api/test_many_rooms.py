"""The number of queries of a request does not depend on the number of rooms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.api.helpers import SECRET, put_in, set_password
from tests.client import TalkClient
from tests.factories import ParticipantFactory, SessionFactory

Action = Callable[[TalkClient, str], Any]

ACTIONS: dict[str, Action] = {
    "capabilities": lambda client, token: client.get("/ocs/v2.php/cloud/capabilities"),
    "profile": lambda client, token: client.get("/ocs/v2.php/cloud/user"),
    "list": lambda client, token: client.get("/room"),
    "create": lambda client, token: client.post("/room", roomType=3, roomName="New"),
    "one-to-one": lambda client, token: client.post("/room", roomType=1, invite="bob"),
    "get": lambda client, token: client.get(f"/room/{token}"),
    "rename": lambda client, token: client.put(f"/room/{token}", roomName="Other"),
    "delete": lambda client, token: client.delete(f"/room/{token}"),
    "make private": lambda client, token: client.delete(f"/room/{token}/public"),
    "password": lambda client, token: client.put(
        f"/room/{token}/password", password=SECRET
    ),
    "favorite": lambda client, token: client.post(f"/room/{token}/favorite"),
    "notify": lambda client, token: client.post(f"/room/{token}/notify", level=1),
    "participants": lambda client, token: client.get(f"/room/{token}/participants"),
    "add": lambda client, token: client.post(
        f"/room/{token}/participants", newParticipant="bob"
    ),
    "join": lambda client, token: client.ask_to_join(token),
    "leave": lambda client, token: client.leave(token),
    "leave for good": lambda client, token: client.delete(
        f"/room/{token}/participants/self"
    ),
    "say": lambda client, token: client.say(token, "hello"),
    "history": lambda client, token: client.history(token),
    "poll": lambda client, token: client.poll(token, after=0),
    "mentions": lambda client, token: client.get(f"/chat/{token}/mentions"),
    "peers": lambda client, token: client.get(f"/call/{token}"),
    "call": lambda client, token: client.post(f"/call/{token}"),
}
"""Requests of Alice in a room of hers that she has joined."""

GUEST_ACTIONS: dict[str, Action] = {
    "get": ACTIONS["get"],
    "join": lambda client, token: client.ask_to_join(token, password=SECRET),
    "leave": ACTIONS["leave"],
    "name": lambda client, token: client.post(
        f"/guest/{token}/name", displayName="Gwen"
    ),
    "say": ACTIONS["say"],
    "poll": ACTIONS["poll"],
    "call": ACTIONS["call"],
}
"""Requests of a guest in a room with a password."""


def cost(action: Action, client: TalkClient, token: str) -> int:
    """Return the number of queries of one request."""
    with CaptureQueriesContext(connection) as queries:
        action(client, token)
    return len(queries)


def more_rooms(user: Any, rooms: int) -> None:
    """Put a user into more rooms, where others are, too."""
    for _ in range(rooms):
        participant = ParticipantFactory(user=user)
        SessionFactory(participant=participant)
        ParticipantFactory(room=participant.room)


def test_a_request_costs_a_user_in_100_rooms_the_same(as_alice, alice, bob):
    def cost_in_a_new_room(action: Action) -> int:
        token = as_alice.create_room()
        as_alice.join(token)
        queries = cost(action, as_alice, token)
        # The next action must not find this room, nor a one-to-one room.
        as_alice.delete(f"/room/{token}")
        for room in as_alice.get("/room").data:
            if room["type"] == 1:
                as_alice.delete(f"/room/{room['token']}")
        return queries

    def costs() -> dict[str, int]:
        return {name: cost_in_a_new_room(action) for name, action in ACTIONS.items()}

    few = costs()
    more_rooms(alice, 100)
    assert costs() == few


def test_a_request_costs_a_guest_among_100_rooms_the_same(as_alice, alice, bob):
    def cost_in_a_new_room(action: Action) -> int:
        token = as_alice.create_room()
        put_in(token, bob)
        set_password(token)
        guest = TalkClient()
        guest.join(token, SECRET)
        return cost(action, guest, token)

    def costs() -> dict[str, int]:
        return {
            name: cost_in_a_new_room(action) for name, action in GUEST_ACTIONS.items()
        }

    few = costs()
    more_rooms(alice, 100)
    assert costs() == few
