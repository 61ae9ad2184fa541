"""The settings: what do the system checks of the app report?"""

from __future__ import annotations

from collections.abc import Iterator

from django.core import checks

from talk.doctor.findings import Finding, ProbeOptions, failed, ok, warning

PROBE = "settings"


def probe_settings(options: ProbeOptions) -> Iterator[Finding]:
    """Run the app's system checks, except those that the site has silenced."""
    messages = [
        message
        for message in checks.run_checks()
        if str(message.id).startswith("talk.") and not message.is_silenced()
    ]
    for message in messages:
        finding = failed if message.is_serious() else warning
        yield finding(PROBE, f"{message.id}: {message.msg}", message.hint or "")
    if not messages:
        yield ok(PROBE, "The system checks of the app report nothing.")
