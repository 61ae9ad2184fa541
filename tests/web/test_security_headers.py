"""Headers of the pages."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tests.factories import RoomFactory

pytestmark = pytest.mark.django_db

NOBODYS = "nosuchroom"


def policy_of(response: Any) -> dict[str, list[str]]:
    """Return the sources that a page allows, by directive."""
    header = response.headers["Content-Security-Policy"]
    parts = [directive.split(" ") for directive in header.split("; ")]
    return {name: sources for name, *sources in parts}


@pytest.fixture(params=["room", "rooms", "not found"])
def page(request: pytest.FixtureRequest, client: Client, as_alice: Any) -> Any:
    """Each kind of page."""
    if request.param == "rooms":
        return as_alice.http.get("/apps/spreed/")
    token = RoomFactory().token if request.param == "room" else NOBODYS
    return client.get(f"/call/{token}")


class TestPolicy:
    """`Content-Security-Policy`."""

    def test_everything_comes_from_the_site(self, page):
        assert policy_of(page) == {
            "default-src": ["'none'"],
            "script-src": ["'self'"],
            "style-src": ["'self'"],
            "img-src": ["'self'", "data:", "blob:"],
            "connect-src": ["'self'"],
            "media-src": ["'self'", "blob:"],
            "font-src": ["'self'"],
            "form-action": ["'self'"],
            "frame-ancestors": ["'self'"],
            "base-uri": ["'none'"],
            "manifest-src": ["'self'"],
        }

    def test_signaling_servers_may_be_connected_to(self, client, settings):
        settings.TALK = {
            "SIGNALING_SERVERS": [
                {"server": "wss://one.example.org/standalone", "secret": "s"},
                {"server": "https://two.example.org:8443", "secret": "s"},
                {"server": "http://[::1]:8080/", "secret": "s"},
            ]
        }
        policy = policy_of(client.get(f"/call/{NOBODYS}"))
        assert policy["connect-src"] == [
            "'self'",
            "wss://one.example.org",
            "wss://two.example.org:8443",
            "ws://[::1]:8080",
        ]

    @pytest.mark.parametrize(
        ("static", "source"),
        [
            ("https://cdn.example.org/static/", "https://cdn.example.org"),
            ("//cdn.example.org/static/", "cdn.example.org"),
        ],
    )
    def test_files_may_come_from_another_host(self, client, settings, static, source):
        settings.STATIC_URL = static
        policy = policy_of(client.get(f"/call/{NOBODYS}"))
        for directive in ("script-src", "style-src", "font-src", "img-src"):
            assert source in policy[directive]
        assert source not in policy["connect-src"]

    def test_pictures_may_come_from_the_host_of_uploads(self, client, settings):
        settings.MEDIA_URL = "https://media.example.org/"
        policy = policy_of(client.get(f"/call/{NOBODYS}"))
        assert policy["img-src"][-1] == "https://media.example.org"
        assert policy["script-src"] == ["'self'"]


class TestOtherHeaders:
    """Other headers for browsers and proxies."""

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            (
                "Permissions-Policy",
                "camera=(self), microphone=(self), display-capture=(self)",
            ),
            ("Referrer-Policy", "same-origin"),
            ("X-Content-Type-Options", "nosniff"),
            ("X-Frame-Options", "SAMEORIGIN"),
            ("X-Robots-Tag", "noindex"),
            ("Cache-Control", "private, no-cache"),
            ("Content-Language", "en"),
        ],
    )
    def test_header(self, page, name, value):
        assert page.headers[name] == value

    def test_the_page_depends_on_who_looks_and_in_which_language(self, page):
        names = {name.strip() for name in page.headers["Vary"].split(",")}
        assert names >= {"Accept-Language", "Authorization", "Cookie"}
