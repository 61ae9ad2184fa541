"""CSRF protection."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.test import Client
from rest_framework.authentication import BaseAuthentication

from talk.models import Message
from tests.api.wire import JSON_ANSWER, XML_ANSWER, basic
from tests.client import BASE
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db

CSRF_FAILED = {
    "status": "failure",
    "statuscode": 412,
    "message": "CSRF check failed",
}


class TestCSRF:
    """Unsafe requests that a cookie authenticates need a proof."""

    @pytest.fixture
    def guest(self, public: str) -> Client:
        """The browser of a guest of the room, as a page of another site may use it."""
        client = Client(enforce_csrf_checks=True)
        url = f"{BASE}/room/{public}/participants/active"
        assert client.post(url).status_code == 200
        return client

    def say(self, client: Client, token: str, **headers: str) -> Any:
        """Post a message by a form, as a page of any site can."""
        return client.post(
            f"{BASE}/chat/{token}",
            {"message": "hello", "format": "json"},
            headers=headers,
        )

    def assert_csrf_failed(self, response: Any) -> None:
        """Check that the request was refused and no message was stored."""
        assert response.status_code == 412
        assert response["Content-Type"] == JSON_ANSWER
        assert response.json()["ocs"] == {"meta": CSRF_FAILED, "data": []}
        assert not Message.objects.filter(text="hello").exists()

    def test_a_user_with_a_cookie_is_refused(
        self, browser: Client, public: str
    ) -> None:
        self.assert_csrf_failed(self.say(browser, public))

    def test_a_guest_with_a_cookie_is_refused(self, guest: Client, public: str) -> None:
        self.assert_csrf_failed(self.say(guest, public))

    @pytest.mark.parametrize(
        ("method", "tail"),
        [
            ("POST", "/room"),
            ("POST", "/room/{token}/participants/active"),
            ("DELETE", "/room/{token}/participants/active"),
            ("POST", "/chat/{token}"),
            ("POST", "/guest/{token}/name"),
        ],
    )
    def test_every_unsafe_request_is_refused(
        self, browser: Client, public: str, method: str, tail: str
    ) -> None:
        url = f"{BASE}{tail.format(token=public)}?format=json&message=hello&roomType=3"
        self.assert_csrf_failed(browser.generic(method, url))

    def test_on_v1_the_refusal_is_a_200(self, browser: Client, public: str) -> None:
        url = f"{BASE}/chat/{public}?format=json".replace("v2.php", "v1.php")
        response = browser.post(url, {"message": "hello"})

        assert response.status_code == 200
        assert response.json()["ocs"]["meta"]["statuscode"] == 412
        assert not Message.objects.filter(text="hello").exists()

    @pytest.mark.parametrize("accept", ["text/html", "*/*"])
    def test_the_refusal_is_never_an_html_page(
        self, browser: Client, public: str, accept: str
    ) -> None:
        response = browser.post(f"{BASE}/chat/{public}", headers={"Accept": accept})

        assert response.status_code == 412
        assert response["Content-Type"] == XML_ANSWER

    @pytest.mark.parametrize(
        "name", ["OCS-APIRequest", "ocs-apirequest", "OCS-APIREQUEST"]
    )
    def test_the_header_suffices_for_a_user(
        self, browser: Client, public: str, name: str
    ) -> None:
        assert self.say(browser, public, **{name: "true"}).status_code == 201

    def test_the_header_suffices_for_a_guest(self, guest: Client, public: str) -> None:
        response = self.say(guest, public, **{"OCS-APIRequest": "true"})

        assert response.status_code == 201

    @pytest.mark.parametrize("value", ["True", "TRUE", "1", "false", "", "true, true"])
    def test_the_header_must_be_exactly_true(
        self, browser: Client, public: str, value: str
    ) -> None:
        self.assert_csrf_failed(self.say(browser, public, **{"OCS-APIRequest": value}))

    def test_the_header_does_not_count_as_a_parameter(
        self, browser: Client, public: str
    ) -> None:
        url = f"{BASE}/chat/{public}?OCS-APIRequest=true&message=hello&format=json"
        self.assert_csrf_failed(browser.post(url))

    @pytest.mark.parametrize("who_asks", ["user", "guest"])
    def test_djangos_token_suffices(
        self, browser: Client, guest: Client, public: str, who_asks: str
    ) -> None:
        client = browser if who_asks == "user" else guest
        secret = "a" * 32
        client.cookies[django_settings.CSRF_COOKIE_NAME] = secret
        response = self.say(client, public, **{"X-CSRFToken": secret})

        assert response.status_code == 201

    def test_a_wrong_token_of_django_is_refused(
        self, browser: Client, public: str
    ) -> None:
        browser.cookies[django_settings.CSRF_COOKIE_NAME] = "a" * 32
        self.assert_csrf_failed(self.say(browser, public, **{"X-CSRFToken": "b" * 32}))

    def test_a_token_without_its_cookie_is_refused(
        self, browser: Client, public: str
    ) -> None:
        self.assert_csrf_failed(self.say(browser, public, **{"X-CSRFToken": "a" * 32}))

    def test_a_cookie_without_its_token_is_refused(
        self, browser: Client, public: str
    ) -> None:
        browser.cookies[django_settings.CSRF_COOKIE_NAME] = "a" * 32
        self.assert_csrf_failed(self.say(browser, public))

    @pytest.mark.parametrize(
        "tail", ["/room", "/room/{token}", "/chat/{token}?lookIntoFuture=0"]
    )
    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    def test_reading_needs_nothing(
        self, browser: Client, public: str, method: str, tail: str
    ) -> None:
        url = f"{BASE}{tail.format(token=public)}"
        assert browser.generic(method, url).status_code in (200, 304)

    def test_reading_as_a_guest_needs_nothing(self, guest: Client, public: str) -> None:
        assert guest.get(f"{BASE}/room/{public}").status_code == 200

    def test_a_password_needs_nothing(self, alice: Any, public: str) -> None:
        client = Client(enforce_csrf_checks=True)
        headers = {"Authorization": basic("alice", PASSWORD)}

        assert self.say(client, public, **headers).status_code == 201

    def test_a_password_needs_nothing_with_the_cookie_of_a_guest(
        self, alice: Any, guest: Client, public: str
    ) -> None:
        headers = {"Authorization": basic("alice", PASSWORD)}
        response = self.say(guest, public, **headers)

        assert response.status_code == 201
        assert response.json()["ocs"]["data"]["actorId"] == "alice"

    def test_a_password_is_ignored_with_a_logged_in_session(
        self, browser: Client, public: str
    ) -> None:
        headers = {"Authorization": basic("alice", PASSWORD)}
        self.assert_csrf_failed(self.say(browser, public, **headers))

    def test_a_wrong_password_does_not_help_a_guest(
        self, alice: Any, guest: Client, public: str
    ) -> None:
        headers = {"Authorization": basic("alice", "wrong")}
        self.assert_csrf_failed(self.say(guest, public, **headers))

    def test_a_first_join_needs_nothing(self, public: str) -> None:
        client = Client(enforce_csrf_checks=True)
        url = f"{BASE}/room/{public}/participants/active"

        assert client.post(url).status_code == 200

    def test_a_guest_cannot_be_made_to_leave(self, guest: Client, public: str) -> None:
        url = f"{BASE}/room/{public}/participants/active?format=json"
        self.assert_csrf_failed(guest.delete(url))
        headers = {"OCS-APIRequest": "true"}
        assert guest.delete(url, headers=headers).status_code == 200

    def test_an_unrelated_cookie_needs_nothing(self, public: str) -> None:
        client = Client(enforce_csrf_checks=True)
        client.cookies["theme"] = "dark"
        url = f"{BASE}/room/{public}/participants/active"

        assert client.post(url).status_code == 200

    @pytest.mark.parametrize(
        ("body", "content_type"),
        [
            ("x", "multipart/form-data"),
            ("x", "multipart/form-data; boundary=ü"),
            ("{", "application/json"),
            ("a=1", "application/x-www-form-urlencoded; charset=latin-1"),
            ("x", "nonsense"),
        ],
    )
    def test_an_unreadable_body_is_refused(
        self, browser: Client, public: str, body: str, content_type: str
    ) -> None:
        url = f"{BASE}/chat/{public}?format=json&message=hello"
        self.assert_csrf_failed(browser.generic("POST", url, body, content_type))


class CookieAuthentication(BaseAuthentication):
    """An authentication class of the site that reads a cookie."""

    def authenticate(self, request):
        name = request.COOKIES.get("who")
        return (User.objects.get(username=name), None) if name else None


@pytest.mark.parametrize(
    ("headers", "status"), [({}, 412), ({"OCS-APIRequest": "true"}, 201)]
)
def test_a_cookie_of_the_sites_own_class_needs_the_header_too(
    alice: Any, settings: Any, headers: dict[str, str], status: int
) -> None:
    path = f"{CookieAuthentication.__module__}.{CookieAuthentication.__qualname__}"
    settings.TALK = {"AUTHENTICATION_CLASSES": [path]}
    client = Client(enforce_csrf_checks=True)
    client.cookies["who"] = "alice"
    response = client.post(f"{BASE}/room", {"roomType": 3}, headers=headers)
    assert response.status_code == status
