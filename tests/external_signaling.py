"""Signed requests of a signaling server, and the requests that it gets."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from talk.domain import signaling_external
from talk.models import Room, Session
from tests.client import BASE, Answer
from tests.document import assert_documented

Requests = list[dict[str, Any]]
Told = Callable[[Callable[[], object]], Requests]

SECRET = "example-shared-secret"
SERVER = {"server": "wss://signaling.example.org", "secret": SECRET}
TALK = {"SIGNALING_SERVERS": [SERVER]}
"""The setting of a site with one server."""


def sign(body: bytes, random: str, secret: str = SECRET) -> str:
    """Return the checksum of a body."""
    message = random.encode() + body
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def signed(body: bytes, secret: str = SECRET) -> dict[str, str]:
    """Return the two headers of a body."""
    random = secrets.token_hex(32)
    return {
        "Spreed-Signaling-Random": random,
        "Spreed-Signaling-Checksum": sign(body, random, secret),
    }


class SignalingServer:
    """Sends requests to the backend route as a server does: signed, without a cookie."""

    def __init__(self, secret: str = SECRET) -> None:
        self.secret = secret

    def ask(self, content: Any) -> dict[str, Any]:
        """Send a signed request and return the data of the answer, which is a 200."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        answer = self.send(body, signed(body, self.secret))
        assert answer.status == 200
        assert answer.meta["statuscode"] == 200
        assert isinstance(answer.data, dict)
        return answer.data

    def send(self, body: bytes, headers: dict[str, str], **options: Any) -> Answer:
        """Send a body with these headers."""
        path = f"{BASE}/signaling/backend"
        response = Client(enforce_csrf_checks=True).generic(
            "POST",
            path,
            body,
            **{"content_type": "application/json", **options},
            headers={
                "Accept": "application/json",
                "OCS-APIRequest": "true",
                "User-Agent": "nextcloud-spreed-signaling/unreleased",
                "X-Spreed-Signaling-Features": "audio-video-permissions",
                **headers,
            },
        )
        assert response.headers["Content-Type"].startswith("application/json")
        status, whole = response.status_code, response.json()
        assert_documented(path=path, method="POST", status=status, body=whole)
        ocs = whole["ocs"]
        return Answer(status, ocs["meta"], ocs["data"], response.headers)

    def authenticate(self, user_id: Any, ticket: Any) -> dict[str, Any]:
        """Ask whether a client's ticket is valid."""
        params = {"userid": user_id, "ticket": ticket}
        return self.ask({"type": "auth", "auth": {"version": "1.0", "params": params}})

    def room(self, token: str, user_id: Any, session_id: str, **more: Any) -> Any:
        """Report that a client enters a room or, with an action, leaves it."""
        room = {"roomid": token, "userid": user_id, "sessionid": session_id, **more}
        return self.ask({"type": "room", "room": {"version": "1.0", **room}})

    def leave(self, token: str, user_id: Any, session_id: str) -> Any:
        """Report that a client leaves a room."""
        return self.room(token, user_id, session_id, action="leave")

    def ping(self, token: str, *entries: Any) -> dict[str, Any]:
        """Report that sessions are connected."""
        ping = {"version": "1.0", "roomid": token, "entries": list(entries)}
        return self.ask({"type": "ping", "ping": ping})


def error_of(data: dict[str, Any]) -> str:
    """Return the code of a refusal, which has nothing but its own keys."""
    assert set(data) == {"type", "error"}
    assert data["type"] == "error"
    assert set(data["error"]) == {"code", "message"}
    assert isinstance(data["error"]["message"], str)
    return data["error"]["code"]


def teller(monkeypatch: pytest.MonkeyPatch, capture_callbacks: Any) -> Told:
    """Return a function that runs an action and returns the requests to the server.

    All of them are about one room, and are made as soon as the action is committed.
    """

    def told(act: Callable[[], object]) -> Requests:
        sent: list[tuple[str, dict[str, Any]]] = []

        def note(*, token: str, make: Callable[[], Any]) -> None:
            sent.extend((token, request) for request in make())

        monkeypatch.setattr(signaling_external, "queue_requests", note)
        with capture_callbacks(execute=True):
            act()
        assert len({token for token, _ in sent}) <= 1
        return [request for _, request in sent]

    return told


def kinds(requests: Requests) -> list[str]:
    """Return the types of requests."""
    return [request["type"] for request in requests]


def content(requests: Requests, kind: str) -> dict[str, Any]:
    """Return the content of the only request of this type."""
    (found,) = [request for request in requests if request["type"] == kind]
    assert set(found) == {"type", kind}
    return found[kind]


def properties(name: str = "Room", type: int = 3) -> dict[str, Any]:
    """Return the properties of a room in a request."""
    return {"name": name, "type": type}


def entry(session_id: str, **changes: Any) -> dict[str, Any]:
    """Return the entry of a session in a request."""
    session = Session.objects.get(session_id=session_id)
    participant = session.participant
    told = {
        "inCall": session.in_call,
        "lastPing": int(session.last_ping.timestamp()),
        "sessionId": session_id,
        "participantType": participant.type,
    }
    if participant.user is not None:
        told["userId"] = participant.user.get_username()
    return {**told, **changes}


def put_in_call(*ids: str, flags: int = 7) -> None:
    """Put sessions into the call of their room."""
    Session.objects.filter(session_id__in=ids).update(in_call=flags)
    Room.objects.update(active_since=timezone.now())
