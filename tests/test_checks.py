"""System checks: what is said about a site's settings."""

from __future__ import annotations

import pytest
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.checks import run_checks

pytestmark = pytest.mark.django_db  # some of Django's own checks ask the database

IN_MEMORY = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}

TURN = {"server": "turn.example.org", "secret": "s"}
SIGNALING = {"server": "wss://signaling.example.org", "secret": "s"}

SHARED_LAYER = {"default": {"BACKEND": "tests.test_checks.AnyOtherLayer"}}
SHARED_CACHE = {
    "default": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": "/nonexistent",
    },
}


def found() -> list[str]:
    return [message.id for message in run_checks() if message.id.startswith("talk.")]


def be_real(settings) -> None:
    """Let the site be one that is not being developed, with nothing else to warn of."""
    settings.DEBUG = False
    settings.TALK = {"STUN_SERVERS": ["stun.example.org:3478"]}


@pytest.fixture(autouse=True)
def in_debug(settings) -> None:
    settings.DEBUG = True


def test_the_defaults_are_fine() -> None:
    assert found() == []


@pytest.mark.parametrize(
    "value",
    [
        {"HUB_SHARD": 1},
        {"HUB_SHARDS": 0},
        {"HUB_SHARDS": "4"},
        {"HUB_SHARDS": True},
        {"POLL_LOOK_SECONDS": -1},
        {"TRUSTED_PROXIES": -1},
        {"SITE_URL": None},
        {"ADAPTER": ""},
        {"ADAPTER": None},
        {"AUTHENTICATION_CLASSES": "a.b"},
        {"AUTHENTICATION_CLASSES": []},
        {"STUN_SERVERS": "stun.example.org:3478"},
        {"STUN_SERVERS": ["stun.example.org"]},
        {"STUN_SERVERS": ["stun.example.org:0"]},
        {"STUN_SERVERS": ["stun.example.org:65536"]},
        {"STUN_SERVERS": ["stun:stun.example.org:3478"]},
        {"STUN_SERVERS": [3478]},
        {"TURN_SERVERS": {"server": "turn.example.org", "secret": "s"}},
        {"TURN_SERVERS": ["turn.example.org"]},
        {"TURN_SERVERS": [{"secret": "s"}]},
        {"TURN_SERVERS": [{"server": "turn.example.org:x", "secret": "s"}]},
        {"TURN_SERVERS": [{**TURN, "secret": 1}]},
        {"TURN_SERVERS": [{**TURN, "protocols": "udp"}]},
        {"TURN_SERVERS": [{**TURN, "protocols": []}]},
        {"TURN_SERVERS": [{**TURN, "protocols": ["tls"]}]},
        {"TURN_SERVERS": [{**TURN, "password": "p"}]},
        {"TURN_CREDENTIAL_SECONDS": 0},
        {"SIGNALING_SERVERS": "wss://signaling.example.org"},
        {"SIGNALING_SERVERS": ["wss://signaling.example.org"]},
        {"SIGNALING_SERVERS": [{"secret": "s"}]},
        {"SIGNALING_SERVERS": [{**SIGNALING, "server": "signaling.example.org"}]},
        {"SIGNALING_SERVERS": [{**SIGNALING, "server": "ftp://example.org"}]},
        {"SIGNALING_SERVERS": [{**SIGNALING, "server": "wss://"}]},
        {"SIGNALING_SERVERS": [{**SIGNALING, "server": "wss://[::1"}]},
        {"SIGNALING_SERVERS": [{**SIGNALING, "secret": b"s"}]},
        {"SIGNALING_SERVERS": [{**SIGNALING, "verify": "no"}]},
        {"SIGNALING_SERVERS": [{**SIGNALING, "verified": False}]},
        {"SIGNALING_TIMEOUT_SECONDS": 0},
        {"PAGE": "no"},
        {"PAGE_BASE_TEMPLATE": ""},
        {"PAGE_BASE_TEMPLATE": None},
        ["HUB_SHARDS"],
    ],
)
def test_wrong_keys_and_values_are_errors(settings, value) -> None:
    settings.TALK = value
    assert found() == ["talk.E001"]


@pytest.mark.parametrize(
    "value",
    [
        {"ADAPTER": "talk.adapters.NoSuchAdapter"},
        {"AUTHENTICATION_CLASSES": ["nowhere.Authentication"]},
    ],
)
def test_paths_that_name_nothing_are_errors(settings, value) -> None:
    settings.TALK = value
    assert found() == ["talk.E002"]


@pytest.mark.parametrize(
    "value",
    [
        {"POLL_LOOK_SECONDS": 2},
        {"POLL_LOOK_SECONDS": 0.5},
        {"HUB_SHARDS": 4},
        {"TRUSTED_PROXIES": 0},
        {"TRUSTED_PROXIES": 2},
        {"SITE_URL": ""},
        {"SITE_URL": "https://example.org"},
        {"STUN_SERVERS": []},
        {"STUN_SERVERS": ["stun.example.org:3478", "192.0.2.1:443", "[::1]:3478"]},
        {"TURN_SERVERS": []},
        {"TURN_SERVERS": [TURN, {**TURN, "protocols": ("udp",)}]},
        {"TURN_SERVERS": [{**TURN, "server": "turn.example.org:3478"}]},
        {"SIGNALING_SERVERS": ()},
        {"SIGNALING_SERVERS": [SIGNALING, {**SIGNALING, "verify": False}]},
        {"SIGNALING_SERVERS": [{**SIGNALING, "server": "http://[::1]:8080/sub/"}]},
        {"SIGNALING_TIMEOUT_SECONDS": 0.5},
        {
            "AUTHENTICATION_CLASSES": [
                "rest_framework.authentication.TokenAuthentication"
            ]
        },
    ],
)
def test_right_values_are_fine(settings, value) -> None:
    settings.TALK = value
    assert found() == []


