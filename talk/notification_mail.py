"""A receiver of `notifications_due` that mails users who are not connected.

Off unless ``TALK["NOTIFICATION_EMAILS"]`` is true when the site starts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from talk.adapters import get_adapter
from talk.conf import talk_settings
from talk.domain.read_markers import claim_mail
from talk.notifications import Notification
from talk.outgoing.mail import NotificationMail, send_notification
from talk.rendering.notifications import render_notification


def mail_notifications(*, notifications: Sequence[Notification], **_: Any) -> None:
    """Queue a mail to each recipient who has an address and is not connected.

    A recipient gets one mail for a room, and another only after reading the comment
    that the first was about.
    """
    adapter, site = get_adapter(), talk_settings().SITE_URL.rstrip("/")
    for notification in notifications:
        address = adapter.email(notification.recipient)
        if notification.is_connected or not address:
            continue
        count = notification.message.comment_count
        if not claim_mail(notification.participant, comments=count):
            continue
        rendered = render_notification(notification)
        mail = NotificationMail(
            address=address,
            subject=rendered.subject,
            text=rendered.text,
            url=adapter.room_url(notification.room.token, site) if site else "",
            language=rendered.language,
        )
        send_notification(mail)
