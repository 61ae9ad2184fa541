"""OCS: headers of every response, errors included."""

from __future__ import annotations

import pytest
from django.test import Client, override_settings

from tests.api.wire import CAPABILITIES, PROFILE, UNKNOWN_ROUTE
from tests.client import TalkClient

pytestmark = pytest.mark.django_db


class TestHeaders:
    """Headers of any response, and of those about rooms."""

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("Cache-Control", "no-cache, no-store, must-revalidate, private"),
            ("X-Content-Type-Options", "nosniff"),
            ("X-Frame-Options", "SAMEORIGIN"),
            ("X-XSS-Protection", "1; mode=block"),
            ("X-Robots-Tag", "none"),
            ("X-Download-Options", "noopen"),
            ("X-Permitted-Cross-Domain-Policies", "none"),
        ],
    )
    @pytest.mark.parametrize("url", [CAPABILITIES, PROFILE, UNKNOWN_ROUTE])
    def test_header(self, url: str, name: str, value: str) -> None:
        # Without middleware that would set some of them.
        with override_settings(MIDDLEWARE=[]):
            assert Client().get(url).headers.get(name) == value

    @pytest.mark.parametrize("url", [CAPABILITIES, PROFILE, UNKNOWN_ROUTE])
    def test_the_content_security_policy_forbids_everything(self, url: str) -> None:
        policy = Client().get(url)["Content-Security-Policy"]

        assert "default-src 'none'" in policy

    @pytest.mark.parametrize("url", [CAPABILITIES, PROFILE, UNKNOWN_ROUTE])
    def test_no_cors_headers_are_sent(self, url: str) -> None:
        response = Client().get(url, headers={"Origin": "https://evil.example"})

        assert not [
            name for name in response.headers if "access-control" in name.lower()
        ]

    def test_rooms_have_a_hash_header(self, as_alice: TalkClient) -> None:
        token = as_alice.create_room()
        one, all_rooms = as_alice.get(f"/room/{token}"), as_alice.get("/room")

        value = one.headers["X-Nextcloud-Talk-Hash"]
        assert value
        assert all_rooms.headers["X-Nextcloud-Talk-Hash"] == value

    def test_the_room_list_has_a_time_header(self, as_alice: TalkClient) -> None:
        assert (
            int(as_alice.get("/room").headers["X-Nextcloud-Talk-Modified-Before"]) > 0
        )

    def test_conditional_headers_are_ignored(self) -> None:
        headers = {
            "If-None-Match": "*",
            "If-Modified-Since": "Mon, 01 Jan 2035 00:00:00 GMT",
        }
        middleware = "django.middleware.http.ConditionalGetMiddleware"
        with override_settings(MIDDLEWARE=[middleware]):
            response = Client().get(CAPABILITIES, headers=headers)

        assert response.status_code == 200
        assert response.content
