"""The app's configuration."""

from __future__ import annotations

from django.apps import AppConfig, apps
from django.conf import settings
from django.utils.translation import gettext_lazy as _


class TalkConfig(AppConfig):
    """Installs the models and the system checks, and listens to what accounts do."""

    name = "talk"
    verbose_name = _("Talk")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register checks and what OpenAPI asks for; hear of accounts that change or go."""
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
        # Mistakes in the setting are the system checks' to tell.
        given = getattr(settings, "TALK", {})
        if isinstance(given, dict) and given.get("NOTIFICATION_EMAILS"):
            from talk.notification_mail import mail_notifications
            from talk.signals import notifications_due

            notifications_due.connect(
                mail_notifications, dispatch_uid="talk.mail_notifications"
            )
