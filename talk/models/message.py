"""Messages: the timeline of a room."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models import F, OuterRef, Subquery
from django.utils.translation import gettext_lazy as _

from talk.constants import ActorType, SystemMessage


class MessageQuerySet(models.QuerySet["Message"]):
    """Messages …"""

    def with_actors(self) -> MessageQuerySet:
        """… with the account or guest who wrote them, in the same query."""
        return self.select_related("actor_user", "actor_guest")

    def with_rooms(self) -> MessageQuerySet:
        """… with the room they stand in, in the same query."""
        return self.select_related("room")

    def newer(self, message_id: int) -> MessageQuerySet:
        """… with a greater id, oldest first."""
        return self.filter(pk__gt=message_id).order_by("pk")

    def older(self, message_id: int) -> MessageQuerySet:
        """… of a room with a smaller id, newest first; 0 or less stands for the end.

        Both orders are the same there. From the end, PostgreSQL would walk the ids of
        all rooms, which takes long in a room that was loud and has fallen silent; only
        the room's own index has positions. From an id it begins where it has to.
        """
        if message_id > 0:
            return self.filter(pk__lt=message_id).order_by("-pk")
        return self.order_by("-position")

    def about_guests(self, actor_ids: Sequence[str]) -> MessageQuerySet:
        """… that tell what became of these guests, whoever did it.

        No index serves this: it reads all messages.
        """
        return self.filter(
            system_message__in=(
                SystemMessage.GUEST_MODERATOR_PROMOTED,
                SystemMessage.GUEST_MODERATOR_DEMOTED,
            ),
            parameters__session__in=list(actor_ids),
        )

    def newest_of_each_room(self) -> MessageQuerySet:
        """… that are the last of their room."""
        return self.filter(position=F("room__last_position"))

    def newest_left(self, room_ids: Iterable[int]) -> MessageQuerySet:
        """… that are the last ones left in these rooms, where later ones were deleted."""
        own = Message.objects.filter(room=OuterRef("pk")).order_by("-position")
        rooms = apps.get_model("talk", "Room").objects.filter(pk__in=room_ids)
        newest = rooms.annotate(newest=Subquery(own.values("pk")[:1]))
        return self.filter(pk__in=newest.values("newest"))

    def comments(self) -> MessageQuerySet:
        """… that people wrote."""
        return self.filter(system_message="")

    def containing(self, text: str) -> MessageQuerySet:
        """… in whose text it stands, in whatever case; for the messages of one room."""
        return self.filter(text__icontains=text)


class Message(models.Model):
    """One line of a room's timeline: a comment or a system message.

    Rows of one room are inserted under that room's lock, so that the order of ids,
    of positions and of commits is the same.
    """

    room = models.ForeignKey(
        "talk.Room",
        on_delete=models.CASCADE,
        related_name="messages",
        verbose_name=_("room"),
        # Both the index and the unique constraint below begin with the room.
        db_index=False,
    )
    position = models.PositiveBigIntegerField(
        _("position"),
        help_text=_("Place in the room's timeline, from 1; deleted ones leave gaps."),
    )
    comment_count = models.PositiveBigIntegerField(
        _("comment count"),
        help_text=_("Comments in the room up to this message, itself included."),
    )
    system_message = models.CharField(
        _("system message"),
        max_length=32,
        blank=True,
        help_text=_("Key of a system message; empty for what people write."),
    )
    text = models.TextField(
        _("text"), blank=True, help_text=_("What was written, as it was written.")
    )
    parameters = models.JSONField(
        _("parameters"),
        default=dict,
        blank=True,
        help_text=_("What a system message speaks about; its text is never stored."),
    )
    actor_type = models.CharField(_("actor type"), max_length=16, choices=ActorType)
    actor_user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("user"),
        help_text=_("Empty for guests and when the account was deleted."),
    )
    actor_guest = models.ForeignKey(
        "talk.Guest",
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("guest"),
    )
    created_at = models.DateTimeField(_("created at"))

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints = (
            # Serves the last messages of a room; forbids two at one place.
            models.UniqueConstraint(
                fields=["room", "position"], name="talk_message_position_unique"
            ),
        )
        indexes = (
            # Serves both directions of reading: newer and older than an id.
            models.Index(fields=["room", "id"], name="talk_message_room_id"),
        )

    def __str__(self) -> str:
        return f"#{self.pk}"
