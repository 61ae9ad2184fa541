"""Read markers of users who have left a room."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class ReadMarker(models.Model):
    """The read marker of a user who left the room, kept in case they come back."""

    room = models.ForeignKey(
        "talk.Room",
        on_delete=models.CASCADE,
        related_name="+",
        verbose_name=_("room"),
        # The unique constraint below begins with the room.
        db_index=False,
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="+",
        verbose_name=_("user"),
    )
    read_comments = models.PositiveBigIntegerField(
        _("read comments"),
        help_text=_("The room's comment count up to which everything was read."),
    )
    unread_deleted = models.PositiveBigIntegerField(
        _("unread and deleted"),
        default=0,
        help_text=_("Comments after the read marker that were deleted."),
    )

    last_comment = models.PositiveBigIntegerField(
        _("last comment"),
        default=0,
        help_text=_("The room's comment count at their last comment; 0 for none."),
    )

    mailed_comments = models.PositiveBigIntegerField(
        _("mailed comments"),
        default=0,
        help_text=_("The room's comment count at the last mail about unread comments."),
    )

    class Meta:
        verbose_name = _("read marker")
        verbose_name_plural = _("read markers")
        constraints = (
            models.UniqueConstraint(
                fields=["room", "user"], name="talk_read_marker_once"
            ),
        )

    def __str__(self) -> str:
        return f"#{self.pk}"
