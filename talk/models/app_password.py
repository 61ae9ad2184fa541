"""App passwords, which bots and apps send with each request."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from talk.constants import APP_PASSWORD_LABEL_MAX

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class AppPasswordQuerySet(models.QuerySet["AppPassword"]):
    """Queries over app passwords."""

    def of(self, user: User) -> AppPasswordQuerySet:
        """Filter by owner."""
        return self.filter(user=user)

    def with_users(self) -> AppPasswordQuerySet:
        """Fetch the owners in the same query."""
        return self.select_related("user")

    def unused_since(self, since: datetime) -> AppPasswordQuerySet:
        """Filter to app passwords without a known use at or after `since`."""
        return self.filter(Q(last_used_at=None) | Q(last_used_at__lt=since))


class AppPassword(models.Model):
    """A random, revocable password of one user for one app.

    Only its digest is stored. A fast digest is enough because nobody can guess so many
    random characters; and it must be fast because each request is checked with it.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="+",
        verbose_name=_("user"),
    )
    label = models.CharField(
        _("label"),
        max_length=APP_PASSWORD_LABEL_MAX,
        blank=True,
        help_text=_("The app that uses the password."),
    )
    digest = models.CharField(
        _("digest"),
        max_length=64,
        # Serves the look-up in every request with an app password.
        unique=True,
        editable=False,
        help_text=_("SHA-256 of the password, in hexadecimal digits."),
    )
    created_at = models.DateTimeField(_("created at"), editable=False)
    last_used_at = models.DateTimeField(
        _("last used at"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("Accurate to about a minute; empty if it was never used."),
    )

    objects = AppPasswordQuerySet.as_manager()

    class Meta:
        verbose_name = _("app password")
        verbose_name_plural = _("app passwords")

    def __str__(self) -> str:
        return self.label or f"#{self.pk}"
