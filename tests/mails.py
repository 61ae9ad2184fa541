"""Mails, which are sent after commit in background threads."""

from __future__ import annotations

from django.core import mail
from django.core.mail import EmailMultiAlternatives

from talk.outgoing.queue import outgoing

SECONDS_MAX = 30.0


def wait_for_mails() -> list[EmailMultiAlternatives]:
    """Wait until the queue is empty, and return all sent mails.

    Mails are sent after commit only: tests run their requests inside
    `django_capture_on_commit_callbacks(execute=True)`, or have
    `@pytest.mark.django_db(transaction=True)`.
    """
    assert outgoing.flush(SECONDS_MAX)
    return mail.outbox
