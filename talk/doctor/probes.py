"""The list of all probes, and running them."""

from __future__ import annotations

from collections.abc import Iterator

from talk.doctor.cache import probe_cache
from talk.doctor.channel_layer import probe_channel_layer
from talk.doctor.database import probe_database
from talk.doctor.findings import Finding, Probe, ProbeOptions, failed
from talk.doctor.mail import probe_mail
from talk.doctor.settings import probe_settings
from talk.doctor.signaling import probe_signaling
from talk.doctor.site import probe_site
from talk.doctor.stun import probe_stun
from talk.doctor.turn import probe_turn

PROBES: dict[str, tuple[Probe, str]] = {
    "settings": (probe_settings, "Run `manage.py check`."),
    "database": (probe_database, "Check DATABASES, and that the server runs."),
    "cache": (probe_cache, "Check CACHES, and that its server runs."),
    "channel layer": (
        probe_channel_layer,
        "Check CHANNEL_LAYERS, and that Redis runs there.",
    ),
    "site": (probe_site, "Check that the site runs at this address."),
    "mail": (
        probe_mail,
        (
            "Check the EMAIL_… settings, and that the server runs. A site without "
            "mails has EMAIL_BACKEND = 'django.core.mail.backends.dummy.EmailBackend'."
        ),
    ),
    "stun": (probe_stun, "Check TALK['STUN_SERVERS']."),
    "turn": (probe_turn, "Check TALK['TURN_SERVERS']."),
    "signaling": (probe_signaling, "Check TALK['SIGNALING_SERVERS']."),
}
"""Each probe by its name, and the remedy if it fails with an error."""


def run_probes(options: ProbeOptions) -> Iterator[Finding]:
    """Run all probes, and yield each finding at once."""
    for name in PROBES:
        yield from run_probe(name, options)


def run_probe(name: str, options: ProbeOptions) -> Iterator[Finding]:
    """Run one probe; an error that it raises is a failed finding."""
    probe, remedy = PROBES[name]
    try:
        yield from probe(options)
    except Exception as error:  # noqa: BLE001 - whatever a server or driver raises
        yield failed(name, f"{type(error).__name__}: {error}", remedy)
