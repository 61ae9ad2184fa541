"""System checks: mistakes in a site's settings, said at start-up.

Ids are never used again for something else. The README lists them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import Field, fields
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from channels.layers import InMemoryChannelLayer, get_channel_layer
from django.apps import AppConfig, apps
from django.conf import settings
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.checks import CheckMessage, Error, Warning, register
from django.template import TemplateDoesNotExist
from django.template.loader import get_template
from django.utils.module_loading import import_string

from talk.conf import KEYS, TalkSettings
from talk.domain.ice_servers import PROTOCOLS
from talk.outgoing.signaling_server import SCHEMES

REQUIRED_APPS = ("rest_framework", "channels")

REDIS_LAYERS = (
    "channels_redis.core.RedisChannelLayer",
    "channels_redis.pubsub.RedisPubSubChannelLayer",
)

SMTP_BACKEND = "django.core.mail.backends.smtp.EmailBackend"

SESSION_MIDDLEWARE = "django.contrib.sessions.middleware.SessionMiddleware"

ADDRESS = re.compile(r"(?:[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?")
"""A host, perhaps with a port; an IPv6 address is in brackets."""

TURN_KEYS = frozenset({"server", "secret", "protocols"})
SIGNALING_KEYS = frozenset({"server", "secret", "verify"})

KINDS: dict[str, tuple[Any, str]] = {
    "str": (str, "a text"),
    "int": (int, "a whole number above 0"),
    "bool": (bool, "True or False"),
    "float": ((int, float), "a number above 0"),
    "tuple[str, ...]": ((list, tuple), "a list of texts"),
    "tuple[Mapping[str, Any], ...]": ((list, tuple), "a list of dicts"),
}
"""What values of a setting's type are, and how to ask for one."""


