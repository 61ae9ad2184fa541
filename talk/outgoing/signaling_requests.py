"""Bodies of requests to an external signaling server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Request = dict[str, Any]
"""The body of a request: its `type`, and its content in a key with that name."""


@dataclass(frozen=True, kw_only=True)
class Properties:
    """The properties of a room, which the server passes on to its participants."""

    name: str
    type: int


@dataclass(frozen=True, kw_only=True)
class Connection:
    """A session, or a participant without one, which the server passes on to clients.

    `last_ping` is in seconds since the epoch; `user_id` is None for guests.
    """

    session_id: str
    in_call: int
    last_ping: int
    participant_type: int
    user_id: str | None = None


def invite(
    *, user_ids: Sequence[str], all_user_ids: Sequence[str], properties: Properties
) -> Request:
    """Tell that users were added to the room."""
    ids = {"userids": list(user_ids), "alluserids": list(all_user_ids)}
    return _request("invite", **ids, properties=_properties(properties))


def disinvite_users(
    *, user_ids: Sequence[str], all_user_ids: Sequence[str], properties: Properties
) -> Request:
    """Tell that users were removed; the server disconnects them from the room."""
    ids = {"userids": list(user_ids), "alluserids": list(all_user_ids)}
    return _request("disinvite", **ids, properties=_properties(properties))


def disinvite_sessions(
    *, session_ids: Sequence[str], all_user_ids: Sequence[str], properties: Properties
) -> Request:
    """Tell that guests were removed; the server disconnects them from the room."""
    ids = {"sessionids": list(session_ids), "alluserids": list(all_user_ids)}
    return _request("disinvite", **ids, properties=_properties(properties))


def update(*, user_ids: Sequence[str], properties: Properties) -> Request:
    """Tell that the room or the permissions of participants have changed."""
    ids = {"userids": list(user_ids)}
    return _request("update", **ids, properties=_properties(properties))


def delete(*, user_ids: Sequence[str]) -> Request:
    """Tell that the room was deleted; these users were in it."""
    return _request("delete", userids=list(user_ids))


def in_call(
    *, flags: int, changed: Sequence[Connection], callers: Sequence[Connection]
) -> Request:
    """Tell that in-call flags of sessions have changed."""
    users = {"changed": _entries(changed), "users": _entries(callers)}
    return _request("incall", incall=flags, **users)


def participants(
    *, changed: Sequence[Connection], everybody: Sequence[Connection]
) -> Request:
    """Tell that participants have changed, or their sessions have died."""
    users = {"changed": _entries(changed), "users": _entries(everybody)}
    return _request("participants", **users)


def message() -> Request:
    """Tell that there is a new message, which clients fetch themselves."""
    return _request("message", data={"type": "chat", "chat": {"refresh": True}})


def _request(type: str, **content: Any) -> Request:
    return {"type": type, type: content}


def _properties(properties: Properties) -> dict[str, Any]:
    return {"name": properties.name, "type": properties.type}


def _entries(connections: Sequence[Connection]) -> list[dict[str, Any]]:
    return [_entry(connection) for connection in connections]


def _entry(connection: Connection) -> dict[str, Any]:
    entry = {
        "inCall": connection.in_call,
        "lastPing": connection.last_ping,
        "sessionId": connection.session_id,
        "participantType": connection.participant_type,
    }
    if connection.user_id is not None:
        entry["userId"] = connection.user_id
    return entry
