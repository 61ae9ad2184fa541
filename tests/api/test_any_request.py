"""Every request below `/ocs` gets an envelope, and never a 500 or an HTML page."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import pytest
from django.test import Client, override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from talk.api.polls.base import answer_at_once
from talk.api.urls import routes
from tests.api.wire import BOUNDARY, FORM, JSON_ANSWER, MULTIPART, XML_ANSWER, basic
from tests.client import TalkClient
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db

urlpatterns = routes(wait=answer_at_once)
"""Settings of Talk with which no poll waits."""

ROOM = "fuzzroom"

methods = st.sampled_from(
    ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "FOO", "get"]
)
known_paths = st.sampled_from(
    [
        "/cloud/capabilities",
        "/cloud/user",
        "/core/apppassword",
        "/core/getapppassword",
        "/apps/spreed/api/v1/room",
        "/apps/spreed/api/v1/room/{token}",
        "/apps/spreed/api/v1/room/{token}/participants/active",
        "/apps/spreed/api/v1/chat/{token}",
        "/apps/spreed/api/v1/guest/{token}/name",
    ]
)
characters = st.characters(codec="utf-8")
odd_paths = st.lists(st.text(characters, max_size=8), max_size=4).map("/".join)
paths = st.one_of(
    known_paths,
    st.builds("{}/{}".format, known_paths, st.text(characters, max_size=5)),
    odd_paths.map("/{}".format),
)
tokens = st.sampled_from(["{room}", "nosuchroom", "ab", "ABCD", "٣٣٣٣"])

names = st.sampled_from(
    [
        "format",
        "message",
        "actorDisplayName",
        "displayName",
        "password",
        "roomType",
        "roomName",
        "invite",
        "lookIntoFuture",
        "lastKnownMessageId",
        "limit",
        "timeout",
        "token",
        "ocs_version",
        "_method",
        "csrfmiddlewaretoken",
    ]
)
scalars = (
    st.sampled_from([None, True, False, 0, 1, 3, -1, 2**63, 10**40, "1", "json", "xml"])
    | st.text(max_size=20)
    | st.floats()
    | st.integers()
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=5,
)
fields = st.dictionaries(
    st.builds("{}{}".format, names, st.sampled_from(["", "[]", "[a]", "[0]"])),
    st.sampled_from(["0", "1", "2", "3", "", "json", "bob", "undefined", "9" * 40])
    | st.text(characters, max_size=20),
    max_size=4,
)


def encoded(form: dict[str, str]) -> bytes:
    """Return a query or form with these fields."""
    pairs = (f"{quote(name)}={quote(value)}" for name, value in form.items())
    return "&".join(pairs).encode()


def parts(form: dict[str, str]) -> bytes:
    """Return a multipart body with these fields, including odd characters."""
    lines = []
    for name, value in form.items():
        disposition = f'Content-Disposition: form-data; name="{name}"'
        lines += [f"--{BOUNDARY}", disposition, "", value]
    return "\r\n".join([*lines, f"--{BOUNDARY}--", ""]).encode()


json_objects = st.dictionaries(names, values, max_size=4).map(json.dumps)
bodies = st.one_of(
    st.just((b"", "")),
    st.tuples(fields.map(encoded), st.just(FORM)),
    st.tuples(fields.map(parts), st.just(MULTIPART)),
    st.tuples(json_objects.map(str.encode), st.just("application/json")),
    st.tuples(
        st.binary(max_size=60)
        | fields.map(encoded)
        | fields.map(parts)
        | json_objects.map(str.encode),
        st.sampled_from(
            [
                "",
                FORM,
                f"{FORM}; charset=latin-1",
                MULTIPART,
                f"{MULTIPART}; x=application/json",
                "multipart/form-data",
                "application/json",
                "application/json; charset=utf-16",
                "text/plain; charset=utf-16",
            ]
        ),
    ),
)
latin = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=30)
headers = st.fixed_dictionaries(
    {},
    optional={
        "HTTP_OCS_APIREQUEST": st.sampled_from(["true", "false", ""]),
        "HTTP_ACCEPT": st.sampled_from(
            ["application/json", "application/xml", "text/html", "*/*"]
        )
        | latin,
        "HTTP_AUTHORIZATION": st.sampled_from(["Basic", "Basic YTpi", "Bearer x"])
        | st.binary(max_size=20).map(
            lambda pair: f"Basic {base64.b64encode(pair).decode()}"
        )
        | latin,
        "HTTP_X_CSRFTOKEN": latin,
        "HTTP_X_REQUESTED_WITH": st.just("XMLHttpRequest"),
        "HTTP_ACCEPT_LANGUAGE": latin,
        "HTTP_IF_NONE_MATCH": st.just("*"),
        "HTTP_RANGE": st.just("bytes=0-1"),
        "HTTP_ORIGIN": st.sampled_from(["null", "https://evil.example"]),
    },
)
requests = st.fixed_dictionaries(
    {
        "version": st.sampled_from([1, 2]),
        "method": methods,
        "path": paths,
        "token": tokens,
        "query": fields.map(encoded) | st.binary(max_size=20),
        "body": bodies,
        "headers": headers,
        "client": st.sampled_from(
            ["non_participant", "guest", "user", "foreign page", "basic"]
        ),
    }
)


def meta_of(response: Any) -> tuple[int, str]:
    """Return code and status of a response, which must be an envelope."""
    kind = response["Content-Type"]
    if kind == JSON_ANSWER:
        ocs = json.loads(response.content)["ocs"]
        assert list(ocs) == ["meta", "data"]
        meta = ocs["meta"]
        assert isinstance(meta["message"], str)
        return meta["statuscode"], meta["status"]
    assert kind == XML_ANSWER
    root = ElementTree.fromstring(response.content)
    assert [child.tag for child in root] == ["meta", "data"]
    return int(root.findtext("meta/statuscode")), root.findtext("meta/status")


def check(response: Any, *, method: str, version: int) -> None:
    """Check what all responses have in common."""
    http = response.status_code
    allowed = {200, 201, 304, 400, 401, 403, 404, 405, 412, 413}
    assert http in (allowed if version == 2 else {200, 401})
    assert "Location" not in response.headers
    assert "html" not in response.get("Content-Type", "")
    if http == 304 or method == "HEAD":
        assert response.content == b""
        return
    code, status = meta_of(response)
    if version == 2:
        assert code == (997 if http == 401 else http)
        assert status == ("ok" if http < 300 else "failure")
    else:
        assert code in {100, 201, 304, 400, 403, 404, 405, 412, 413, 997, 998}
        assert status == ("ok" if code == 100 else "failure")


@pytest.fixture
def clients(alice: Any, bob: Any) -> dict[str, Client]:
    """All kinds of callers, and a room with Alice and a guest."""
    user, guest = TalkClient(alice), TalkClient()
    clients = {
        "non_participant": Client(enforce_csrf_checks=True),
        "guest": guest.http,
        "user": user.http,
        "foreign page": Client(enforce_csrf_checks=True),
        "basic": Client(),
    }
    clients["foreign page"].force_login(alice)
    clients["basic"].defaults["HTTP_AUTHORIZATION"] = basic("alice", PASSWORD)
    token = user.create_room()
    user.join(token)
    guest.join(token)
    user.say(token, "hello")
    for client in clients.values():
        client.raise_request_exception = False
    return {ROOM: token, **clients}


@override_settings(ROOT_URLCONF=__name__)
@settings(
    max_examples=400,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(requests)
def test_every_request_is_answered_in_an_envelope(clients: Any, request: Any) -> None:
    send(clients, request)


@override_settings(ROOT_URLCONF=__name__)
@settings(
    max_examples=400,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.fixed_dictionaries(
        {
            "version": st.sampled_from([1, 2]),
            "method": st.sampled_from(["GET", "POST", "DELETE"]),
            "path": known_paths,
            "token": st.just("{room}"),
            "query": fields.map(encoded),
            "body": st.one_of(
                st.just((b"", "")),
                st.tuples(fields.map(encoded), st.just(FORM)),
                st.tuples(json_objects.map(str.encode), st.just("application/json")),
            ),
            "headers": st.just({"HTTP_OCS_APIREQUEST": "true"}),
            "client": st.sampled_from(["guest", "user"]),
        }
    )
)
def test_every_value_is_accepted_or_refused(clients: Any, request: Any) -> None:
    send(clients, request)


def send(clients: Any, request: dict[str, Any]) -> None:
    """Send a request and check its response."""
    token = request["token"].format(room=clients[ROOM])
    path = request["path"].replace("{token}", token)
    body, content_type = request["body"]
    extra = {
        "PATH_INFO": f"/ocs/v{request['version']}.php{path}".encode().decode("latin-1"),
        "QUERY_STRING": request["query"].decode("latin-1"),
        "CONTENT_TYPE": content_type,
        **request["headers"],
    }
    client = clients[request["client"]]
    response = client.generic(request["method"], "/", body, content_type, **extra)
    check(response, method=request["method"].upper(), version=request["version"])
