"""OCS: errors and their bodies."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest
from django.test import Client, override_settings

from tests.api.wire import (
    ACCEPT_JSON,
    CAPABILITIES,
    NOT_LOGGED_IN,
    PROFILE,
    UNKNOWN,
    XML_ANSWER,
    ocs_of,
)
from tests.client import BASE, TalkClient

pytestmark = pytest.mark.django_db


class TestNotLoggedIn:
    """401 with code 997, and nothing that makes a browser show a login."""

    @pytest.mark.parametrize(
        ("method", "url"),
        [("GET", PROFILE), ("GET", f"{BASE}/room"), ("POST", f"{BASE}/room")],
    )
    def test_an_endpoint_for_users_refuses(self, method: str, url: str) -> None:
        response = Client().generic(method, url, headers=ACCEPT_JSON)

        assert response.status_code == 401
        assert ocs_of(response) == {"meta": NOT_LOGGED_IN, "data": []}

    def test_xml_says_the_same(self) -> None:
        root = ElementTree.fromstring(Client().get(PROFILE).content)

        meta = {child.tag: child.text for child in root.find("meta")}
        assert meta == {**NOT_LOGGED_IN, "statuscode": "997"}
        assert len(root.find("data")) == 0

    @pytest.mark.parametrize("accept", ["text/html", "TEXT/HTML,*/*;q=0.8"])
    def test_a_browser_is_not_sent_to_a_login_page(self, accept: str) -> None:
        response = Client().get(PROFILE, headers={"Accept": accept})

        assert response.status_code == 401
        assert response["Content-Type"] == XML_ANSWER

    @pytest.mark.parametrize("requested_with", ["XMLHttpRequest", "something"])
    def test_no_challenge_opens_a_dialog(self, requested_with: str) -> None:
        headers = {"X-Requested-With": requested_with}
        response = Client().get(PROFILE, headers=headers)

        assert not response.get("WWW-Authenticate", "").lower().startswith("basic")

    def test_it_comes_before_csrf(self) -> None:
        client = Client(enforce_csrf_checks=True)
        client.post(f"{BASE}/room/nosuchroom/participants/active")
        response = client.post(f"{BASE}/room", {"roomType": 3})

        assert response.status_code == 401


class TestUnknownRoom:
    """404 for rooms that do not exist or that the caller must not know."""

    def test_an_unknown_room_is_a_404(self, as_alice: TalkClient) -> None:
        answer = as_alice.get("/room/nosuchroom")

        assert (answer.status, answer.meta["statuscode"]) == (404, 404)
        assert not answer.meta["message"].startswith(UNKNOWN)

    @pytest.mark.parametrize(
        ("method", "tail"),
        [
            ("GET", "/room/{token}"),
            ("GET", "/chat/{token}"),
            ("POST", "/chat/{token}"),
            ("POST", "/guest/{token}/name"),
            ("POST", "/room/{token}/participants/active"),
            ("DELETE", "/room/{token}/participants/active"),
        ],
    )
    def test_a_public_endpoint_is_a_404_to_non_participants(
        self, as_alice: TalkClient, method: str, tail: str
    ) -> None:
        token = as_alice.create_room(type=2)
        url = f"{BASE}{tail.format(token=token)}"
        response = Client().generic(method, url, headers=ACCEPT_JSON)

        assert response.status_code == 404
        assert ocs_of(response)["meta"]["statuscode"] == 404


class TestServerError:
    """A defect is a 500 in the envelope, and is logged."""

    @pytest.fixture
    def broken(self, monkeypatch: Any) -> Client:
        """A client of a server whose capabilities raise an error."""

        def explode() -> None:
            raise RuntimeError("secret detail")

        monkeypatch.setattr("talk.api.views.capabilities.capabilities", explode)
        return Client(raise_request_exception=False)

    def test_v2(self, broken: Client) -> None:
        response = broken.get(CAPABILITIES, headers=ACCEPT_JSON)

        assert response.status_code == 500
        ocs = ocs_of(response)
        assert (ocs["meta"]["status"], ocs["meta"]["statuscode"]) == ("failure", 500)
        assert ocs["meta"]["message"].strip() == "Internal Server Error"
        assert ocs["data"] == []

    def test_v1(self, broken: Client) -> None:
        url = CAPABILITIES.replace("v2", "v1")
        response = broken.get(url, headers=ACCEPT_JSON)

        assert response.status_code == 200
        assert ocs_of(response)["meta"]["statuscode"] == 500

    @override_settings(DEBUG=True)
    def test_it_shows_no_details(self, broken: Client) -> None:
        assert b"secret" not in broken.get(CAPABILITIES).content

    def test_it_is_logged(self, broken: Client, caplog: Any) -> None:
        broken.get(CAPABILITIES)

        assert "secret detail" in caplog.text
