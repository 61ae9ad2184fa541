"""The app's configuration."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TalkConfig(AppConfig):
    """Installs the models and registers the system checks."""

    name = "talk"
    verbose_name = _("Talk")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the system checks; nothing else happens at start-up."""
        from talk import checks  # noqa: F401 - registers on import
