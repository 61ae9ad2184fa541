"""OCS: methods that a path does not have, and HEAD."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.api.wire import (
    ACCEPT_JSON,
    ALL_METHODS,
    CAPABILITIES,
    PROFILE,
    UNKNOWN_ROUTE,
    ocs_of,
)
from tests.client import BASE

pytestmark = pytest.mark.django_db

ENDPOINTS = {  # with all methods that the document names for the path
    CAPABILITIES: {"GET"},
    PROFILE: {"GET"},
    f"{BASE}/room": {"GET", "POST"},
    f"{BASE}/room/abcd1234": {"GET", "PUT", "DELETE"},
    f"{BASE}/room/abcd1234/participants/active": {"POST", "DELETE"},
    f"{BASE}/chat/abcd1234": {"GET", "POST"},
    f"{BASE}/guest/abcd1234/name": {"POST"},
}

OTHER_METHODS = [
    (method, url)
    for url, known in ENDPOINTS.items()
    for method in ALL_METHODS
    if method not in known
]


class TestOtherMethod:
    """405 in an envelope."""

    @pytest.mark.parametrize(("method", "url"), OTHER_METHODS)
    def test_a_known_path(self, method: str, url: str) -> None:
        response = Client().generic(method, url, headers=ACCEPT_JSON)

        assert response.status_code == 405
        ocs = ocs_of(response)
        assert (ocs["meta"]["status"], ocs["meta"]["statuscode"]) == ("failure", 405)
        assert isinstance(ocs["meta"]["message"], str)
        assert ocs["data"] == []

    @pytest.mark.parametrize("method", ["OPTIONS", "PUT", "PATCH"])
    def test_it_comes_before_the_login(self, method: str) -> None:
        assert Client().generic(method, PROFILE).status_code == 405

    @pytest.mark.parametrize("method", ["OPTIONS", "PUT", "PATCH", "DELETE"])
    def test_it_comes_before_csrf(self, browser: Client, method: str) -> None:
        assert browser.generic(method, f"{BASE}/room").status_code == 405

    def test_it_says_which_methods_there_are(self) -> None:
        assert Client().delete(CAPABILITIES).headers["Allow"] == "GET, HEAD"

    def test_a_preflight_is_not_answered(self) -> None:
        response = Client().options(
            CAPABILITIES,
            headers={
                "Origin": "https://evil.example",
                "Access-Control-Request-Method": "GET",
            },
        )

        assert response.status_code == 405
        assert not [
            name for name in response.headers if "access-control" in name.lower()
        ]

    def test_a_method_cannot_be_overridden(self) -> None:
        response = Client().post(
            CAPABILITIES, {"_method": "GET"}, headers={"X-HTTP-Method-Override": "GET"}
        )

        assert response.status_code == 405


class TestHead:
    """HEAD is a GET without the body."""

    @pytest.mark.parametrize(
        ("url", "status"),
        [(CAPABILITIES, 200), (PROFILE, 401), (UNKNOWN_ROUTE, 404)],
    )
    def test_it_is_answered_like_get(self, url: str, status: int) -> None:
        head, get = (
            Client().head(url, headers=ACCEPT_JSON),
            Client().get(url, headers=ACCEPT_JSON),
        )

        assert (head.status_code, get.status_code) == (status, status)
        assert head.content == b""
        assert head["Content-Type"] == get["Content-Type"]

    def test_it_is_another_method_where_get_is(self) -> None:
        assert Client().head(f"{BASE}/guest/abcd1234/name").status_code == 405
