"""Signaling messages, stored until their recipients fetch them."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from talk.constants import SESSION_ID_LENGTH


class SignalingQuerySet(models.QuerySet["SignalingMessage"]):
    """Queries over signaling messages."""

    def untaken(self, since: datetime) -> SignalingQuerySet:
        """Filter to messages that no response has taken since then, oldest first."""
        is_free = Q(taken_at__isnull=True) | Q(taken_at__lt=since)
        return self.filter(is_free).order_by("pk")


class SignalingMessage(models.Model):
    """An undelivered message from one session to another of the same room."""

    recipient = models.ForeignKey(
        "talk.Session",
        on_delete=models.CASCADE,
        related_name="signaling_messages",
        verbose_name=_("recipient"),
    )
    sender_session_id = models.CharField(
        _("sender"),
        max_length=SESSION_ID_LENGTH,
        help_text=_("Session id, not a foreign key, because the sender may be gone."),
    )
    text = models.TextField(_("text"), help_text=_("JSON, as the sender wrote it."))
    created_at = models.DateTimeField(_("created at"))
    taken_at = models.DateTimeField(
        _("taken at"),
        null=True,
        blank=True,
        help_text=_(
            "When a response with it was started; once that was sent, it is deleted."
        ),
    )

    objects = SignalingQuerySet.as_manager()

    class Meta:
        verbose_name = _("signaling message")
        verbose_name_plural = _("signaling messages")

    def __str__(self) -> str:
        return f"#{self.pk}"
