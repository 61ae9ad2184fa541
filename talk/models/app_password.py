"""App passwords: what bots and apps send with each request instead of a password."""

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
    """App passwords …"""

    def of(self, user: User) -> AppPasswordQuerySet:
        """… of a user."""
        return self.filter(user=user)

    def with_users(self) -> AppPasswordQuerySet:
        """… with whose they are, in the same query."""
        return self.select_related("user")

    def unused_since(self, since: datetime) -> AppPasswordQuerySet:
        """… that are not known to have been used after that time."""
        return self.filter(Q(last_used_at=None) | Q(last_used_at__lt=since))


class AppPassword(models.Model):
    """A random password of one account, for one app, that can be revoked.

    Only its digest is kept. A fast one will do: nobody can guess that many random
    characters, and the point is to check them with each request.
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
        help_text=_("Which app it is for."),
    )
    digest = models.CharField(
        _("digest"),
        max_length=64,
        # Serves the look-up of every request that sends one.
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
        help_text=_("To the minute or so; empty when it was never used."),
    )

    objects = AppPasswordQuerySet.as_manager()

    class Meta:
        verbose_name = _("app password")
        verbose_name_plural = _("app passwords")

    def __str__(self) -> str:
        return self.label or f"#{self.pk}"
