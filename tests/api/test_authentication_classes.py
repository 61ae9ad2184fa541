"""Authentication classes of the site."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed

from tests.api.wire import (
    ACCEPT_JSON,
    CAPABILITIES,
    NOT_LOGGED_IN,
    PROFILE,
    profile,
    who,
)
from tests.client import BASE

pytestmark = pytest.mark.django_db

SESSION_CLASS = "talk.api.authentication.SessionAuthentication"

BASIC_CLASS = "talk.api.authentication.BasicAuthentication"


class HeaderAuthentication(BaseAuthentication):
    """An authentication class that reads the user name from a header."""

    def authenticate(self, request: Any) -> Any:
        name = request.headers.get("X-User")
        if name is None:
            return None
        user = get_user_model().objects.filter(username=name).first()
        if user is None:
            raise AuthenticationFailed("No such user in the directory")
        return user, "site"

    def authenticate_header(self, request: Any) -> str:
        return 'Basic realm="site"'


class BrokenAuthentication(BaseAuthentication):
    """An authentication class with a defect."""

    def authenticate(self, request: Any) -> Any:
        raise RuntimeError("directory is down")


def use(settings: Any, *classes: Any) -> None:
    """Configure these authentication classes."""
    paths = [
        name if isinstance(name, str) else f"{name.__module__}.{name.__qualname__}"
        for name in classes
    ]
    settings.TALK = {**getattr(settings, "TALK", {}), "AUTHENTICATION_CLASSES": paths}


class TestSiteClasses:
    """Which classes are used, and what happens to their failures."""

    def test_a_class_of_the_site_authenticates(self, settings: Any, alice: Any) -> None:
        use(settings, HeaderAuthentication)
        assert who(Client(), **{"X-User": "alice"}) == "alice"

    def test_a_class_that_is_not_configured_is_not_used(
        self, settings: Any, browser: Client
    ) -> None:
        use(settings, BASIC_CLASS)
        assert who(browser) is None

    def test_they_are_used_in_their_order(
        self, settings: Any, browser: Client, bob: Any
    ) -> None:
        use(settings, HeaderAuthentication, SESSION_CLASS)
        assert who(browser, **{"X-User": "bob"}) == "bob"
        assert who(browser) == "alice"

    @pytest.mark.parametrize(
        ("method", "url"),
        [
            ("GET", PROFILE),
            ("GET", CAPABILITIES),
            ("POST", f"{BASE}/room/abcd1234/participants/active"),
        ],
    )
    def test_a_failure_is_a_401_everywhere(
        self, settings: Any, method: str, url: str
    ) -> None:
        use(settings, HeaderAuthentication)
        headers = {**ACCEPT_JSON, "X-User": "nobody"}
        response = Client().generic(method, url, headers=headers)

        assert response.status_code == 401
        assert response.json()["ocs"] == {"meta": NOT_LOGGED_IN, "data": []}

    def test_a_failure_opens_no_login_dialog(self, settings: Any) -> None:
        use(settings, HeaderAuthentication)
        headers = {"X-User": "nobody", "X-Requested-With": "XMLHttpRequest"}
        response = profile(Client(), **headers)

        challenge = response.get("WWW-Authenticate", "").lower()
        assert not challenge.startswith("basic")

    def test_a_defect_is_a_500_in_the_envelope(self, settings: Any) -> None:
        use(settings, BrokenAuthentication)
        response = profile(Client(raise_request_exception=False))

        assert response.status_code == 500
        ocs = response.json()["ocs"]
        assert (ocs["meta"]["statuscode"], ocs["data"]) == (500, [])
        assert "directory" not in ocs["meta"]["message"]

    @pytest.mark.parametrize(
        ("header", "status"),
        [("Authorization", 201), ("OCS-APIRequest", 201), ("", 412)],
    )
    def test_only_the_authorization_header_makes_csrf_protection_unnecessary(
        self, settings: Any, alice: Any, header: str, status: int
    ) -> None:
        """A class may read cookies, and we cannot know whether it does."""
        use(settings, HeaderAuthentication)
        proof = {header: "true"} if header else {}
        client = Client(enforce_csrf_checks=True)
        response = client.post(
            f"{BASE}/room",
            {"roomType": 3},
            headers={**ACCEPT_JSON, "X-User": "alice", **proof},
        )

        assert response.status_code == status

    def test_a_class_that_checks_csrf_itself_chooses_the_status(
        self, settings: Any, browser: Client
    ) -> None:
        use(settings, "rest_framework.authentication.SessionAuthentication")
        response = browser.post(f"{BASE}/room", {"roomType": 3}, headers=ACCEPT_JSON)

        assert response.status_code == 403
        assert response.json()["ocs"]["meta"]["statuscode"] == 403
