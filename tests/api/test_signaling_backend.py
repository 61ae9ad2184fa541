"""POST /signaling/backend: signatures, and who is who."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from talk.domain.signaling_tickets import make_ticket
from tests.api.helpers import START, rows
from tests.client import BASE
from tests.external_signaling import (
    SECRET,
    SERVER,
    TALK,
    SignalingServer,
    error_of,
    sign,
    signed,
)
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

PATH = f"{BASE}/signaling/backend"
RANDOM = "0123456789abcdef" * 4
PING = (
    b'{"type":"ping","ping":{"version":"1.0","roomid":"abcd2345",'
    b'"entries":[{"sessionid":"s1"}]}}'
)
CHECKSUM = "e3e7a2b30703b9df4b65994efd0d81cfa0ef259e15cb9431d8f74001f3277553"
"""Known from elsewhere, for `PING` and `RANDOM`."""

HEADERS = {"Spreed-Signaling-Random": RANDOM, "Spreed-Signaling-Checksum": CHECKSUM}


@pytest.fixture
def server() -> SignalingServer:
    """A signaling server that shares our secret."""
    return SignalingServer()


@pytest.fixture(autouse=True)
def one_server(settings: Any) -> None:
    """The site has configured it."""
    settings.TALK = TALK


def without(name: str) -> dict[str, str]:
    """Return the right headers but one."""
    return {key: value for key, value in HEADERS.items() if not key.endswith(name)}


class TestSignature:
    """Callers that may ask."""

    def test_a_checksum_that_is_known_from_elsewhere(self, server):
        assert sign(PING, RANDOM) == CHECKSUM
        assert error_of(server.send(PING, HEADERS).data) == "no_such_room"

    def test_an_upper_case_checksum(self, server):
        headers = {**HEADERS, "Spreed-Signaling-Checksum": CHECKSUM.upper()}
        assert error_of(server.send(PING, headers).data) == "no_such_room"

    @pytest.mark.parametrize(
        "headers",
        [
            pytest.param({}, id="none"),
            pytest.param(without("Random"), id="no random"),
            pytest.param(without("Checksum"), id="no checksum"),
            pytest.param({**HEADERS, "Spreed-Signaling-Random": ""}, id="empty random"),
            pytest.param({**HEADERS, "Spreed-Signaling-Checksum": ""}, id="empty sum"),
            pytest.param(
                {**HEADERS, "Spreed-Signaling-Random": RANDOM[::-1]},
                id="another random",
            ),
            pytest.param(
                {**HEADERS, "Spreed-Signaling-Checksum": "0" * 64}, id="wrong sum"
            ),
            pytest.param(
                {**HEADERS, "Spreed-Signaling-Checksum": CHECKSUM[:-1]}, id="short sum"
            ),
            pytest.param(
                {**HEADERS, "Spreed-Signaling-Checksum": "é" * 64}, id="no ASCII in sum"
            ),
            pytest.param(
                {**HEADERS, "Spreed-Signaling-Random": "é" * 64},
                id="no ASCII in random",
            ),
            pytest.param(signed(PING, "another-secret"), id="another secret"),
            pytest.param(signed(PING, ""), id="no secret"),
            pytest.param(signed(PING + b" "), id="another body"),
        ],
    )
    def test_a_missing_or_wrong_one_is_refused(self, server, headers):
        answer = server.send(PING, headers)
        assert answer.status == 200
        assert answer.meta["statuscode"] == 200
        assert error_of(answer.data) == "invalid_request"

    @pytest.mark.parametrize(("length", "code"), [(31, "invalid_request"), (32, None)])
    def test_the_random_text_has_32_characters_or_more(
        self, server, public, length, code
    ):
        body = json.dumps({"type": "ping", "ping": {"roomid": public}}).encode()
        random = "r" * length
        headers = {
            "Spreed-Signaling-Random": random,
            "Spreed-Signaling-Checksum": sign(body, random),
        }
        data = server.send(body, headers).data
        assert (error_of(data) if data["type"] == "error" else None) == code

    @pytest.mark.parametrize(
        "talk",
        [
            {},
            {"SIGNALING_SERVERS": []},
            {"SIGNALING_SERVERS": [{**SERVER, "secret": ""}]},
            {"SIGNALING_SERVERS": [{"server": SERVER["server"]}]},
        ],
        ids=["nothing", "no server", "empty secret", "no secret"],
    )
    @pytest.mark.parametrize("secret", [SECRET, "", "None"])
    def test_without_a_secret_all_are_refused(self, settings, talk, secret):
        settings.TALK = talk
        assert error_of(SignalingServer(secret).ask(PING)) == "invalid_request"

    def test_the_secret_of_any_server_is_right(self, settings):
        servers = [{**SERVER, "secret": secret} for secret in ("one", "two", "")]
        settings.TALK = {"SIGNALING_SERVERS": servers}
        for secret in ("one", "two"):
            assert error_of(SignalingServer(secret).ask(PING)) == "no_such_room"
        for secret in ("", "onetwo", SECRET):
            assert error_of(SignalingServer(secret).ask(PING)) == "invalid_request"

    @pytest.mark.parametrize(
        "content_type",
        [
            "application/json",
            "text/plain",
            "",
            "application/x-www-form-urlencoded",
            "application/octet-stream",
        ],
    )
    def test_the_bytes_are_signed_whatever_they_are(self, server, public, content_type):
        text = (
            f' {{"type": "ping", "ping": {{"roomid": "{public}", "é": "\\u00e9"}}}}\n'
        )
        body = text.encode()
        answer = server.send(body, signed(body), content_type=content_type)
        assert answer.data["type"] == "room"

    def test_a_form_with_parts_is_refused_when_it_cannot_be_read(self, server):
        body = b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\nb\r\n--x--\r\n"
        content_type = "multipart/form-data; boundary=x"
        answer = server.send(body, signed(body), content_type=content_type)
        assert answer.status == 200
        assert error_of(answer.data) in ("unknown_type", "invalid_request")

    def test_a_body_that_is_too_large_is_refused(self, settings, server):
        settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 50
        assert error_of(server.ask(PING)) == "invalid_request"


class TestRoute:
    """How the route is asked and answers."""

    def test_no_cookie_and_no_csrf_token_is_needed(self, public):
        body = json.dumps({"type": "ping", "ping": {"roomid": public}}).encode()
        headers = {"Accept": "application/json", **signed(body)}
        client = Client(enforce_csrf_checks=True)
        response = client.generic("POST", PATH, body, headers=headers)
        assert response.status_code == 200
        assert response.json()["ocs"]["data"]["type"] == "room"
        assert not response.cookies

    def test_a_cookie_does_no_harm_and_no_good(self, alice):
        client = Client(enforce_csrf_checks=True)
        client.force_login(alice)
        headers = {"Accept": "application/json", **signed(PING)}
        response = client.generic("POST", PATH, PING, headers=headers)
        assert error_of(response.json()["ocs"]["data"]) == "no_such_room"
        response = client.post(PATH, headers={"Accept": "application/json"})
        assert error_of(response.json()["ocs"]["data"]) == "invalid_request"

    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
    def test_other_methods_are_none(self, as_guest, method):
        assert as_guest.request(method, "/signaling/backend").status == 405

    @pytest.mark.parametrize("path", [f"{PATH}/", PATH.replace("/v1", "/v3")])
    def test_no_other_path_leads_there(self, path):
        response = Client().generic(
            "POST", path, PING, headers={"Accept": "application/json", **signed(PING)}
        )
        assert response.status_code == 404

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"null",
            b"[]",
            b'"auth"',
            b"{",
            b"{}",
            b"\xff\xfe",
            b"[" * 100_000,
            b'{"type":null}',
            b'{"type":["auth"]}',
            b'{"type":"Auth"}',
            b'{"type":"session","session":{"roomid":"abcd2345","action":"add"}}',
        ],
    )
    def test_an_invalid_request_has_no_known_type(self, server, body):
        assert error_of(server.ask(body)) == "unknown_type"

    @pytest.mark.parametrize(
        ("type", "code"),
        [
            ("auth", "invalid_ticket"),
            ("room", "no_such_room"),
            ("ping", "no_such_room"),
        ],
    )
    @pytest.mark.parametrize("content", [None, [], "x", 1, {}])
    def test_a_request_that_says_nothing(self, server, type, code, content):
        assert error_of(server.ask({"type": type, type: content})) == code
        assert error_of(server.ask({"type": type})) == code

    @pytest.mark.parametrize("value", ["a\0b", "\ud800", ["x"], {"x": "y"}])
    @pytest.mark.parametrize("key", ["roomid", "userid", "sessionid", "action"])
    def test_texts_that_no_database_keeps_change_nothing(
        self, server, public, key, value
    ):
        before = rows()
        room = {"roomid": public, "userid": "alice", "sessionid": "s", key: value}
        assert error_of(server.ask({"type": "room", "room": room})) == "invalid_request"
        ping = {"roomid": public, "entries": [room, None, "x"]}
        assert server.ask({"type": "ping", "ping": ping})["type"] == "room"
        ping = {"roomid": value}
        assert error_of(server.ask({"type": "ping", "ping": ping})) == "invalid_request"
        assert rows() == before


class TestAuth:
    """`auth`: is a client who it says?"""

    def test_a_user(self, server, alice, as_alice):
        ticket = as_alice.get("/signaling/settings").data["ticket"]
        assert server.authenticate("alice", ticket) == {
            "type": "auth",
            "auth": {
                "version": "1.0",
                "userid": "alice",
                "user": {"displayname": "Alice Adams"},
            },
        }

    @pytest.mark.parametrize("user_id", ["", None, False])
    def test_a_guest(self, server, as_guest, user_id):
        ticket = as_guest.get("/signaling/settings").data["ticket"]
        told = server.authenticate(user_id, ticket)
        assert told == {"type": "auth", "auth": {"version": "1.0"}}

    def test_a_guest_whose_client_names_nobody(self, server, as_guest):
        ticket = as_guest.get("/signaling/settings").data["ticket"]
        auth = {"version": "1.0", "params": {"ticket": ticket}}
        told = server.ask({"type": "auth", "auth": auth})
        assert told == {"type": "auth", "auth": {"version": "1.0"}}

    @pytest.mark.parametrize("name", ["a:b@example.org", "1234", "Zoë"])
    def test_unusual_ids(self, server, name):
        UserFactory(username=name)
        ticket = make_ticket(user_id=name, now=START)
        assert server.authenticate(name, ticket)["auth"]["userid"] == name

    def test_an_id_that_is_a_number(self, server):
        UserFactory(username="1234")
        ticket = make_ticket(user_id="1234", now=START)
        assert server.authenticate(1234, ticket)["auth"]["userid"] == "1234"

    @pytest.mark.parametrize(
        "ticket", ["", None, "x", "a:1:alice:" + "0" * 64, "\ud800"]
    )
    def test_a_ticket_that_is_none(self, server, alice, ticket):
        code = "invalid_request" if ticket == "\ud800" else "invalid_ticket"
        assert error_of(server.authenticate("alice", ticket)) == code

    def test_the_ticket_of_somebody_else(self, server, alice, bob):
        ticket = make_ticket(user_id="bob", now=START)
        for user_id in ("alice", "", "carol"):
            assert error_of(server.authenticate(user_id, ticket)) == "invalid_ticket"

    def test_a_guests_ticket_makes_no_user(self, server, alice):
        ticket = make_ticket(user_id="", now=START)
        assert error_of(server.authenticate("alice", ticket)) == "invalid_ticket"

    def test_a_ticket_does_not_grow_old(self, server, alice):
        ticket = make_ticket(user_id="alice", now=START.replace(year=2001))
        assert server.authenticate("alice", ticket)["type"] == "auth"

    def test_a_user_who_was_deleted(self, server, alice):
        ticket = make_ticket(user_id="alice", now=START)
        alice.delete()
        assert error_of(server.authenticate("alice", ticket)) == "no_such_user"

    def test_a_user_whose_account_is_disabled(self, server, alice):
        ticket = make_ticket(user_id="alice", now=START)
        get_user_model().objects.update(is_active=False)
        assert error_of(server.authenticate("alice", ticket)) == "no_such_user"

    def test_it_costs_one_query(self, server, alice, django_assert_num_queries):
        ticket = make_ticket(user_id="alice", now=START)
        with django_assert_num_queries(1):
            server.authenticate("alice", ticket)
