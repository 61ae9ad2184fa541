"""System checks: what is said about a site's settings."""

from __future__ import annotations

import pytest
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.checks import run_checks

from talk.adapters import DefaultAdapter
from talk.checks.site_settings import check_databases
from talk.conf import KEYS

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


def be_real_and_shared(settings) -> None:
    """Let it also be ready for several processes."""
    be_real(settings)
    settings.CHANNEL_LAYERS = SHARED_LAYER
    settings.CACHES = SHARED_CACHE


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
        {"APP_PASSWORDS_MAX": 0},
        {"BASIC_MEMORY_SECONDS": -1},
        {"POLL_RECONCILE_SECONDS": -1},
        {"POLL_RECONCILE_SECONDS": "5"},
        {"POLL_RECONCILE_SECONDS": float("inf")},
        {"POLL_RECONCILE_SECONDS": float("nan")},
        {"POLL_PING_SECONDS": -10},
        {"REAPER_SECONDS": None},
        {"NOTIFICATION_EMAILS": "yes"},
        {"NOTIFICATION_EMAILS": 1},
        {"TRUSTED_PROXIES": -1},
        {"SITE_URL": None},
        {"ADAPTER": ""},
        {"ADAPTER": None},
        {"AUTHENTICATION_CLASSES": "a.b"},
        {"AUTHENTICATION_CLASSES": []},
        {"AUTHENTICATION_CLASSES": [None]},
        {"SITE_URL": "example.org"},
        {"SITE_URL": "ftp://example.org"},
        {"SITE_URL": "https://"},
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
        {"ADAPTER": "talk.adapters.get_adapter"},
        {"ADAPTER": "talk.exceptions.TalkError"},
        {"AUTHENTICATION_CLASSES": ["rest_framework.permissions.AllowAny"]},
    ],
)
def test_paths_that_name_something_else_are_errors(settings, value) -> None:
    settings.TALK = value
    assert found() == ["talk.E009"]


@pytest.mark.parametrize(
    "value", [{key: wrong} for key in sorted(KEYS) for wrong in (object(), -1)]
)
def test_no_key_takes_just_anything(settings, value) -> None:
    settings.TALK = value
    assert "talk.E001" in found()


@pytest.mark.parametrize(
    "value",
    [
        {"BASIC_MEMORY_SECONDS": 0},
        {"POLL_RECONCILE_SECONDS": 2},
        {"NOTIFICATION_EMAILS": True},
        {"ADAPTER": "tests.test_checks.OwnAdapter"},
        {"POLL_PING_SECONDS": 29},
        {"POLL_RECONCILE_SECONDS": 0.5},
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


@pytest.mark.parametrize("value", ["a", None, 5, [("HUB_SHARDS", 1)]])
def test_the_setting_must_be_a_dict(settings, value) -> None:
    settings.TALK = value
    assert found() == ["talk.E001"]


def test_an_error_says_what_to_give_instead(settings) -> None:
    settings.TALK = {"HUB_SHARDS": "4"}
    (message,) = [m for m in run_checks() if m.id == "talk.E001"]
    assert message.msg == "TALK['HUB_SHARDS'] is wrong: '4'."
    assert message.hint == "Give a whole number above 0."


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


def test_sessions_in_cookies_are_a_warning(settings) -> None:
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    assert found() == ["talk.W006"]


@pytest.mark.parametrize("name", ["db", "cache", "cached_db", "file"])
def test_sessions_on_the_server_are_fine(settings, name) -> None:
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{name}"
    assert found() == []


@pytest.mark.parametrize(
    "path",
    [
        None,
        "",
        "application",
        "nowhere.application",
        "tests.nowhere.application",
        "example_project.wsgi.application",
        "sys.application",
    ],
)
def test_polls_past_our_door_are_a_warning_on_a_real_site(settings, path) -> None:
    be_real_and_shared(settings)
    settings.ASGI_APPLICATION = path
    assert found() == ["talk.W007"]


@pytest.mark.parametrize(
    "line",
    [
        "import talk.asgi",
        "from talk.asgi import application as door",
        "from talk import asgi",
        "    import talk.asgi",
    ],
)
def test_polls_through_our_door_are_fine(settings, tmp_path, monkeypatch, line) -> None:
    (tmp_path / "own_asgi.py").write_text(f"raise RuntimeError\nif 1:\n  {line}\n")
    monkeypatch.syspath_prepend(tmp_path)
    be_real_and_shared(settings)
    settings.ASGI_APPLICATION = "own_asgi.application"
    assert found() == []


@pytest.mark.parametrize("line", ["# import talk.asgi", "from talk import signals"])
def test_a_module_that_speaks_of_us_is_no_door(
    settings, tmp_path, monkeypatch, line
) -> None:
    (tmp_path / "other_asgi.py").write_text(f"{line}\n")
    monkeypatch.syspath_prepend(tmp_path)
    be_real_and_shared(settings)
    settings.ASGI_APPLICATION = "other_asgi.application"
    assert found() == ["talk.W007"]


@pytest.mark.parametrize("age", [60, None])
def test_connections_that_outlive_asgi_threads_are_a_warning(
    settings, monkeypatch, age
) -> None:
    be_real_and_shared(settings)
    monkeypatch.setitem(settings.DATABASES["default"], "CONN_MAX_AGE", age)
    assert found() == ["talk.W008"]


def test_connections_that_outlive_requests_are_fine_without_asgi(
    settings, monkeypatch
) -> None:
    be_real_and_shared(settings)
    monkeypatch.setitem(settings.DATABASES["default"], "CONN_MAX_AGE", 60)
    settings.ASGI_APPLICATION = None
    assert found() == ["talk.W007"]


class UsersElsewhere:
    """A router that keeps accounts in a database of their own."""

    def db_for_write(self, model, **hints):
        return "people" if model._meta.app_label == "auth" else None


class AllElsewhere:
    """A router that keeps accounts and rooms together."""

    def db_for_write(self, model, **hints):
        return "people" if model._meta.app_label in ("auth", "talk") else None


def test_models_in_two_databases_are_an_error(settings) -> None:
    settings.DATABASE_ROUTERS = ["tests.test_checks.UsersElsewhere"]
    assert [m.id for m in check_databases(app_configs=None)] == ["talk.E011"]


def test_models_in_one_other_database_are_fine(settings) -> None:
    settings.DATABASE_ROUTERS = ["tests.test_checks.AllElsewhere"]
    assert check_databases(app_configs=None) == []


@pytest.mark.parametrize("seconds", [30, 200.5])
def test_pings_that_come_too_seldom_are_a_warning(settings, seconds) -> None:
    settings.TALK = {"POLL_PING_SECONDS": seconds}
    assert found() == ["talk.W009"]


@pytest.mark.parametrize(
    "layer", [{"BACKEND": "channels_of_nobody.core.Layer"}, {"CONFIG": {}}]
)
def test_a_layer_that_cannot_be_imported_is_an_error(settings, layer) -> None:
    settings.CHANNEL_LAYERS = {"default": layer}
    assert found() == ["talk.E010"]


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


class OwnAdapter(DefaultAdapter):
    """A site's own answers."""


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
    monkeypatch.setattr("talk.checks.site_settings.find_spec", lambda name: None)
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
    assert found() == ["talk.E012"]


def test_a_site_without_templates_cannot_have_the_pages(settings) -> None:
    settings.INSTALLED_APPS = [
        app for app in settings.INSTALLED_APPS if app != "django.contrib.admin"
    ]
    settings.TEMPLATES = []
    assert found() == ["talk.W010"]
    settings.TALK = {"PAGE": False}
    assert found() == []