@pytest.mark.parametrize("name", ["rest_framework", "channels"])
def test_an_app_that_is_missing_is_an_error(settings, name) -> None:
    settings.INSTALLED_APPS = [app for app in settings.INSTALLED_APPS if app != name]
    assert found() == ["talk.E003"]


def test_a_site_without_sessions_is_an_error(settings) -> None:
    name = "SessionMiddleware"
    settings.MIDDLEWARE = [path for path in settings.MIDDLEWARE if name not in path]
    assert found() == ["talk.E004"]


def test_a_session_middleware_of_the_sites_own_is_fine(settings) -> None:
    own = "tests.test_checks.OwnSessionMiddleware"
    name = "SessionMiddleware"
    settings.MIDDLEWARE = [
        own if name in path else path for path in settings.MIDDLEWARE
    ]
    assert found() == []


@pytest.mark.parametrize("layers", [{}, IN_MEMORY])
def test_a_layer_for_one_process_is_a_warning_on_a_real_site(settings, layers) -> None:
    be_real(settings)
    settings.CACHES = SHARED_CACHE
    settings.CHANNEL_LAYERS = layers
    assert found() == ["talk.W001"]


def test_a_layer_that_does_not_exist_is_an_error(settings) -> None:
    settings.TALK = {"CHANNEL_LAYER": "nowhere"}
    assert found() == ["talk.E005"]


@pytest.mark.parametrize(
    ("hosts", "expected"),
    [
        ([{"address": "redis://localhost", "socket_timeout": None}], []),
        ([{"address": "redis://localhost", "socket_timeout": 5}], ["talk.W002"]),
        ([{"address": "redis://localhost"}], ["talk.W002"]),
        (["redis://localhost"], ["talk.W002"]),
        ([("localhost", 6379)], ["talk.W002"]),
    ],
)
def test_redis_must_be_allowed_to_be_quiet(settings, hosts, expected) -> None:
    pytest.importorskip("channels_redis")
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.core.RedisChannelLayer",
            "CONFIG": {"hosts": hosts},
        },
    }
    assert found() == expected


def test_a_layer_between_processes_is_fine(settings) -> None:
    be_real(settings)
    settings.CACHES = SHARED_CACHE
    settings.CHANNEL_LAYERS = SHARED_LAYER
    assert found() == []


class OwnSessionMiddleware(SessionMiddleware):
    """A site's own way to keep sessions."""


class AnyOtherLayer:
    """Stands for a layer that reaches other processes."""

    def __init__(self, **options: object) -> None:
        pass


@pytest.mark.parametrize("backend", ["locmem.LocMemCache", "dummy.DummyCache"])
def test_a_cache_for_one_process_is_a_warning_on_a_real_site(settings, backend) -> None:
    be_real(settings)
    settings.CHANNEL_LAYERS = SHARED_LAYER
    settings.CACHES = {
        "default": {"BACKEND": f"django.core.cache.backends.{backend}"},
    }
    assert found() == ["talk.W003"]


def test_a_cache_that_does_not_exist_is_an_error(settings) -> None:
    settings.TALK = {"CACHE": "talk"}
    assert found() == ["talk.E006"]


@pytest.mark.parametrize("servers", [{}, {"STUN_SERVERS": []}])
def test_calls_without_stun_are_a_warning_on_a_real_site(settings, servers) -> None:
    be_real(settings)
    settings.CHANNEL_LAYERS = SHARED_LAYER
    settings.CACHES = SHARED_CACHE
    settings.TALK = servers
    assert found() == ["talk.W005"]


def test_a_turn_server_is_a_stun_server_too(settings) -> None:
    be_real(settings)
    settings.CHANNEL_LAYERS = SHARED_LAYER
    settings.CACHES = SHARED_CACHE
    settings.TALK = {"TURN_SERVERS": [TURN]}
    assert found() == []


def test_a_signaling_server_needs_the_library(settings, monkeypatch) -> None:
    monkeypatch.setattr("talk.checks.find_spec", lambda name: None)
    assert found() == []
    settings.TALK = {"SIGNALING_SERVERS": [SIGNALING]}
    assert found() == ["talk.E007"]


@pytest.mark.parametrize(
    ("key", "server"),
    [("TURN_SERVERS", TURN), ("SIGNALING_SERVERS", SIGNALING)],
)
@pytest.mark.parametrize("secret", [{"secret": ""}, {}], ids=["empty", "missing"])
def test_a_server_without_a_secret_is_an_error(settings, key, server, secret) -> None:
    bare = {"server": server["server"], **secret}
    settings.TALK = {key: [server, bare]}
    assert found() == ["talk.E008"]


def test_a_base_template_that_does_not_exist_is_an_error(settings) -> None:
    settings.TALK = {"PAGE_BASE_TEMPLATE": "no_such_base.html"}
    assert found() == ["talk.E009"]


def test_a_site_without_templates_cannot_have_the_pages(settings) -> None:
    settings.INSTALLED_APPS = [
        app for app in settings.INSTALLED_APPS if app != "django.contrib.admin"
    ]
    settings.TEMPLATES = []
    assert found() == ["talk.W006"]
    settings.TALK = {"PAGE": False}
    assert found() == []
