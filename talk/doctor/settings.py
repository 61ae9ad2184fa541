"""What the system checks of the app say."""

from __future__ import annotations

from collections.abc import Iterator

from django.core import checks

from talk.doctor.findings import Finding, Request, failed, ok, warning

PROBE = "settings"


def probe_settings(request: Request) -> Iterator[Finding]:
    """Run the app's system checks; those that the site has silenced stay silent."""
    messages = [
        message
        for message in checks.run_checks()
        if str(message.id).startswith("talk.") and not message.is_silenced()
    ]
    for message in messages:
        tell = failed if message.is_serious() else warning
        yield tell(PROBE, f"{message.id}: {message.msg}", message.hint or "")
    if not messages:
        yield ok(PROBE, "The system checks of the app find nothing.")
