"""OCS: the envelope, and its codes in both versions."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.test import Client

from talk.api.envelope import OCSStatus, http_status, wrap
from talk.models import Message
from tests.api.wire import OCS
from tests.client import BASE, TalkClient
from tests.factories import RoomFactory

pytestmark = pytest.mark.django_db


class TestEnvelope:
    """The envelope of every response."""

    EMPTY_JSON = (
        b'{"ocs":{"meta":{"status":"ok","statuscode":200,"message":"OK"},"data":[]}}'
    )

    EMPTY_XML = b"""<?xml version="1.0"?>
<ocs>
 <meta>
  <status>ok</status>
  <statuscode>200</statuscode>
  <message>OK</message>
 </meta>
 <data/>
</ocs>
"""

    V1_XML = b"""<?xml version="1.0"?>
<ocs>
 <meta>
  <status>ok</status>
  <statuscode>100</statuscode>
  <message>OK</message>
  <totalitems></totalitems>
  <itemsperpage></itemsperpage>
 </meta>
 <data/>
</ocs>
"""

    @pytest.fixture
    def leave(self, as_alice: TalkClient) -> Any:
        """Return the response to a request that succeeds without data."""
        token = as_alice.create_room()

        def leave(version: int, format: str) -> Any:
            as_alice.join(token)
            base = BASE.replace("v2.php", f"v{version}.php")
            url = f"{base}/room/{token}/participants/active?format={format}"
            return as_alice.http.delete(url, headers=OCS)

        return leave

    def test_v2_as_json(self, leave: Any) -> None:
        assert leave(2, "json").content == self.EMPTY_JSON

    def test_v2_as_xml(self, leave: Any) -> None:
        assert leave(2, "xml").content == self.EMPTY_XML

    def test_v1_as_json(self, leave: Any) -> None:
        answer = leave(1, "json")
        assert json.loads(answer.content) == {
            "ocs": {
                "meta": {
                    "status": "ok",
                    "statuscode": 100,
                    "message": "OK",
                    "totalitems": "",
                    "itemsperpage": "",
                },
                "data": [],
            }
        }

    def test_v1_as_xml(self, leave: Any) -> None:
        assert leave(1, "xml").content == self.V1_XML

    def test_order_of_the_keys(self, leave: Any) -> None:
        ocs = leave(1, "json").json()["ocs"]

        assert list(ocs) == ["meta", "data"]
        assert list(ocs["meta"]) == [
            "status",
            "statuscode",
            "message",
            "totalitems",
            "itemsperpage",
        ]

    @pytest.mark.parametrize("data", [None, [], {}])
    @pytest.mark.parametrize("version", [1, 2])
    def test_no_data_is_an_empty_list(self, data: Any, version: int) -> None:
        assert wrap(data, OCSStatus(status=200), version)["ocs"]["data"] == []

    @pytest.mark.parametrize("data", [False, 0, "", [0], {"a": None}])
    def test_other_data_is_unchanged(self, data: Any) -> None:
        wrapped = wrap(data, OCSStatus(status=200), 2)["ocs"]["data"]
        assert (wrapped, type(wrapped)) == (data, type(data))


class World:
    """Alice's browser with a public room, for one version of the base path."""

    def __init__(self, as_alice: TalkClient, version: int) -> None:
        self.alice = as_alice.http
        self.anonymous = Client()
        self.ocs = f"/ocs/v{version}.php"
        self.talk = BASE.replace("v2.php", f"v{version}.php")
        self.token = as_alice.create_room()
        as_alice.join(self.token)
        self.locked = RoomFactory(password=make_password("open sesame"))
        self.newest = Message.objects.order_by("pk").last().pk
        self.headers = {**OCS, "Accept": "application/json"}

    def ask(self, client: Client, method: str, path: str, **form: Any) -> Any:
        """Send a request with its parameters in the query."""
        return getattr(client, method.lower())(
            path, query_params=form, headers=self.headers
        )


def success(world: World) -> Any:
    return world.ask(world.anonymous, "GET", f"{world.ocs}/cloud/capabilities")


def created(world: World) -> Any:
    return world.ask(world.alice, "POST", f"{world.talk}/room", roomType=3)


def not_modified(world: World) -> Any:
    return world.ask(
        world.alice,
        "GET",
        f"{world.talk}/chat/{world.token}",
        lookIntoFuture=1,
        timeout=0,
        lastKnownMessageId=world.newest,
    )


def bad_value(world: World) -> Any:
    return world.ask(world.alice, "POST", f"{world.talk}/room", roomType=9)


def missing_value(world: World) -> Any:
    return world.ask(world.alice, "POST", f"{world.talk}/room")


def not_logged_in(world: World) -> Any:
    return world.ask(world.anonymous, "GET", f"{world.ocs}/cloud/user")


def wrong_password(world: World) -> Any:
    path = f"{world.talk}/room/{world.locked.token}/participants/active"
    return world.ask(world.anonymous, "POST", path, password="guess")


def no_such_room(world: World) -> Any:
    return world.ask(world.anonymous, "GET", f"{world.talk}/room/nosuchroom")


