"""Guests, who have no account and are identified by the hash of a session id."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from talk.constants import GUEST_NAME_LENGTH_MAX


class Guest(models.Model):
    """A guest's id and name. Outlives the participant because messages refer to it."""

    actor_id = models.CharField(
        _("actor id"),
        max_length=40,
        unique=True,
        help_text=_("SHA-1 of the session id, in hexadecimal digits."),
    )
    display_name = models.CharField(
        _("display name"), max_length=GUEST_NAME_LENGTH_MAX, blank=True
    )

    class Meta:
        verbose_name = _("guest")
        verbose_name_plural = _("guests")

    def __str__(self) -> str:
        return self.display_name or self.actor_id
