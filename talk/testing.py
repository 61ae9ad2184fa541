"""What sites test their own rooms with: rooms, and a client of the API.

Public: changes to what stands here are announced as those of the rest. ::

    from talk.testing import TalkClient, make_room

    def test_readers_discuss(alice, bob):
        room = make_room(alice, bob)
        sent = TalkClient(alice).say(room.token, "hello")
        assert TalkClient(bob).history(room.token).data[0]["id"] == sent

Joins, messages and passwords of anonymous people are counted in the site's cache: clear
it between tests, or many of them are one person who tries too often.
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

BASE = "/ocs/v2.php/apps/spreed/api/v1"
"""What the paths of the API begin with."""


def make_room(
    owner: User,
    *people: User,
    type: RoomType = RoomType.GROUP,
    name: str = "",
    password: str = "",
) -> Room:
    """Create a room of `owner`, with people in it, as if `owner` had done it by the API.

    A group without a name is called "Room". A room of `RoomType.ONE_TO_ONE` has one
    other person and no name; only a public one may have a password.

    Raises:
        Invalid, NotAllowed, NotFound: as the API refuses it, from `talk.exceptions`.
    """
    if not name and type != RoomType.ONE_TO_ONE:
        name = "Room"
    return create_room_for(
        owner=owner,
        type=type,
        name=name,
        password=password,
        users=people,
        now=timezone.now(),
    )


@dataclass(frozen=True)
class Answer:
    """What came back: the HTTP status, the meta part, the data, all headers.

    `meta` is empty and `data` None where there is no body of the API's.
    """

    status: int
    meta: dict[str, Any]
    data: Any
    headers: Mapping[str, str]


class TalkClient:
    """One browser or app: its cookies are its own. Around Django's test client, `http`.

    `TalkClient(user)` is logged in by a session cookie, `TalkClient()` is anonymous and
    becomes a guest by joining, `TalkClient(user, basic=password)` sends a password, or
    an app password, with each request and no cookies of a login.
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
        """GET with query parameters; `path` is relative to `BASE`."""
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
        """Send a request; paths that begin with `/ocs` are those of other endpoints.

        All are below what the site has put Talk below. A `body` is sent as it is with
        its `content_type`, whatever the method.
        """
        url = _prefix() + (path if path.startswith("/ocs") else f"{BASE}{path}")
        options: dict[str, Any] = {"headers": self.headers, "query_params": query}
        if body is not None:
            options["CONTENT_TYPE"] = content_type  # also without anything in the body
            response = self.http.generic(method, url, body, **options)
        else:
            if form is not None:
                options["data"] = form
            response = getattr(self.http, method.lower())(url, **options)
        is_json = response.headers.get("Content-Type", "").startswith(
            "application/json"
        )
        whole = response.json() if is_json and response.content else None
        self.heard(method, url, response.status_code, whole)
        ocs = whole.get("ocs", {}) if isinstance(whole, dict) else {}
        return Answer(
            status=response.status_code,
            meta=ocs.get("meta", {}),
            data=ocs.get("data"),
            headers=response.headers,
        )

    def heard(self, method: str, url: str, status: int, body: Any) -> None:
        """Called with each answer before it is returned; does nothing here."""

    # What most tests need first.

    def create_room(self, type: int = 3, name: str = "Room", invite: str = "") -> str:
        """Create a room and return its token."""
        answer = self.post("/room", roomType=type, roomName=name, invite=invite)
        return str(_data_of(answer, 200, 201)["token"])

    def join(self, token: str, password: str = "") -> str:
        """Join a room and return the session id."""
        answer = self.ask_to_join(token, password=password)
        return str(_data_of(answer, 200)["sessionId"])

    def ask_to_join(self, token: str, **parameters: Any) -> Answer:
        """Ask to join a room; the answer may be a refusal."""
        return self.post(f"/room/{token}/participants/active", **parameters)

    def leave(self, token: str) -> Answer:
        """Ask to leave a room; the answer may be a refusal."""
        return self.delete(f"/room/{token}/participants/active")

    def room(self, token: str) -> dict[str, Any]:
        """Return the room object that this client is shown."""
        room: dict[str, Any] = _data_of(self.get(f"/room/{token}"), 200)
        return room

    def say(self, token: str, text: str) -> int:
        """Post a message and return its id."""
        return int(_data_of(self.post(f"/chat/{token}", message=text), 201)["id"])

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


def _prefix() -> str:
    """Return what the site's URLs of Talk begin with, without a slash at the end.

    Empty where `talk.urls` is not included as it is.
    """
    try:
        rooms = reverse("talk:rooms", kwargs={"ocs_version": 2})
    except NoReverseMatch:
        return ""
    return rooms.removesuffix(f"{BASE}/room")


def _data_of(answer: Answer, *statuses: int) -> Any:
    """Return the data of an answer that had to have one of these statuses."""
    if answer.status not in statuses:
        raise AssertionError(f"{answer.status}: {answer.meta} {answer.data}")
    return answer.data
