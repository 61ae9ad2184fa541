"""Messages between the sessions of a call, kept until they are fetched."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from talk.constants import SESSION_ID_LENGTH


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
        help_text=_("Session id; no reference, because the sender may be gone."),
    )
    text = models.TextField(_("text"), help_text=_("JSON, as the sender wrote it."))
    created_at = models.DateTimeField(_("created at"))

    class Meta:
        verbose_name = _("signaling message")
        verbose_name_plural = _("signaling messages")

    def __str__(self) -> str:
        return f"#{self.pk}"
