"""The app configuration."""

from __future__ import annotations

from django.apps import AppConfig, apps
from django.conf import settings
from django.utils.translation import gettext_lazy as _


class TalkConfig(AppConfig):
    """Registers the system checks, and connects receivers to signals of accounts."""

    name = "talk"
    verbose_name = _("Talk")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register checks and OpenAPI extensions, and connect the signal receivers."""
        from django.contrib.auth import get_user_model
        from django.contrib.auth.signals import user_logged_out
        from django.db.models.signals import post_save, pre_delete

        from talk import checks  # noqa: F401 - registers on import
        from talk.domain import account_lifecycle

        user_model = get_user_model()
        pre_delete.connect(
            account_lifecycle.forget_deleted_account,
            sender=user_model,
            dispatch_uid="talk.forget_deleted_account",
        )
        post_save.connect(
            account_lifecycle.note_changed_account,
            sender=user_model,
            dispatch_uid="talk.note_changed_account",
        )
        user_logged_out.connect(
            account_lifecycle.note_logout, dispatch_uid="talk.note_logout"
        )
        if apps.is_installed("drf_spectacular"):
            from talk.api.schema import inspector  # noqa: F401 - registers on import
        # System checks report mistakes in the setting.
        given = getattr(settings, "TALK", {})
        if isinstance(given, dict) and given.get("NOTIFICATION_EMAILS"):
            from talk.notification_mail import mail_notifications
            from talk.signals import notifications_due

            notifications_due.connect(
                mail_notifications, dispatch_uid="talk.mail_notifications"
            )
