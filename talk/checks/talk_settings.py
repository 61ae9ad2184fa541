"""Checks of the `TALK` setting: its keys and its values."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import Field, fields
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.utils.module_loading import import_string
from rest_framework.authentication import BaseAuthentication

from talk.adapters import DefaultAdapter
from talk.conf import KEYS, TalkSettings
from talk.constants import ACTIVE_SECONDS
from talk.domain.ice_servers import PROTOCOLS
from talk.outgoing.signaling_server import SCHEMES

ADDRESS = re.compile(r"(?:[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?")
"""A host with an optional port; an IPv6 address is in brackets."""

SITE_SCHEMES = ("http", "https")

BASES: dict[str, type] = {
    "ADAPTER": DefaultAdapter,
    "AUTHENTICATION_CLASSES": BaseAuthentication,
}
"""Base class of the objects that the dotted paths of a setting name."""

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
"""Python types and description of the values, by the annotation of the setting."""

ZERO_ALLOWED = frozenset(
    {"BASIC_MEMORY_SECONDS", "METRICS_LOG_SECONDS", "POLL_MEMORY_SECONDS"}
)
"""Keys that accept 0 although it is not the default."""


@register
def check_settings(
    *, app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Check the `TALK` dict: its keys, the types of its values, its dotted paths."""
    if not isinstance(getattr(settings, "TALK", {}), dict):
        return [Error("TALK is not a dict.", hint="TALK = {…}", id="talk.E001")]
    given = given_settings()
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
def check_pings(
    *, app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Check that waiting participants are pinged often enough to count as active."""
    seconds = given_settings().get("POLL_PING_SECONDS", TalkSettings.POLL_PING_SECONDS)
    if not isinstance(seconds, int | float) or seconds < ACTIVE_SECONDS:
        return []
    return [
        Warning(
            "Waiting participants are pinged too seldom to count as active.",
            hint=f"Set TALK['POLL_PING_SECONDS'] well below {ACTIVE_SECONDS}.",
            id="talk.W009",
        )
    ]


@register
def check_secrets(
    *, app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Check that every TURN and signaling server has a shared secret."""
    return [
        Error(
            f"A server in TALK[{key!r}] has no secret.",
            hint="Copy the `secret` from the configuration of the server.",
            id="talk.E008",
        )
        for key in ("TURN_SERVERS", "SIGNALING_SERVERS")
        for server in _dicts(given_settings().get(key))
        if not server.get("secret")
    ]


def given_settings() -> dict[str, Any]:
    """Return the site's `TALK` unvalidated; empty if it is not a dict."""
    given = getattr(settings, "TALK", {})
    return given if isinstance(given, dict) else {}


def _check_value(field: Field[Any], value: Any) -> list[CheckMessage]:
    kind, expected = KINDS[str(field.type)]
    is_right = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
    # 0 and empty values are valid only if they are the default.
    may_be_empty = not field.default or field.name in ZERO_ALLOWED
    is_right = is_right and (kind is bool or bool(value) or may_be_empty)
    if isinstance(value, int | float):
        is_right = is_right and 0 <= value < math.inf
    if not is_right:
        message = f"TALK[{field.name!r}] is wrong: {value!r}."
        return [Error(message, hint=f"Give {expected}.", id="talk.E001")]
    if field.name in SERVERS:
        return _check_servers(field.name, value)
    if field.name == "SITE_URL" and value and not _is_url(value, SITE_SCHEMES):
        message = f"TALK[{field.name!r}] is wrong."
        hint = 'Give "https://…", including the prefix of the URLs of Talk.'
        return [Error(message, hint=hint, id="talk.E001")]
    paths = {"ADAPTER": [value], "AUTHENTICATION_CLASSES": value}.get(field.name, [])
    return [message for path in paths for message in _check_path(field.name, path)]


def _check_path(key: str, path: Any) -> list[CheckMessage]:
    if not isinstance(path, str):
        message = f"TALK[{key!r}] has a wrong entry."
        return [Error(message, hint="Give dotted paths.", id="talk.E001")]
    try:
        target = import_string(path)
    except ImportError as error:
        message = f"TALK[{key!r}] names {path!r}, which cannot be imported."
        return [Error(message, hint=str(error), id="talk.E002")]
    base = BASES[key]
    if isinstance(target, type) and issubclass(target, base):
        return []
    return [
        Error(
            f"TALK[{key!r}] names {path!r}, which is not of the required class.",
            hint=f"Name a subclass of {base.__module__}.{base.__qualname__}.",
            id="talk.E009",
        )
    ]


def _check_servers(key: str, servers: Sequence[Any]) -> list[CheckMessage]:
    is_right, expected = SERVERS[key]
    return [
        Error(f"TALK[{key!r}] has a wrong entry.", hint=expected, id="talk.E001")
        for server in servers
        if not is_right(server)
    ]


def _dicts(value: Any) -> list[Mapping[str, Any]]:
    """Return the entries that are dicts; `check_settings` reports the others."""
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
        _is_url(value.get("server"), SCHEMES)
        and isinstance(value.get("secret", ""), str)
        and isinstance(value.get("verify", True), bool)
    )


def _is_address(value: Any, *, needs_port: bool) -> bool:
    match = ADDRESS.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return False
    return 1 <= int(match[1]) <= 65535 if match[1] else not needs_port


def _is_url(value: Any, schemes: Container[str]) -> bool:
    if not isinstance(value, str):
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in schemes and bool(parts.hostname)


SERVERS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "STUN_SERVERS": (_is_stun_server, 'Give "host:port".'),
    "TURN_SERVERS": (
        _is_turn_server,
        'Give {"server": "host:port", "secret": "…", "protocols": ["udp", "tcp"]}.',
    ),
    "SIGNALING_SERVERS": (
        _is_signaling_server,
        'Give {"server": "wss://…", "secret": "…"}, and "verify": False if necessary.',
    ),
}
"""Validator and description of the entries of these settings."""
