"""The `TALK` setting: every key, its default and its reason.

A site writes one dict into its settings::

    TALK = {"HUB_SHARDS": 4}

The dict is read when it is first needed and again after a test changed it.
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
    """Dotted path of the class that answers what only the site knows."""

    AUTHENTICATION_CLASSES: tuple[str, ...] = (
        "talk.api.authentication.SessionAuthentication",
        "talk.api.authentication.BearerAuthentication",
        "talk.api.authentication.BasicAuthentication",
    )
    """DRF authentication classes, tried in this order. `REST_FRAMEWORK` is not read."""

    APP_PASSWORDS_MAX: int = 100
    """App passwords that one user may have, one for each bot or device; it bounds what
    a client that asks for a new one with each start leaves behind."""

    BASIC_MEMORY_SECONDS: int = 60
    """How long a process remembers that a password was right, which spares bots that
    send it with each request the slow hash; 0 for never. Within this time a directory
    (LDAP) is not asked again; a new password in the database counts at once."""

    CACHE: str = "default"
    """Alias in `CACHES` that attempts are counted in."""

    CHANNEL_LAYER: str = "default"
    """Alias in `CHANNEL_LAYERS` that carries hints between processes."""

    HUB_SHARDS: int = 1
    """Groups that hints are spread over. Raise it only when one Redis is too slow."""

    POLL_THREADS: int = 4
    """Threads, and so database connections, that look for all long polls of a process;
    as many again identify their callers."""

    POLL_CONNECTION_MAX_AGE_SECONDS: float = 600
    """Age at which such a thread replaces its connection, whatever `CONN_MAX_AGE`."""

    POLL_LOOK_SECONDS: float = 5
    """Interval of the look at the database that repairs lost hints. It asks about people
    where some have come or gone; each sixth one about all, and so finds accounts that
    were disabled without a hint."""

    POLL_PING_SECONDS: float = 10
    """Interval at which waiting sessions are pinged; far below the 30 s of `count`."""

    POLL_MEMORY_SECONDS: float = 60
    """How long the caller of a poll is remembered, so that the next one need not be
    identified; 0 for never. What Talk is told of, as a logout, counts at once."""

    POLL_WAITERS_MAX: int = 20_000
    """Polls that may wait in a process, at some 20 KiB each; others are answered at
    once."""

    GUEST_POLLS_MAX: int = 500
    """Polls of guests from one address that may wait in a process; others are answered
    at once."""

    TUNE_GC: bool = True
    """Whether a process in which polls wait has Python collect garbage in full only
    rarely: each time holds up thousands of polls for a tenth of a second."""

    METRICS_LOG_SECONDS: float = 300
    """Interval at which a process logs its counters (`talk.metrics`, INFO); 0 for
    never."""

    FALLBACK_POLL_SECONDS_MAX: float = 10
    """Longest wait where polls hold a worker; below the 30 s that kill gunicorn's."""

    FALLBACK_POLLS_MAX: int = 4
    """Polls of a process that may hold a worker at once; others are answered at once."""

    SIGNALING_POLL_SECONDS: int = 30
    """How long a poll of internal signaling waits; the API knows no other number."""

    REAPER_SECONDS: float = 30
    """Interval at which a site's ASGI processes, one at a time, remove what has ended
    without a farewell."""

    GUEST_JOINS_MAX: int = 60
    """Joins of anonymous people that one address may make in `GUEST_JOINS_SECONDS`;
    each makes rows, and a class behind one address is well below it."""

    GUEST_JOINS_SECONDS: int = 60
    """The time in which the joins of anonymous people are counted."""

    GUEST_MESSAGES_MAX: int = 120
    """Messages of guests from one address in `GUEST_MESSAGES_SECONDS`; a class that
    talks behind one address is below it, and a flood is not."""

    GUEST_MESSAGES_SECONDS: int = 60
    """The time in which the messages of guests are counted."""

    PASSWORD_ATTEMPTS_MAX: int = 10
    """Wrong passwords that one address may try for one room, or for one account by HTTP
    Basic, in `PASSWORD_ATTEMPTS_SECONDS`."""

    PASSWORD_ATTEMPTS_SECONDS: int = 300
    """The time in which wrong passwords are counted; with the default of 10 that is
    3,000 a day, which find no password that is not on every list."""

    TRUSTED_PROXIES: int = 0
    """Proxies in front of the site whose `X-Forwarded-For` tells who a client is."""

    SITE_URL: str = ""
    """Address below which the app's URLs live, for links in mails; the request's own
    where it is empty."""

    NOTIFICATION_EMAILS: bool = False
    """Whether people who are not connected get a mail when they would be told of a
    comment; read when the site starts."""

    OUTGOING_QUEUE_MAX: int = 1000
    """Mails, and as much news for signaling servers, that may wait to be sent in a
    process; later ones are dropped and logged."""

    OUTGOING_TRIES: int = 3
    """Times that a mail is tried before it is given up and logged."""

    STUN_SERVERS: tuple[str, ...] = ()
    """Servers ("host:port") that tell callers their public address; nobody else's is
    built in."""

    TURN_SERVERS: tuple[Mapping[str, Any], ...] = ()
    """coturn servers that relay what cannot go directly: `server` ("host:port"),
    `secret` (its `static-auth-secret`), `protocols` (both of "udp" and "tcp")."""

    TURN_CREDENTIAL_SECONDS: int = 86400
    """How long a name and password for a TURN server work; a call may last a day."""

    SIGNALING_SERVERS: tuple[Mapping[str, Any], ...] = ()
    """External signaling servers: `server` ("wss://…"), `secret`, `verify` (True).
    Without any, callers find each other through this site."""

    SIGNALING_TIMEOUT_SECONDS: float = 5
    """How long a signaling server may take to answer before it is asked again."""

    PAGE: bool = True
    """Whether the pages for browsers are served; a site may have its own."""

    PAGE_BASE_TEMPLATE: str = "talk/base.html"
    """Template that the pages extend, with the blocks `title`, `head` and `content`.
    With another than the default, the security policy is the site's own."""


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
