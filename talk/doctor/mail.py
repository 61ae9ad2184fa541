"""Mails: does the mail server accept them?"""

from __future__ import annotations

from collections.abc import Iterator

from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend

from talk.doctor.findings import Finding, ProbeOptions, ok, skipped
from talk.outgoing.mail_server import mail_server

PROBE = "mail"

TIMEOUT_SECONDS = 20
"""Applies where the site sets no timeout."""

SUBJECT = "Mails of this site arrive"
TEXT = "talk_doctor sent this mail as a test.\n"


def probe_mail(options: ProbeOptions) -> Iterator[Finding]:
    """Connect and log in to the mail server, and send a mail to `mail_to`."""
    connection = mail_server()
    if isinstance(connection, EmailBackend):
        connection.timeout = connection.timeout or TIMEOUT_SECONDS
        connection.open()
        connection.close()
        yield ok(PROBE, f"{connection.host}:{connection.port} accepts our login.")
    else:
        kind = type(connection)
        name = f"{kind.__module__}.{kind.__qualname__}"
        yield skipped(PROBE, f"{name} has no server to connect to.")
    if options.mail_to:
        connection.send_messages([EmailMessage(SUBJECT, TEXT, to=[options.mail_to])])
        yield ok(
            PROBE, f"A mail to {options.mail_to} was accepted; check that it arrives."
        )
