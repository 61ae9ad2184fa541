"""The texts of notifications, for adapters and receivers that send them. Public API.

::

    from talk.notification_texts import render_notification

    rendered = render_notification(notification)
    send_push(rendered.subject, rendered.text)
"""

from __future__ import annotations

from talk.rendering.notifications import RenderedNotification, render_notification

__all__ = ["RenderedNotification", "render_notification"]
