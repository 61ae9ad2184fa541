"""The mail probe, with and without a server."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator

import pytest
from django.core import mail

from tests.doctor.verdicts import findings, verdicts
from tests.programs import free_port

SMTP = "django.core.mail.backends.smtp.EmailBackend"


class SMTPHandler(socketserver.StreamRequestHandler):
    """Accept every mail."""

    def handle(self) -> None:
        """Answer every command with success."""
        self.wfile.write(b"220 mail.example.org\r\n")
        while line := self.rfile.readline():
            command = line.strip().upper()
            if command == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                self.server.mails.append(self._read_mail())
            self.wfile.write(b"250 mail.example.org\r\n")
            if command == b"QUIT":
                return

    def _read_mail(self) -> bytes:
        return b"".join(iter(self.rfile.readline, b".\r\n"))


@pytest.fixture
def smtp(settings) -> Iterator[socketserver.TCPServer]:
    """Run a mail server that the site is configured to use."""
    with socketserver.TCPServer(("127.0.0.1", 0), SMTPHandler) as server:
        server.mails = []
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        settings.EMAIL_BACKEND = SMTP
        settings.EMAIL_HOST, settings.EMAIL_PORT = server.server_address
        yield server
        server.shutdown()
        thread.join()


def test_a_server_that_accepts_our_login_is_ok(smtp) -> None:
    assert verdicts("mail") == [("mail", "ok")]


def test_no_mail_is_sent_without_a_recipient(smtp) -> None:
    findings("mail")
    assert smtp.mails == []


def test_the_named_recipient_gets_a_mail(smtp) -> None:
    found = verdicts("mail", mail_to="alice@example.org")
    assert found == [("mail", "ok"), ("mail", "ok")]
    (sent,) = smtp.mails
    assert b"To: alice@example.org" in sent


def test_an_unreachable_server_is_a_failure(settings) -> None:
    settings.EMAIL_BACKEND = SMTP
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    (found,) = findings("mail")
    assert (found.verdict, "refused" in found.message) == ("failed", True)


def test_the_probe_is_skipped_for_a_backend_without_a_server() -> None:
    assert verdicts("mail") == [("mail", "skipped")]


def test_any_backend_sends_a_mail() -> None:
    findings("mail", mail_to="alice@example.org")
    assert [message.to for message in mail.outbox] == [["alice@example.org"]]
