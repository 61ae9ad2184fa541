"""Checks of the site's other settings on which Talk depends."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from channels.exceptions import InvalidChannelLayerError
from channels.layers import InMemoryChannelLayer, get_channel_layer
from django.apps import AppConfig, apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.checks import CheckMessage, Error, Warning, register
from django.core.mail.backends.smtp import EmailBackend
from django.db import router
from django.template import TemplateDoesNotExist
from django.template.loader import get_template
from django.utils.module_loading import import_string

from talk.checks.talk_settings import given_settings
from talk.conf import TalkSettings
from talk.models import talk_database
from talk.outgoing.mail_server import mail_server

REQUIRED_APPS = ("rest_framework", "channels")

REDIS_LAYERS = (
    "channels_redis.core.RedisChannelLayer",
    "channels_redis.pubsub.RedisPubSubChannelLayer",
)

SESSION_MIDDLEWARE = "django.contrib.sessions.middleware.SessionMiddleware"

COOKIE_SESSIONS = "django.contrib.sessions.backends.signed_cookies"

IMPORTS_TALK_ASGI = re.compile(
    r"^\s*(?:import talk\.asgi|from talk\.asgi import|from talk import .*\basgi\b)",
    re.MULTILINE,
)


@register
def check_apps(
    *, app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Check that the apps that Talk requires are installed."""
    return [
        Error(
            f"{name!r} is not in INSTALLED_APPS.",
            hint=f"Add {name!r} before 'talk'.",
            id="talk.E003",
        )
        for name in REQUIRED_APPS
        if not apps.is_installed(name)
    ]


