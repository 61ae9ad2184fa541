"""Helpers for the tests of sites: rooms, and a client of the API. Public API.

::

    from talk.testing import TalkClient, make_room

    def test_readers_discuss(alice, bob):
        room = make_room(alice, bob)
        sent = TalkClient(alice).say(room.token, "hello")
        assert TalkClient(bob).history(room.token).data[0]["id"] == sent

Joins, messages and password attempts of guests are counted in the site's cache. Clear it
between tests, or they count as those of one guest and are throttled.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.test import Client
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from talk.constants import RoomType
from talk.domain.room_commands import create_room_for
from talk.models import Room

if TYPE_CHECKING:
    from django.contrib.auth.models import User

__all__ = ["BASE", "Answer", "TalkClient", "make_room"]

BASE = "/ocs/v2.php/apps/spreed/api/v1"
"""The common prefix of the API's paths."""


def make_room(
    owner: User,
    *users: User,
    type: RoomType = RoomType.GROUP,
    name: str = "",
    password: str = "",
) -> Room:
    """Create a room of `owner`, with users in it, as if `owner` had used the API.

    A group room without a name is called "Room". A room of `RoomType.ONE_TO_ONE` has
    one other user and no name. Only a public room can have a password.

    Raises:
        Invalid, NotAllowed, NotFound: from `talk.exceptions`, when the API refuses it.
    """
    if not name and type != RoomType.ONE_TO_ONE:
        name = "Room"
    return create_room_for(
        owner=owner,
        type=type,
        name=name,
        password=password,
        users=users,
        now=timezone.now(),
    )


@dataclass(frozen=True)
class Answer:
    """An answer of the API: HTTP status, `meta` and `data` of the body, and headers.

    Without a JSON body of the API, `meta` is empty and `data` is None.
    """

    status: int
    meta: dict[str, Any]
    data: Any
    headers: Mapping[str, str]


class TalkClient:
    """A browser or app with its own cookies; wraps Django's test client, `http`.

    `TalkClient(user)` is logged in by a session cookie. `TalkClient()` is anonymous, and
    becomes a guest by joining. `TalkClient(user, basic=password)` sends a password or an
    app password with each request, and has no login cookie.
    """

    def __init__(self, user: User | None = None, *, basic: str | None = None) -> None:
        self.http = Client()
        self.headers = {"OCS-APIRequest": "true", "Accept": "application/json"}
        if user is not None and basic is not None:
            pair = f"{user.get_username()}:{basic}".encode()
            self.headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        elif user is not None:
            self.http.force_login(user)

    def get(self, path: str, **parameters: Any) -> Answer:
        """Send a GET with query parameters; `path` is relative to `BASE`."""
        return self.request("GET", path, query=parameters)

    def post(self, path: str, **parameters: Any) -> Answer:
        """Send a POST with a form."""
        return self.request("POST", path, form=parameters)

    def post_json(self, path: str, body: Any) -> Answer:
        """Send a POST with a JSON document; a text is sent unchanged."""
        text = body if isinstance(body, str | bytes) else json.dumps(body)
        return self.request("POST", path, body=text)

    def put(self, path: str, **parameters: Any) -> Answer:
        """Send a PUT with query parameters."""
        return self.request("PUT", path, query=parameters)

    def delete(self, path: str, **parameters: Any) -> Answer:
        """Send a DELETE with query parameters."""
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
        """Send a request. Paths that begin with `/ocs` are not relative to `BASE`.

        All paths are below the prefix at which the site includes Talk's URLs. A `body`
        is sent unchanged, with its `content_type`, for any method.
        """
        url = _prefix() + (path if path.startswith("/ocs") else f"{BASE}{path}")
        options: dict[str, Any] = {"headers": self.headers, "query_params": query}
        if body is not None:
            options["CONTENT_TYPE"] = content_type  # also for an empty body
            response = self.http.generic(method, url, body, **options)
        else:
            if form is not None:
                options["data"] = form
            response = getattr(self.http, method.lower())(url, **options)
        is_json = response.headers.get("Content-Type", "").startswith(
            "application/json"
        )
        document = response.json() if is_json and response.content else None
        self.on_answer(method, url, response.status_code, document)
        ocs = document.get("ocs", {}) if isinstance(document, dict) else {}
        return Answer(
            status=response.status_code,
            meta=ocs.get("meta", {}),
            data=ocs.get("data"),
            headers=response.headers,
        )

    def on_answer(self, method: str, url: str, status: int, body: Any) -> None:
        """Do something with each answer before it is returned; nothing by default."""

    # Shortcuts for frequent requests.

    def create_room(self, type: int = 3, name: str = "Room", invite: str = "") -> str:
        """Create a room and return its token."""
        answer = self.post("/room", roomType=type, roomName=name, invite=invite)
        return str(_data_of(answer, 200, 201)["token"])

    def join(self, token: str, password: str = "") -> str:
        """Join a room and return the session id."""
        answer = self.ask_to_join(token, password=password)
        return str(_data_of(answer, 200)["sessionId"])

    def ask_to_join(self, token: str, **parameters: Any) -> Answer:
        """Send a request to join a room; it may be refused."""
        return self.post(f"/room/{token}/participants/active", **parameters)

    def leave(self, token: str) -> Answer:
        """Send a request to leave a room; it may be refused."""
        return self.delete(f"/room/{token}/participants/active")

    def room(self, token: str) -> dict[str, Any]:
        """Return the room object as this client sees it."""
        room: dict[str, Any] = _data_of(self.get(f"/room/{token}"), 200)
        return room

    def say(self, token: str, text: str) -> int:
        """Post a message and return its id."""
        return int(_data_of(self.post(f"/chat/{token}", message=text), 201)["id"])

    def history(self, token: str, **parameters: Any) -> Answer:
        """Read a room's messages, newest first."""
        return self.get(f"/chat/{token}", lookIntoFuture=0, **parameters)

    def poll(self, token: str, after: int, timeout: int = 0, **rest: Any) -> Answer:
        """Poll for messages after an id; waits only if a timeout is given."""
        return self.get(
            f"/chat/{token}",
            lookIntoFuture=1,
            lastKnownMessageId=after,
            timeout=timeout,
            **rest,
        )


def _prefix() -> str:
    """Return the prefix of Talk's URLs on the site, without a trailing slash.

    Empty if the site does not include `talk.urls` as it is.
    """
    try:
        rooms = reverse("talk:rooms", kwargs={"ocs_version": 2})
    except NoReverseMatch:
        return ""
    return rooms.removesuffix(f"{BASE}/room")


def _data_of(answer: Answer, *statuses: int) -> Any:
    """Return the data of an answer that must have one of these statuses."""
    if answer.status not in statuses:
        raise AssertionError(f"{answer.status}: {answer.meta} {answer.data}")
    return answer.data
