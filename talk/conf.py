"""The `TALK` setting: its keys, with their defaults and reasons.

A site writes one dict into its settings::

    TALK = {"HUB_SHARDS": 4}

The dict is read when it is first needed, and again after a test changes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed


@dataclass(frozen=True, kw_only=True)
class TalkSettings:
    """One field per key of `TALK`. Durations are seconds, limits end in `_MAX`."""

    ADAPTER: str = "talk.adapters.DefaultAdapter"
    """Dotted path of a subclass of `talk.adapters.DefaultAdapter`."""

    AUTHENTICATION_CLASSES: tuple[str, ...] = (
        "talk.api.authentication.SessionAuthentication",
        "talk.api.authentication.BearerAuthentication",
        "talk.api.authentication.BasicAuthentication",
    )
    """DRF authentication classes, tried in this order. `REST_FRAMEWORK` is not read."""

    APP_PASSWORDS_MAX: int = 100
    """App passwords that a user may have, one for each bot or device. The limit bounds
    what a client leaves behind that requests a new one at each start."""

    BASIC_MEMORY_SECONDS: int = 60
    """Time for which a process remembers a correct password, so that bots that send it
    with each request do not cost a slow hash each time; 0 for never. Within this time,
    a directory (LDAP) is not asked again; a new password in the database takes effect
    at once."""

    CACHE: str = "default"
    """Alias in `CACHES` of the cache that counts attempts."""

    CHANNEL_LAYER: str = "default"
    """Alias in `CHANNEL_LAYERS` of the layer that carries hints between processes."""

    HUB_SHARDS: int = 1
    """Groups over which hints are spread. Raise it only when one Redis is too slow."""

    POLL_THREADS: int = 4
    """Threads, each with a database connection, that query for all long polls of a
    process; the same number of threads authenticates their callers."""

    POLL_CONNECTION_MAX_AGE_SECONDS: float = 600
    """Age at which such a thread replaces its connection, instead of `CONN_MAX_AGE`."""

    POLL_RECONCILE_SECONDS: float = 5
    """Interval at which a process compares what it knows with the database, in case hints
    were lost. It checks participants only in rooms whose presence has changed; every
    sixth time it checks all of them, and so finds accounts that were disabled without a
    hint."""

    POLL_PING_SECONDS: float = 10
    """Interval at which the sessions of waiting polls are pinged; well below the 30 s for
    which `count` takes a participant as active."""

    POLL_MEMORY_SECONDS: float = 60
    """Time for which a process remembers the caller of a poll, so that the next poll
    needs no authentication; 0 for never. Changes that Talk hears of, such as a logout,
    take effect at once."""

    POLL_WAITERS_MAX: int = 20_000
    """Polls that may wait in a process, at about 20 KiB each; further ones are answered
    at once."""

    GUEST_POLLS_MAX: int = 500
    """Polls of guests from one address that may wait in a process; further ones are
    answered at once."""

    TUNE_GC: bool = True
    """Whether full garbage collections are rare in a process with waiting polls: each one
    delays thousands of polls by a tenth of a second."""

    METRICS_LOG_SECONDS: float = 300
    """Interval at which a process logs its counters (`talk.metrics`, INFO); 0 for
    never."""

    FALLBACK_POLL_SECONDS_MAX: float = 10
    """Longest wait of a poll that holds a worker; below the 30 s of gunicorn's timeout."""

    FALLBACK_POLLS_MAX: int = 4
    """Polls that may hold a worker of a process at the same time; further ones are
    answered at once."""

    SIGNALING_POLL_SECONDS: int = 30
    """Time for which a poll of internal signaling waits; the API has no parameter."""

    REAPER_SECONDS: float = 30
    """Interval at which the ASGI processes of a site, one at a time, delete dead sessions
    and what depends on them."""

    GUEST_JOINS_MAX: int = 60
    """Anonymous joins from one address in `GUEST_JOINS_SECONDS`. Each creates rows; a
    school class behind one address stays well below the limit."""

    GUEST_JOINS_SECONDS: int = 60
    """Period for which anonymous joins are counted."""

    GUEST_MESSAGES_MAX: int = 120
    """Messages of guests from one address in `GUEST_MESSAGES_SECONDS`. A school class
    that talks behind one address stays below the limit; a flood does not."""

    GUEST_MESSAGES_SECONDS: int = 60
    """Period for which messages of guests are counted."""

    PASSWORD_ATTEMPTS_MAX: int = 10
    """Wrong passwords that one address may try for one room, or for one account by HTTP
    Basic, in `PASSWORD_ATTEMPTS_SECONDS`."""

    PASSWORD_ATTEMPTS_SECONDS: int = 300
    """Period for which wrong passwords are counted. With the default of 10 attempts that
    is about 3,000 a day, too few to find any but the most common passwords."""

    TRUSTED_PROXIES: int = 0
    """Number of proxies in front of the site whose `X-Forwarded-For` is trusted."""

    SITE_URL: str = ""
    """Address below which the app's URLs are, for links in mails; if empty, that of the
    request."""

    NOTIFICATION_EMAILS: bool = False
    """Whether to mail notifications of comments to users who are not connected; read when
    the site starts."""

    OUTGOING_QUEUE_MAX: int = 1000
    """Mails that may wait to be sent in a process, and the same number of requests to
    signaling servers; further ones are dropped and logged."""

    OUTGOING_TRIES: int = 3
    """Attempts to send a mail before it is given up and logged."""

    STUN_SERVERS: tuple[str, ...] = ()
    """Servers ("host:port") from which participants in a call learn their public address;
    no server is built in."""

    TURN_SERVERS: tuple[Mapping[str, Any], ...] = ()
    """coturn servers that relay calls without a direct connection: `server`
    ("host:port"), `secret` (its `static-auth-secret`), `protocols` (default: "udp" and
    "tcp")."""

    TURN_CREDENTIAL_SECONDS: int = 86400
    """Time for which credentials for a TURN server are valid; a call may last a day."""

    SIGNALING_SERVERS: tuple[Mapping[str, Any], ...] = ()
    """External signaling servers: `server` ("wss://…"), `secret`, `verify` (default:
    True). Without any, the site itself does the signaling."""

    SIGNALING_TIMEOUT_SECONDS: float = 5
    """Time to wait for the answer of a signaling server before trying again."""

    PAGE: bool = True
    """Whether the pages for browsers are served; a site may have its own."""

    PAGE_BASE_TEMPLATE: str = "talk/base.html"
    """Template that the pages extend, with the blocks `title`, `head` and `content`. If
    it is not the default, the site has to set the security policy of its pages."""


KEYS = frozenset(field.name for field in fields(TalkSettings))


@lru_cache(maxsize=1)
def talk_settings() -> TalkSettings:
    """Return the site's settings over the defaults.

    Raises:
        ImproperlyConfigured: `TALK` is no dict or has a key that does not exist.
    """
    given: Any = getattr(settings, "TALK", {})
    if not isinstance(given, dict):
        raise ImproperlyConfigured("TALK must be a dict.")
    unknown = sorted(set(given) - KEYS)
    if unknown:
        raise ImproperlyConfigured(f"TALK has unknown keys: {', '.join(unknown)}.")
    return TalkSettings(**given)


def _forget(*, setting: str, **_: object) -> None:
    if setting == "TALK":
        talk_settings.cache_clear()


setting_changed.connect(_forget, dispatch_uid="talk.conf")
