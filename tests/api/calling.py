"""Requests about calls, and their system messages."""

from __future__ import annotations

from typing import Any

from talk.models import CallAttendance, Guest, Message, Participant, Room, Session
from tests.api.helpers import assert_done, rows
from tests.client import Answer, TalkClient


def ask_to_call(client: TalkClient, token: str, **parameters: Any) -> Answer:
    """Request to join the call of a room, which may be refused."""
    return client.post(f"/call/{token}", **parameters)


def ask_to_hang_up(client: TalkClient, token: str) -> Answer:
    """Request to leave the call of a room, which may be refused."""
    return client.delete(f"/call/{token}")


def call(client: TalkClient, token: str, **parameters: Any) -> None:
    """Join the call of a room, or change the in-call flags."""
    assert_done(ask_to_call(client, token, **parameters))


def hang_up(client: TalkClient, token: str) -> None:
    """Leave the call of a room."""
    assert_done(ask_to_hang_up(client, token))


def join_and_call(client: TalkClient, token: str, **parameters: Any) -> str:
    """Join a room and its call; return the session id."""
    session_id = client.join(token)
    call(client, token, **parameters)
    return session_id


def ask_for_peers(client: TalkClient, token: str) -> Answer:
    """Request the sessions that are in the call."""
    return client.get(f"/call/{token}")


def peers(client: TalkClient, token: str) -> list[dict[str, Any]]:
    """Return the sessions that are in the call."""
    answer = ask_for_peers(client, token)
    assert answer.status == 200, answer
    return answer.data


def peer_ids(client: TalkClient, token: str) -> set[str]:
    """Return the ids of the sessions in the call, which must be unique."""
    found = [peer["sessionId"] for peer in peers(client, token)]
    assert len(found) == len(set(found))
    return set(found)


def flags_of(session_id: str) -> int:
    """Return the in-call flags of a session."""
    return Session.objects.get(session_id=session_id).in_call


def has_call(client: TalkClient, token: str) -> bool:
    """Whether the room object says that a call is running."""
    return client.room(token)["hasCall"]


def call_lines(client: TalkClient, token: str) -> list[tuple[str, str]]:
    """Return key and actor's id of system messages about calls, oldest first."""
    return [
        (message["systemMessage"], message["actorId"])
        for message in reversed(client.history(token, limit=200).data)
        if message["systemMessage"].startswith("call_")
    ]


def call_keys(client: TalkClient, token: str) -> list[str]:
    """Return the keys of system messages about calls, oldest first."""
    return [key for key, _ in call_lines(client, token)]


def summaries(token: str) -> list[dict[str, Any]]:
    """Return the parameters of the summaries of calls, oldest first."""
    messages = Message.objects.filter(room__token=token, system_message="call_ended")
    return [message.parameters for message in messages.order_by("pk")]


def all_rows() -> list[Any]:
    """Return all rows that a call may change."""
    return rows(Room, Participant, Session, Guest, Message, CallAttendance)
