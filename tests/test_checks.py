"""System checks: what is said about a site's settings."""

from __future__ import annotations

import pytest
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.checks import run_checks

pytestmark = pytest.mark.django_db  # some of Django's own checks ask the database

IN_MEMORY = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}

SHARED_LAYER = {"default": {"BACKEND": "tests.test_checks.AnyOtherLayer"}}
SHARED_CACHE = {
    "default": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": "/nonexistent",
    },
}


def found() -> list[str]:
    return [message.id for message in run_checks() if message.id.startswith("talk.")]


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
    settings.DEBUG = False
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
    settings.DEBUG = False
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
    settings.DEBUG = False
    settings.CHANNEL_LAYERS = SHARED_LAYER
    settings.CACHES = {
        "default": {"BACKEND": f"django.core.cache.backends.{backend}"},
    }
    assert found() == ["talk.W003"]


def test_a_cache_that_does_not_exist_is_an_error(settings) -> None:
    settings.TALK = {"CACHE": "talk"}
    assert found() == ["talk.E006"]
