"""How sessions send each other what a call needs, and fetch it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from talk.models import SignalingMessage
from tests.client import Answer, TalkClient

NOBODY = [{"type": "usersInRoom", "data": []}]
"""The answer to callers without a session in the room."""

USER_IN_ROOM = {
    "userId": str,
    "roomId": int,
    "lastPing": int,
    "sessionId": str,
    "inCall": int,
}
"""All keys of somebody in `usersInRoom`, and the types of their values."""


def envelope(sender: str, recipient: Any, **payload: Any) -> dict[str, str]:
    """Return a message as clients send it, in a list of such."""
    fn = json.dumps({"to": recipient, **payload})
    return {"ev": "message", "sessionId": sender, "fn": fn}


def send(client: TalkClient, token: str, *envelopes: Any) -> Answer:
    """Send messages as a browser does: a form with JSON in it."""
    return client.post(f"/signaling/{token}", messages=json.dumps(envelopes))


def ask_for_news(client: TalkClient, token: str) -> Answer:
    """Ask for messages, and for who is connected."""
    return client.get(f"/signaling/{token}")


def messages_in(answer: Answer) -> list[dict[str, Any]]:
    """Return the messages of an answer that is a 200, in the order given."""
    assert answer.status == 200, answer
    *entries, last = answer.data
    assert last["type"] == "usersInRoom"
    for entry in entries:
        assert set(entry) == {"type", "data"}
        assert entry["type"] == "message"
        assert isinstance(entry["data"], str)
    return [json.loads(entry["data"]) for entry in entries]


def people_in(answer: Answer) -> list[dict[str, Any]]:
    """Return who is connected according to an answer that is a 200."""
    assert answer.status == 200, answer
    last = answer.data[-1]
    assert set(last) == {"type", "data"}
    assert last["type"] == "usersInRoom"
    return last["data"]


def flags_in(answer: Answer) -> dict[str, int]:
    """Return the in-call flags of each session that is connected."""
    people = people_in(answer)
    flags = {person["sessionId"]: person["inCall"] for person in people}
    assert len(flags) == len(people)
    return flags


def fetch(client: TalkClient, token: str) -> list[dict[str, Any]]:
    """Return the messages that are there for a client."""
    return messages_in(ask_for_news(client, token))


def queued() -> int:
    """Return the number of messages that anybody has not fetched yet."""
    return SignalingMessage.objects.count()


def assert_nobody_there(answer: Answer) -> None:
    """A 404 with an empty list of people."""
    assert answer.status == 404
    assert answer.meta["status"] == "failure"
    assert answer.meta["statuscode"] == 404
    assert answer.data == NOBODY


@pytest.fixture
def no_waiting(settings: Any) -> None:
    """Polls are answered at once, whatever is there."""
    settings.TALK = {"SIGNALING_POLL_SECONDS": 0}
