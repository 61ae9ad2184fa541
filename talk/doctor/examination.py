"""All probes, one after the other."""

from __future__ import annotations

from collections.abc import Iterator

from talk.doctor.cache import probe_cache
from talk.doctor.database import probe_database
from talk.doctor.findings import Finding, Probe, Request, failed
from talk.doctor.layer import probe_layer
from talk.doctor.mail import probe_mail
from talk.doctor.settings import probe_settings
from talk.doctor.signaling import probe_signaling
from talk.doctor.site import probe_site
from talk.doctor.stun import probe_stun
from talk.doctor.turn import probe_turn

PROBES: dict[str, tuple[Probe, str]] = {
    "settings": (probe_settings, "Run `manage.py check`."),
    "database": (probe_database, "Look at DATABASES, and whether the server runs."),
    "cache": (probe_cache, "Look at CACHES, and whether its server runs."),
    "channel layer": (
        probe_layer,
        "Look at CHANNEL_LAYERS, and whether Redis runs there.",
    ),
    "site": (probe_site, "Look whether the site runs at this address."),
    "mail": (
        probe_mail,
        (
            "Look at the EMAIL_… settings, and whether the server runs. A site without "
            "mails has EMAIL_BACKEND = 'django.core.mail.backends.dummy.EmailBackend'."
        ),
    ),
    "stun": (probe_stun, "Look at TALK['STUN_SERVERS']."),
    "turn": (probe_turn, "Look at TALK['TURN_SERVERS']."),
    "signaling": (probe_signaling, "Look at TALK['SIGNALING_SERVERS']."),
}
"""Each probe by its name, and what to do when it does not get to a verdict."""


def examine(request: Request) -> Iterator[Finding]:
    """Run all probes and yield what they find, as soon as they do."""
    for name in PROBES:
        yield from run_probe(name, request)


def run_probe(name: str, request: Request) -> Iterator[Finding]:
    """Run one probe; what it raises is a failure of what it has tried out."""
    probe, remedy = PROBES[name]
    try:
        yield from probe(request)
    except Exception as error:  # noqa: BLE001 - whatever a server or driver raises
        yield failed(name, f"{type(error).__name__}: {error}", remedy)
