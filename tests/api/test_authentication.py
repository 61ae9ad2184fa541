"""Authentication by session, and sites that require a login everywhere."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client

from tests.api.wire import ACCEPT_JSON, CAPABILITIES, PROFILE, UNKNOWN_ROUTE, basic, who
from tests.client import BASE, TalkClient
from tests.factories import PASSWORD, RoomFactory

pytestmark = pytest.mark.django_db


class TestSession:
    """Sessions of Django."""

    def test_a_logged_in_session_is_its_user(self, browser: Client) -> None:
        assert who(browser) == "alice"

    def test_a_request_without_session_is_anonymous(self) -> None:
        assert who(Client()) is None

    def test_an_ended_session_is_anonymous(self, browser: Client) -> None:
        browser.logout()
        assert who(browser) is None

    def test_a_forged_cookie_is_anonymous(self) -> None:
        client = Client()
        client.cookies[django_settings.SESSION_COOKIE_NAME] = "a" * 32
        assert who(client) is None

    def test_the_session_of_a_disabled_account_is_anonymous(
        self, alice: Any, browser: Client
    ) -> None:
        alice.is_active = False
        alice.save()
        assert who(browser) is None

    def test_it_wins_over_another_users_password(
        self, browser: Client, bob: Any
    ) -> None:
        assert who(browser, Authorization=basic("bob", PASSWORD)) == "alice"

    @pytest.mark.parametrize("value", [basic("bob", "wrong"), "Basic", "Bearer x"])
    def test_it_wins_over_a_wrong_header(self, browser: Client, value: str) -> None:
        assert who(browser, Authorization=value) == "alice"

    def test_a_backend_that_keeps_disabled_accounts_makes_no_difference(
        self, alice: Any, browser: Client, settings: Any
    ) -> None:
        backend = "django.contrib.auth.backends.AllowAllUsersModelBackend"
        settings.AUTHENTICATION_BACKENDS = [backend]
        browser.force_login(alice, backend=backend)
        assert who(browser) == "alice"
        alice.is_active = False
        alice.save()
        assert who(browser) is None


class TestLoginRequired:
    """A site may require a login everywhere; the API's endpoints check for themselves."""

    @pytest.fixture(autouse=True)
    def login_required(self, settings: Any) -> None:
        """Enable Django's `LoginRequiredMiddleware`."""
        middleware = "django.contrib.auth.middleware.LoginRequiredMiddleware"
        settings.MIDDLEWARE = [*settings.MIDDLEWARE, middleware]

    @pytest.mark.parametrize(
        ("url", "status"),
        [
            (CAPABILITIES, 200),
            (PROFILE, 401),
            (f"{BASE}/room", 401),
            (f"{BASE}/room/nosuchroom", 404),
            (f"{BASE}/chat/nosuchroom", 404),
            (UNKNOWN_ROUTE, 404),
        ],
    )
    def test_anonymous_callers_are_answered(self, url: str, status: int) -> None:
        response = Client().get(url, headers=ACCEPT_JSON)

        assert response.status_code == status
        assert "meta" in response.json()["ocs"]

    def test_guests_can_join_and_talk(self) -> None:
        guest, room = TalkClient(), RoomFactory()
        guest.join(room.token)

        assert guest.post(f"/chat/{room.token}", message="hello").status == 201

    def test_guests_can_choose_a_name(self) -> None:
        guest, room = TalkClient(), RoomFactory()
        guest.join(room.token)

        assert guest.post(f"/guest/{room.token}/name", displayName="G").status == 200

    def test_a_password_is_enough(self, alice: Any) -> None:
        assert who(Client(), Authorization=basic("alice", PASSWORD)) == "alice"

    def test_another_method_is_no_redirect(self) -> None:
        assert Client().delete(CAPABILITIES).status_code == 405