@register
def check_sessions(
    *, app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Check that requests have sessions, by which guests are recognised."""
    if any(_is_session_middleware(path) for path in settings.MIDDLEWARE):
        return []
    return [
        Error(
            "There is no session middleware, so guests cannot join.",
            hint=f"Add {SESSION_MIDDLEWARE!r} to MIDDLEWARE.",
            id="talk.E004",
        )
    ]


@register
def check_session_engine(
    *, app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Check that the server stores sessions, which cookies alone can roll back."""
    if settings.SESSION_ENGINE != COOKIE_SESSIONS:
        return []
    return [
        Warning(
            "Sessions are kept only in cookies.",
            hint=(
                "Simultaneous requests overwrite each other's changes, and an old cookie "
                "makes its owner the same guest again. Choose another SESSION_ENGINE, "
                "for example 'django.contrib.sessions.backends.cached_db'."
            ),
            id="talk.W006",
        )
    ]


@register
def check_polls(
    *, app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Check that `talk.asgi` serves long polls, outside of Django's request handler.

    The check reads the module of the ASGI application without importing it.
    """
    if settings.DEBUG or _imports_talk_asgi(
        getattr(settings, "ASGI_APPLICATION", None)
    ):
        return []
    return [
        Warning(
            "Long polls are not served by talk.asgi.",
            hint=(
                "Each waiting client holds a worker. In asgi.py, write application = "
                "talk.asgi.application(get_asgi_application()), name it in "
                "ASGI_APPLICATION and serve it. Under WSGI, or if another module "
                "does this, add 'talk.W007' to SILENCED_SYSTEM_CHECKS."
            ),
            id="talk.W007",
        )
    ]


@register
def check_connections(
    *, app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Check that connections do not outlive the threads of an ASGI server."""
    age = settings.DATABASES.get(talk_database(), {}).get("CONN_MAX_AGE", 0)
    if settings.DEBUG or age == 0 or not getattr(settings, "ASGI_APPLICATION", None):
        return []
    return [
        Warning(
            "An ASGI server keeps database connections of threads that have ended.",
            hint=(
                "Set CONN_MAX_AGE to 0, and use the connection pool of the database "
                "backend; long polls have their own connections. If only WSGI is "
                "served, add 'talk.W008' to SILENCED_SYSTEM_CHECKS."
            ),
            id="talk.W008",
        )
    ]


@register
def check_databases(
    *, app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Check that rows which change in one transaction are in one database."""
    models = [*apps.get_app_config("talk").get_models(), get_user_model()]
    aliases = {router.db_for_write(model) for model in models}
    if len(aliases) == 1:
        return []
    return [
        Error(
            "The models of Talk and the user model are in different databases: "
            f"{', '.join(sorted(aliases))}.",
            hint="Make your database routers write all of them to the same database.",
            id="talk.E011",
        )
    ]


@register
def check_channel_layer(
    *, app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Check that the channel layer carries hints between the processes of a site."""
    alias = _layer_alias()
    configured = _configured_layers()
    if configured and alias not in configured:
        return [
            Error(
                f"There is no channel layer {alias!r}.",
                hint="Set TALK['CHANNEL_LAYER'] to an alias in CHANNEL_LAYERS.",
                id="talk.E005",
            )
        ]
    try:
        layer = get_channel_layer(alias)
    except InvalidChannelLayerError as error:
        return [
            Error(
                f"The channel layer {alias!r} cannot be used: {error}",
                hint="Correct its BACKEND; channels_redis is in django-talk[redis].",
                id="talk.E010",
            )
        ]
    is_local = layer is None or isinstance(layer, InMemoryChannelLayer)
    if settings.DEBUG or not is_local:
        return []
    return [
        Warning(
            "The channel layer does not reach other processes.",
            hint=(
                "With several processes, messages from other processes arrive seconds "
                "late: configure channels_redis in CHANNEL_LAYERS. With a single "
                "process, add 'talk.W001' to SILENCED_SYSTEM_CHECKS."
            ),
            id="talk.W001",
        )
    ]


@register
def check_cache(
    *, app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Check that the processes of a site share the cache that counts attempts."""
    alias = given_settings().get("CACHE", TalkSettings.CACHE)
    if alias not in settings.CACHES:
        return [
            Error(
                f"There is no cache {alias!r}.",
                hint="Set TALK['CACHE'] to an alias in CACHES.",
                id="talk.E006",
            )
        ]
    backend = settings.CACHES[alias].get("BACKEND", "")
    if settings.DEBUG or not backend.endswith(("LocMemCache", "DummyCache")):
        return []
    return [
        Warning(
            "The cache does not reach other processes.",
            hint=(
                "With several processes, each of them counts wrong passwords separately: "
                "configure Redis or another shared cache in CACHES. With a single "
                "process, add 'talk.W003' to SILENCED_SYSTEM_CHECKS."
            ),
            id="talk.W003",
        )
    ]


@register
def check_mail_timeout(
    *, app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Check that mail has a timeout, so that a hanging server does not delay later mail."""
    try:
        server = mail_server()
    except Exception:  # noqa: BLE001 - a wrong backend raises its own error when it sends
        return []
    is_smtp = isinstance(server, EmailBackend)
    if settings.DEBUG or not is_smtp or server.timeout is not None:
        return []
    return [
        Warning(
            "Mail is sent by SMTP without a timeout.",
            hint="Set EMAIL_TIMEOUT, or `timeout` in MAILERS, for example to 10.",
            id="talk.W004",
        )
    ]


@register
def check_stun(
    *, app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Check that callers in different networks can learn their public addresses."""
    given = given_settings()
    # A TURN server also answers STUN requests.
    if settings.DEBUG or given.get("STUN_SERVERS") or given.get("TURN_SERVERS"):
        return []
    return [
        Warning(
            "Calls have no STUN server.",
            hint=(
                "Callers behind different routers cannot reach each other: name your "
                "own server, for example coturn, in TALK['STUN_SERVERS']. In a single "
                "network, add 'talk.W005' to SILENCED_SYSTEM_CHECKS."
            ),
            id="talk.W005",
        )
    ]


@register
def check_signaling_library(
    *, app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Check that urllib3 is installed if a signaling server is configured."""
    if (
        not given_settings().get("SIGNALING_SERVERS")
        or find_spec("urllib3") is not None
    ):
        return []
    return [
        Error(
            "A signaling server is configured, but urllib3 is not installed.",
            hint="Install django-talk[signaling].",
            id="talk.E007",
        )
    ]


@register
def check_page_templates(
    *, app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Check that the pages have their templates, unless they are turned off."""
    given = given_settings()
    base = given.get("PAGE_BASE_TEMPLATE", TalkSettings.PAGE_BASE_TEMPLATE)
    if given.get("PAGE", TalkSettings.PAGE) is False or not isinstance(base, str):
        return []
    if not _has_template("talk/page.html"):
        return [
            Warning(
                "The pages for browsers have no templates.",
                hint=(
                    "Add Django's engine with 'APP_DIRS': True to TEMPLATES, or turn the "
                    "pages off by TALK['PAGE'] = False."
                ),
                id="talk.W010",
            )
        ]
    if base and not _has_template(base):
        return [
            Error(
                f"There is no template {base!r}.",
                hint="Name an existing template in TALK['PAGE_BASE_TEMPLATE'].",
                id="talk.E012",
            )
        ]
    return []


def _has_template(name: str) -> bool:
    try:
        get_template(name)
    except TemplateDoesNotExist:
        return False
    return True


@register
def check_redis_timeouts(
    *, app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Check that Redis connections have no timeout, since the layer waits on them."""
    layer = _configured_layers().get(_layer_alias(), {})
    hosts = layer.get("CONFIG", {}).get("hosts", [None])
    is_core = layer.get("BACKEND") in REDIS_LAYERS
    if not is_core or all(_has_no_timeout(host) for host in hosts):
        return []
    return [
        Warning(
            "Connections of the channel layer to Redis time out while they wait.",
            hint="Write each host as {'address': …, 'socket_timeout': None}.",
            id="talk.W002",
        )
    ]


def _has_no_timeout(host: Any) -> bool:
    return isinstance(host, dict) and host.get("socket_timeout", 0) is None


def _layer_alias() -> Any:
    """Return the alias of the channel layer that carries hints."""
    return given_settings().get("CHANNEL_LAYER", TalkSettings.CHANNEL_LAYER)


def _configured_layers() -> dict[Any, Any]:
    """Return the site's channel layers by alias."""
    return getattr(settings, "CHANNEL_LAYERS", {})


def _imports_talk_asgi(path: Any) -> bool:
    """Return whether the module of an ASGI application imports `talk.asgi`."""
    module_name, _, _ = str(path or "").rpartition(".")
    try:
        spec = find_spec(module_name) if module_name else None
        source = Path(spec.origin).read_text("utf-8") if spec and spec.origin else ""
    except (ImportError, OSError, ValueError):
        return False
    return bool(IMPORTS_TALK_ASGI.search(source))


def _is_session_middleware(path: str) -> bool:
    try:
        middleware = import_string(path)
    except ImportError:
        return False
    return isinstance(middleware, type) and issubclass(middleware, SessionMiddleware)
