"""The attendance of a room's running call."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class CallAttendance(models.Model):
    """A user or guest who has been in the call since it started, counted once."""

    room = models.ForeignKey(
        "talk.Room",
        on_delete=models.CASCADE,
        related_name="call_attendances",
        verbose_name=_("room"),
        # Both unique constraints below begin with the room.
        db_index=False,
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("user"),
    )
    guest = models.ForeignKey(
        "talk.Guest",
        on_delete=models.CASCADE,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("guest"),
    )
    joined_at = models.DateTimeField(_("joined at"))

    class Meta:
        verbose_name = _("call attendance")
        verbose_name_plural = _("call attendances")
        constraints = (
            models.UniqueConstraint(
                fields=["room", "user"], name="talk_attendance_user_once"
            ),
            models.UniqueConstraint(
                fields=["room", "guest"], name="talk_attendance_guest_once"
            ),
            # Not "exactly one", for the reason given at `Participant`.
            models.CheckConstraint(
                name="talk_attendance_user_or_guest",
                condition=Q(user__isnull=True) | Q(guest__isnull=True),
            ),
        )

    def __str__(self) -> str:
        return f"#{self.pk}"
