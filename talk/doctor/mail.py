"""Mails: does the server take them?"""

from __future__ import annotations

from collections.abc import Iterator

from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend

from talk.doctor.findings import Finding, Request, ok, skipped
from talk.outgoing.mail_server import mail_server

PROBE = "mail"

TIMEOUT_SECONDS = 20
"""For a server that does not answer, where the site sets no time-out."""

SUBJECT = "Mails of this site arrive"
TEXT = "talk_doctor has sent this mail, to find out whether it can.\n"


def probe_mail(request: Request) -> Iterator[Finding]:
    """Connect and log in to the mail server, and send a mail if there is somebody."""
    connection = mail_server()
    if isinstance(connection, EmailBackend):
        connection.timeout = connection.timeout or TIMEOUT_SECONDS
        connection.open()
        connection.close()
        yield ok(PROBE, f"{connection.host}:{connection.port} lets us in.")
    else:
        kind = type(connection)
        name = f"{kind.__module__}.{kind.__qualname__}"
        yield skipped(PROBE, f"{name} has no server to connect to.")
    if request.mail_to:
        connection.send_messages([EmailMessage(SUBJECT, TEXT, to=[request.mail_to])])
        yield ok(PROBE, f"A mail to {request.mail_to} was taken; look for it there.")