def other_method(world: World) -> Any:
    return world.ask(world.anonymous, "DELETE", f"{world.ocs}/cloud/capabilities")


def foreign_form(world: World) -> Any:
    client = Client(enforce_csrf_checks=True)
    client.cookies = world.alice.cookies
    world.headers = {"Accept": "application/json"}
    return world.ask(client, "POST", f"{world.talk}/chat/{world.token}", message="x")


def long_message(world: World) -> Any:
    path = f"{world.talk}/chat/{world.token}"
    return world.ask(world.alice, "POST", path, message="x" * 1001)


def unknown_route(world: World) -> Any:
    return world.ask(world.anonymous, "GET", f"{world.ocs}/apps/nothing")


class TestStatusCodes:
    """One status decides HTTP status and `statuscode` of both versions."""

    @pytest.mark.parametrize(
        ("situation", "http", "code", "status"),
        [
            (success, 200, 200, "ok"),
            (created, 201, 201, "ok"),
            (bad_value, 400, 400, "failure"),
            (missing_value, 400, 400, "failure"),
            (not_logged_in, 401, 997, "failure"),
            (wrong_password, 403, 403, "failure"),
            (no_such_room, 404, 404, "failure"),
            (other_method, 405, 405, "failure"),
            (foreign_form, 412, 412, "failure"),
            (long_message, 413, 413, "failure"),
            (unknown_route, 404, 404, "failure"),
        ],
    )
    def test_v2(
        self, as_alice: TalkClient, situation: Any, http: int, code: int, status: str
    ) -> None:
        response = situation(World(as_alice, 2))
        meta = response.json()["ocs"]["meta"]

        assert response.status_code == http
        assert (meta["statuscode"], meta["status"]) == (code, status)
        assert list(meta) == ["status", "statuscode", "message"]

    @pytest.mark.parametrize(
        ("situation", "http", "code", "status"),
        [
            (success, 200, 100, "ok"),
            (created, 200, 201, "failure"),
            (not_modified, 200, 304, "failure"),
            (bad_value, 200, 400, "failure"),
            (missing_value, 200, 400, "failure"),
            (not_logged_in, 401, 997, "failure"),
            (wrong_password, 200, 403, "failure"),
            (no_such_room, 200, 404, "failure"),
            (other_method, 200, 405, "failure"),
            (foreign_form, 200, 412, "failure"),
            (long_message, 200, 413, "failure"),
            (unknown_route, 200, 998, "failure"),
        ],
    )
    def test_v1(
        self, as_alice: TalkClient, situation: Any, http: int, code: int, status: str
    ) -> None:
        response = situation(World(as_alice, 1))
        meta = response.json()["ocs"]["meta"]

        assert response.status_code == http
        assert (meta["statuscode"], meta["status"]) == (code, status)
        assert (meta["totalitems"], meta["itemsperpage"]) == ("", "")

    @pytest.mark.parametrize("version", [1, 2])
    @pytest.mark.parametrize(
        "situation",
        [
            bad_value,
            missing_value,
            not_logged_in,
            wrong_password,
            no_such_room,
            other_method,
            foreign_form,
            long_message,
            unknown_route,
        ],
    )
    def test_a_failure_has_a_text_for_a_message_and_no_data(
        self, as_alice: TalkClient, situation: Any, version: int
    ) -> None:
        ocs = situation(World(as_alice, version)).json()["ocs"]

        assert isinstance(ocs["meta"]["message"], str)
        assert ocs["data"] == []

    @pytest.mark.parametrize(
        ("status", "v2", "v1"),
        [
            (OCSStatus(status=200), (200, 200), (200, 100)),
            (OCSStatus(status=201), (201, 201), (200, 201)),
            (OCSStatus(status=401), (401, 401), (200, 401)),
            (OCSStatus(status=401, code=997), (401, 997), (401, 997)),
            (OCSStatus(status=404, code=998), (404, 998), (200, 998)),
            (OCSStatus(status=500), (500, 500), (200, 500)),
            (OCSStatus(status=500, code=996), (500, 996), (200, 996)),
            (OCSStatus(status=500, code=999), (500, 999), (200, 999)),
            (OCSStatus(status=503), (503, 503), (200, 503)),
        ],
    )
    def test_the_table_of_codes(
        self, status: OCSStatus, v2: tuple[int, int], v1: tuple[int, int]
    ) -> None:
        codes = [
            (
                http_status(status, version),
                wrap(None, status, version)["ocs"]["meta"]["statuscode"],
            )
            for version in (2, 1)
        ]
        assert codes == [v2, v1]

    @pytest.mark.parametrize(
        "name", ["X-Chat-Last-Given", "ETag", "Last-Modified", "Content-Type"]
    )
    def test_a_304_does_not_have_the_header(
        self, as_alice: TalkClient, name: str
    ) -> None:
        assert name not in not_modified(World(as_alice, 2)).headers

    def test_a_304_of_v1_has_an_envelope(self, as_alice: TalkClient) -> None:
        ocs = not_modified(World(as_alice, 1)).json()["ocs"]

        assert (ocs["meta"]["statuscode"], ocs["data"]) == (304, [])