@register
def check_settings(
    *, app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Check the `TALK` dict: its keys, the types of its values, its dotted paths."""
    if not isinstance(getattr(settings, "TALK", {}), dict):
        return [Error("TALK is no dict.", hint="TALK = {…}", id="talk.E001")]
    given = _given()
    messages: list[CheckMessage] = [
        Error(
            f"TALK has an unknown key {key!r}.",
            hint=f"Known keys: {', '.join(sorted(KEYS))}.",
            id="talk.E001",
        )
        for key in sorted(set(given) - KEYS, key=str)
    ]
    for field in fields(TalkSettings):
        if field.name in given:
            messages += _check_value(field, given[field.name])
    return messages


@register
def check_apps(
    *, app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Check that the apps we are built on are installed."""
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
    """Check that cookies can tell which browser or app a request comes from."""
    if any(_is_session_middleware(path) for path in settings.MIDDLEWARE):
        return []
    return [
        Error(
            "There is no session middleware.",
            hint=f"Add {SESSION_MIDDLEWARE!r} to MIDDLEWARE; guests live in it.",
            id="talk.E004",
        )
    ]


@register
def check_channel_layer(
    *, app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Check that hints can travel between the processes of a real site."""
    alias = _layer_alias()
    configured = _configured_layers()
    if configured and alias not in configured:
        return [
            Error(
                f"There is no channel layer {alias!r}.",
                hint="Name one of CHANNEL_LAYERS in TALK['CHANNEL_LAYER'].",
                id="talk.E005",
            )
        ]
    layer = get_channel_layer(alias)
    is_alone = layer is None or isinstance(layer, InMemoryChannelLayer)
    if settings.DEBUG or not is_alone:
        return []
    return [
        Warning(
            "The channel layer does not reach other processes.",
            hint=(
                "With more than one process, messages of the others arrive seconds late: "
                "configure channels_redis in CHANNEL_LAYERS. With one, all is well: add "
                "'talk.W001' to SILENCED_SYSTEM_CHECKS."
            ),
            id="talk.W001",
        )
    ]


@register
def check_cache(
    *, app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Check that attempts are counted once a site, not once a process."""
    alias = _given().get("CACHE", TalkSettings.CACHE)
    if alias not in settings.CACHES:
        return [
            Error(
                f"There is no cache {alias!r}.",
                hint="Name one of CACHES in TALK['CACHE'].",
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
                "With more than one process, wrong passwords are counted in each of them "
                "apart: configure Redis or another shared cache in CACHES. With one, all "
                "is well: add 'talk.W003' to SILENCED_SYSTEM_CHECKS."
            ),
            id="talk.W003",
        )
    ]


@register
def check_mail_timeout(
    *, app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Check that a mail server that does not answer holds up no later mail."""
    is_smtp = settings.EMAIL_BACKEND == SMTP_BACKEND
    if settings.DEBUG or not is_smtp or settings.EMAIL_TIMEOUT is not None:
        return []
    return [
        Warning(
            "A mail server that does not answer is waited for without end.",
            hint="Set EMAIL_TIMEOUT, to 10 seconds for example.",
            id="talk.W004",
        )
    ]


@register
def check_stun(
    *, app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Check that callers in different networks can learn their public addresses."""
    given = _given()
    # A TURN server tells them as well.
    if settings.DEBUG or given.get("STUN_SERVERS") or given.get("TURN_SERVERS"):
        return []
    return [
        Warning(
            "Calls have no STUN server.",
            hint=(
                "Callers behind different routers will not reach each other: name your "
                "own server, coturn for example, in TALK['STUN_SERVERS']. In a single "
                "network all is well: add 'talk.W005' to SILENCED_SYSTEM_CHECKS."
            ),
            id="talk.W005",
        )
    ]


@register
def check_signaling_library(
    *, app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Check that a signaling server, if there is one, can be told what happens."""
    if not _given().get("SIGNALING_SERVERS") or find_spec("urllib3") is not None:
        return []
    return [
        Error(
            "There is a signaling server, but urllib3 is not installed.",
            hint="Install django-talk[signaling].",
            id="talk.E007",
        )
    ]


@register
def check_secrets(
    *, app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Check that every TURN and signaling server has a secret that we share with it."""
    return [
        Error(
            f"A server in TALK[{key!r}] has no secret.",
            hint="Give it the `secret` that stands in the server's own configuration.",
            id="talk.E008",
        )
        for key in ("TURN_SERVERS", "SIGNALING_SERVERS")
        for server in _dicts(_given().get(key))
        if not server.get("secret")
    ]


@register
def check_page_templates(
    *, app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Check that the pages for browsers can be rendered, unless they are turned off."""
    given = _given()
    base = given.get("PAGE_BASE_TEMPLATE", TalkSettings.PAGE_BASE_TEMPLATE)
    if given.get("PAGE", TalkSettings.PAGE) is False or not isinstance(base, str):
        return []
    if not _has_template("talk/page.html"):
        return [
            Warning(
                "The pages for browsers have no templates.",
                hint=(
                    "Let TEMPLATES have Django's engine with 'APP_DIRS': True, or turn "
                    "the pages off by TALK['PAGE'] = False."
                ),
                id="talk.W006",
            )
        ]
    if base and not _has_template(base):
        return [
            Error(
                f"There is no template {base!r}.",
                hint="Name one of yours in TALK['PAGE_BASE_TEMPLATE'].",
                id="talk.E009",
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
    """Check that the Redis layer may wait for news longer than redis-py's default."""
    layer = _configured_layers().get(_layer_alias(), {})
    hosts = layer.get("CONFIG", {}).get("hosts", [None])
    is_core = layer.get("BACKEND") in REDIS_LAYERS
    if not is_core or all(_may_wait(host) for host in hosts):
        return []
    return [
        Warning(
            "The connection to Redis is given up when it is quiet for some seconds.",
            hint="Write hosts as {'address': …, 'socket_timeout': None}.",
            id="talk.W002",
        )
    ]


def _may_wait(host: Any) -> bool:
    return isinstance(host, dict) and host.get("socket_timeout", 0) is None


def _given() -> dict[str, Any]:
    """Return the site's `TALK` as it stands, which may be full of mistakes."""
    given = getattr(settings, "TALK", {})
    return given if isinstance(given, dict) else {}


def _layer_alias() -> Any:
    """Return the alias of the channel layer that is to carry hints."""
    return _given().get("CHANNEL_LAYER", TalkSettings.CHANNEL_LAYER)


def _configured_layers() -> dict[Any, Any]:
    """Return the site's channel layers by alias."""
    return getattr(settings, "CHANNEL_LAYERS", {})


def _is_session_middleware(path: str) -> bool:
    try:
        middleware = import_string(path)
    except ImportError:
        return False
    return isinstance(middleware, type) and issubclass(middleware, SessionMiddleware)


def _check_value(field: Field[Any], value: Any) -> list[CheckMessage]:
    kind, expected = KINDS[str(field.type)]
    is_right = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
    # Nothing, and none at all, make sense only where they are the default.
    is_right = is_right and (kind is bool or bool(value) or not field.default)
    if isinstance(value, int | float):
        is_right = is_right and value >= 0
    if not is_right:
        message = f"TALK[{field.name!r}] is wrong."
        return [Error(message, hint=f"Give {expected}.", id="talk.E001")]
    if field.name in SERVERS:
        return _check_servers(field.name, value)
    paths = {"ADAPTER": [value], "AUTHENTICATION_CLASSES": value}.get(field.name, [])
    return [message for path in paths for message in _check_path(field.name, path)]


def _check_path(key: str, path: str) -> list[CheckMessage]:
    try:
        import_string(path)
    except ImportError as error:
        message = f"TALK[{key!r}] names {path!r}, which cannot be imported."
        return [Error(message, hint=str(error), id="talk.E002")]
    return []


def _check_servers(key: str, servers: Sequence[Any]) -> list[CheckMessage]:
    is_right, expected = SERVERS[key]
    return [
        Error(f"TALK[{key!r}] has a wrong entry.", hint=expected, id="talk.E001")
        for server in servers
        if not is_right(server)
    ]


def _dicts(value: Any) -> list[Mapping[str, Any]]:
    """Return those of a setting's entries that are dicts; others are errors anyway."""
    entries = value if isinstance(value, list | tuple) else []
    return [entry for entry in entries if isinstance(entry, Mapping)]


def _is_stun_server(value: Any) -> bool:
    return isinstance(value, str) and _is_address(value, needs_port=True)


def _is_turn_server(value: Any) -> bool:
    if not isinstance(value, Mapping) or not value.keys() <= TURN_KEYS:
        return False
    protocols = value.get("protocols", PROTOCOLS)
    return (
        _is_address(value.get("server"), needs_port=False)
        and isinstance(value.get("secret", ""), str)
        and isinstance(protocols, list | tuple)
        and bool(protocols)
        and all(protocol in PROTOCOLS for protocol in protocols)
    )


def _is_signaling_server(value: Any) -> bool:
    if not isinstance(value, Mapping) or not value.keys() <= SIGNALING_KEYS:
        return False
    return (
        _is_server_url(value.get("server"))
        and isinstance(value.get("secret", ""), str)
        and isinstance(value.get("verify", True), bool)
    )


def _is_address(value: Any, *, needs_port: bool) -> bool:
    match = ADDRESS.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return False
    return 1 <= int(match[1]) <= 65535 if match[1] else not needs_port


def _is_server_url(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in SCHEMES and bool(parts.hostname)


SERVERS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "STUN_SERVERS": (_is_stun_server, 'Give "host:port".'),
    "TURN_SERVERS": (
        _is_turn_server,
        'Give {"server": "host:port", "secret": "…", "protocols": ["udp", "tcp"]}.',
    ),
    "SIGNALING_SERVERS": (
        _is_signaling_server,
        'Give {"server": "wss://…", "secret": "…"}, and "verify": False if need be.',
    ),
}
"""What an entry of these settings is, and how to ask for one."""
