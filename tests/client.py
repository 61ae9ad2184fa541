"""A Talk client for tests: speaks OCS, keeps cookies, hands back parsed answers.

Every answer is checked against the OpenAPI document.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any

from django.test import Client

from tests.document import assert_documented

BASE = "/ocs/v2.php/apps/spreed/api/v1"


@dataclass(frozen=True)
class Answer:
    """What came back: HTTP status, the meta part, the data, all headers."""

    status: int
    meta: dict[str, Any]
    data: Any
    headers: Any


class TalkClient:
    """One browser or app: its cookies are its own.

    `TalkClient(user)` is logged in by a session cookie, `TalkClient()` is anonymous and
    becomes a guest by joining, `TalkClient(user, basic=password)` sends a password with
    each request and no cookies of a login.
    """

    def __init__(self, user: Any = None, *, basic: str | None = None) -> None:
        self.http = Client()
        self.headers = {"OCS-APIRequest": "true", "Accept": "application/json"}
        if basic is not None:
            pair = f"{user.get_username()}:{basic}".encode()
            self.headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        elif user is not None:
            self.http.force_login(user)

    def get(self, path: str, **parameters: Any) -> Answer:
        """GET with query parameters; `path` is relative to the v1 base."""
        return self.request("GET", path, query=parameters)

    def post(self, path: str, **parameters: Any) -> Answer:
        """POST a form."""
        return self.request("POST", path, form=parameters)

    def post_json(self, path: str, body: Any) -> Answer:
        """POST a JSON document; a text is sent as it is."""
        text = body if isinstance(body, str | bytes) else json.dumps(body)
        return self.request("POST", path, body=text)

    def put(self, path: str, **parameters: Any) -> Answer:
        """PUT with query parameters."""
        return self.request("PUT", path, query=parameters)

    def delete(self, path: str, **parameters: Any) -> Answer:
        """DELETE with query parameters."""
        return self.request("DELETE", path, query=parameters)

    def request(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, Any] | None = None,
        form: dict[str, Any] | None = None,
        body: str | bytes | None = None,
        content_type: str = "application/json",
    ) -> Answer:
        """Send a request; absolute paths that begin with `/ocs` are taken as they are.

        A `body` is sent as it is with its `content_type`, whatever the method.
        """
        url = path if path.startswith("/ocs") else f"{BASE}{path}"
        options: dict[str, Any] = {"headers": self.headers, "query_params": query}
        if body is not None:
            options["CONTENT_TYPE"] = content_type  # also without anything in the body
            response = self.http.generic(method, url, body, **options)
        else:
            if form is not None:
                options["data"] = form
            response = getattr(self.http, method.lower())(url, **options)
        whole = response.json() if response.content else None
        assert_documented(
            path=url, method=method, status=response.status_code, body=whole
        )
        if whole is None:
            return Answer(response.status_code, {}, None, response.headers)
        ocs = whole["ocs"]
        return Answer(response.status_code, ocs["meta"], ocs["data"], response.headers)

    # What most tests need first.

    def create_room(self, type: int = 3, name: str = "Room", invite: str = "") -> str:
        """Create a room and return its token."""
        answer = self.post("/room", roomType=type, roomName=name, invite=invite)
        assert answer.status in (200, 201), answer
        return answer.data["token"]

    def join(self, token: str, password: str = "") -> str:
        """Join a room and return the session id."""
        answer = self.ask_to_join(token, password=password)
        assert answer.status == 200, answer
        return answer.data["sessionId"]

    def ask_to_join(self, token: str, **parameters: Any) -> Answer:
        """Ask to join a room; the answer may be a refusal."""
        return self.post(f"/room/{token}/participants/active", **parameters)

    def leave(self, token: str) -> Answer:
        """Ask to leave a room; the answer may be a refusal."""
        return self.delete(f"/room/{token}/participants/active")

    def room(self, token: str) -> dict[str, Any]:
        """Return the room object that this client is shown."""
        answer = self.get(f"/room/{token}")
        assert answer.status == 200, answer
        return answer.data

    def say(self, token: str, text: str) -> int:
        """Post a message and return its id."""
        answer = self.post(f"/chat/{token}", message=text)
        assert answer.status == 201, answer
        return answer.data["id"]

    def history(self, token: str, **parameters: Any) -> Answer:
        """Read a room's messages, newest first."""
        return self.get(f"/chat/{token}", lookIntoFuture=0, **parameters)

    def poll(self, token: str, after: int, timeout: int = 0, **rest: Any) -> Answer:
        """Ask for messages after an id; without waiting, unless a timeout is given."""
        return self.get(
            f"/chat/{token}",
            lookIntoFuture=1,
            lastKnownMessageId=after,
            timeout=timeout,
            **rest,
        )
