"""Mails, which leave after commit and off the request's thread."""

from __future__ import annotations

from django.core import mail
from django.core.mail import EmailMultiAlternatives

from talk.outgoing.queue import outgoing

PATIENCE = 30.0


def wait_for_mails() -> list[EmailMultiAlternatives]:
    """Return all mails that were sent, once nothing is left to be sent.

    Only what has been committed leaves: tests run their requests inside
    `django_capture_on_commit_callbacks(execute=True)`, or have
    `@pytest.mark.django_db(transaction=True)`.
    """
    assert outgoing.flush(PATIENCE)
    return mail.outbox
