"""Mails: does the server take them?"""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.smtp import EmailBackend

from talk.doctor.findings import Finding, Request, ok, skipped

PROBE = "mail"

TIMEOUT_SECONDS = 20
"""For a server that does not answer, where the site sets no time-out."""

SUBJECT = "Mails of this site arrive"
TEXT = "talk_doctor has sent this mail, to find out whether it can.\n"


def probe_mail(request: Request) -> Iterator[Finding]:
    """Connect and log in to the mail server, and send a mail if there is somebody."""
    connection = get_connection()
    if isinstance(connection, EmailBackend):
        connection.timeout = connection.timeout or TIMEOUT_SECONDS
        connection.open()
        connection.close()
        yield ok(PROBE, f"{connection.host}:{connection.port} lets us in.")
    else:
        yield skipped(PROBE, f"{settings.EMAIL_BACKEND} has no server to connect to.")
    if request.mail_to:
        mail = EmailMessage(SUBJECT, TEXT, to=[request.mail_to], connection=connection)
        mail.send()
        yield ok(PROBE, f"A mail to {request.mail_to} was taken; look for it there.")
