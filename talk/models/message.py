"""Messages, which form the timeline of a room."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models import F, OuterRef, Subquery
from django.utils.translation import gettext_lazy as _

from talk.constants import ActorType, SystemMessage
from talk.models import postgres


class MessageQuerySet(models.QuerySet["Message"]):
    """Queries over messages."""

    def with_actors(self) -> MessageQuerySet:
        """Fetch the users and guests who wrote them in the same query."""
        return self.select_related("actor_user", "actor_guest")

    def with_rooms(self) -> MessageQuerySet:
        """Fetch their rooms in the same query."""
        return self.select_related("room")

    def newer(self, message_id: int) -> MessageQuerySet:
        """Filter to messages with a greater id, oldest first."""
        return self.filter(pk__gt=message_id).order_by("pk")

    def older(self, message_id: int) -> MessageQuerySet:
        """Filter a room's messages to those with a smaller id, newest first.

        For an id of 0 or less, return all messages of the room. That case is ordered by
        position, which gives the same order: for the last rows in the order of ids,
        PostgreSQL would scan the ids of all rooms backwards, which is slow for a room
        with many messages but no recent ones. Only the room's index has positions.
        """
        if message_id > 0:
            return self.filter(pk__lt=message_id).order_by("-pk")
        return self.order_by("-position")

    def about_guests(self, actor_ids: Sequence[str]) -> MessageQuerySet:
        """Filter to system messages about the promotion or demotion of guests.

        No index serves this query: it reads all messages.
        """
        return self.filter(
            system_message__in=(
                SystemMessage.GUEST_MODERATOR_PROMOTED,
                SystemMessage.GUEST_MODERATOR_DEMOTED,
            ),
            parameters__session__in=list(actor_ids),
        )

    def newest_of_each_room(self) -> MessageQuerySet:
        """Filter to the last message of each room."""
        return self.filter(position=F("room__last_position"))

    def newest_left(self, room_ids: Iterable[int]) -> MessageQuerySet:
        """Filter to the newest messages that are left in rooms.

        For rooms whose last message was deleted.
        """
        own = Message.objects.filter(room=OuterRef("pk")).order_by("-position")
        rooms = apps.get_model("talk", "Room").objects.filter(pk__in=room_ids)
        newest = rooms.annotate(newest=Subquery(own.values("pk")[:1]))
        return self.filter(pk__in=newest.values("newest"))

    def comments(self) -> MessageQuerySet:
        """Exclude system messages."""
        return self.filter(system_message="")

    def containing(self, text: str) -> MessageQuerySet:
        """Filter by a part of the text, ignoring case.

        For the messages of one room: no index serves this query.
        """
        return self.filter(text__icontains=text)

    def insert_comment(self, comment: Message, *, participant_pk: int) -> str | None:
        """Insert a comment, count it in its room, and mark it as read by its author.

        `comment` has its room, text, actor and time; receives its key, position and
        count. Locks the room first, and takes position and id under that lock, as
        `RoomQuerySet.advance` does. One query on PostgreSQL, else three, or four where
        an UPDATE cannot return rows.

        Returns the room's token. Returns None when the room is gone or the author is
        not in it any more; the caller must then roll the transaction back.
        """
        if postgres.is_postgresql():
            return self._insert_comment_at_once(comment, participant_pk)
        counts = apps.get_model("talk", "Room").objects.advance(
            comment.room_id, messages=1, comments=1, now=comment.created_at
        )
        if counts is None:
            return None
        comment.position, comment.comment_count, token = counts
        comment.save(force_insert=True)
        author = apps.get_model("talk", "Participant").objects.filter(pk=participant_pk)
        has_author = author.update(
            read_comments=comment.comment_count,
            last_comment=comment.comment_count,
            unread_deleted=0,
        )
        return str(token) if has_author else None

    def _insert_comment_at_once(
        self, comment: Message, participant_pk: int
    ) -> str | None:
        inserted = postgres.insert_comment(
            room_pk=comment.room_id,
            participant_pk=participant_pk,
            text=comment.text,
            actor_type=comment.actor_type,
            actor_user_pk=comment.actor_user_id,
            actor_guest_pk=comment.actor_guest_id,
            now=comment.created_at,
        )
        if inserted is None or not inserted.has_author:
            return None
        comment.pk = inserted.message_pk
        comment.position = inserted.position
        comment.comment_count = inserted.comment_count
        return inserted.token


class Message(models.Model):
    """A message in a room's timeline: a comment or a system message.

    The messages of a room are inserted under that room's lock, so that ids, positions
    and commits have the same order.
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
        help_text=_("Counted from 1 in each room; deleted messages leave gaps."),
    )
    comment_count = models.PositiveBigIntegerField(
        _("comment count"),
        help_text=_("Comments in the room up to this message, itself included."),
    )
    system_message = models.CharField(
        _("system message"),
        max_length=32,
        blank=True,
        help_text=_("Key of a system message; empty for comments."),
    )
    text = models.TextField(
        _("text"), blank=True, help_text=_("The comment as it was written.")
    )
    parameters = models.JSONField(
        _("parameters"),
        default=dict,
        blank=True,
        help_text=_(
            "Values in the text of a system message; that text is never stored."
        ),
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
            # Serves the last messages of a room; forbids two at one position.
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
