"""Participants."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connections, models
from django.db.models import Exists, F, FilteredRelation, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from talk.constants import GUEST_TYPES, NotificationLevel, ParticipantType, RoomType
from talk.models.database import on_write_database, savepoint
from talk.models.room import Room
from talk.models.session import Session


class ParticipantQuerySet(models.QuerySet["Participant"]):
    """Participants …"""

    def with_names(self) -> ParticipantQuerySet:
        """… with the account or guest that names them, in the same query."""
        return self.select_related("user", "guest")

    def entitled(self) -> ParticipantQuerySet:
        """… whose account is not disabled, and guests only of public rooms."""
        is_entitled = Q(user__isnull=True, room__type=RoomType.PUBLIC)
        is_user = Q(user__isnull=False)
        if any(field.name == "is_active" for field in get_user_model()._meta.fields):  # noqa: SLF001 - the documented way to a model's fields
            is_user &= Q(user__is_active=True)
        return self.filter(is_entitled | is_user)

    def with_session_of(self, device: str | None) -> ParticipantQuerySet:
        """… with the key of their session on a device, as `session_pk`."""
        here = FilteredRelation("sessions", condition=Q(sessions__device=device))
        rows = self.annotate(here=here)
        return rows.annotate(session_pk=F("here__pk"))  # type: ignore[no-redef]  # same name

    def with_presence(self, now: datetime) -> ParticipantQuerySet:
        """… with whether they have a live session, as `is_connected`."""
        live = Session.objects.filter(participant=OuterRef("pk")).live(now)
        return self.annotate(is_connected=Exists(live))  # type: ignore[no-redef]  # same name

    def present_first(self, now: datetime) -> ParticipantQuerySet:
        """… in the order of who is connected, then of rank."""
        live = Session.objects.filter(participant=OuterRef("pk")).live(now)
        return self.order_by(Exists(live).desc(), "type", "pk")

    def note_comment(self, pk: int, comments: int) -> bool:
        """Move the marks of a comment's author to it; False when they are gone.

        `comments` is the room's comment count with it.
        """
        own = self.filter(pk=pk)
        changed = own.update(
            read_comments=comments, last_comment=comments, unread_deleted=0
        )
        return changed == 1

    def raise_read_marks(self, pks: Sequence[int], comments: int) -> set[int]:
        """Move the read markers of participants forward, never back.

        `comments` is the room's comment count up to which everything was seen. Of
        many, one whose row somebody else has locked is left out and returned: two
        batches that wait for each other's rows would lock each other out.
        """
        behind = on_write_database(self.filter(pk__in=pks, read_comments__lt=comments))
        can_skip = connections[behind.db].features.has_select_for_update_skip_locked
        if len(pks) == 1 or not can_skip:
            behind.update(read_comments=comments, unread_deleted=0)
            return set()
        with savepoint():
            free = behind.order_by("pk").select_for_update(skip_locked=True)
            free_pks = list(free.values_list("pk", flat=True))
            self.filter(pk__in=free_pks).update(
                read_comments=comments, unread_deleted=0
            )
        if len(free_pks) == len(pks):
            return set()
        return set(behind.values_list("pk", flat=True))


class Participant(models.Model):
    """Somebody's place in a room: a user's, or a guest's."""

    room = models.ForeignKey(
        "talk.Room",
        on_delete=models.CASCADE,
        related_name="participants",
        verbose_name=_("room"),
        # The unique constraint on (room, user) serves "who is in this room".
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
    guest = models.OneToOneField(
        "talk.Guest",
        on_delete=models.CASCADE,
        related_name="participant",
        null=True,
        blank=True,
        verbose_name=_("guest"),
    )
    type = models.PositiveSmallIntegerField(
        _("type"), choices=ParticipantType, default=ParticipantType.USER
    )
    favorite = models.BooleanField(_("favourite"), default=False)
    notification_level = models.PositiveSmallIntegerField(
        _("notification level"),
        choices=NotificationLevel,
        default=NotificationLevel.DEFAULT,
    )
    read_comments = models.PositiveBigIntegerField(
        _("read comments"),
        default=0,
        help_text=_("The room's comment count up to which everything was read."),
    )
    unread_deleted = models.PositiveBigIntegerField(
        _("unread and deleted"),
        default=0,
        help_text=_("Comments after the read marker that were deleted."),
    )
    last_mention = models.PositiveBigIntegerField(
        _("last mention"),
        default=0,
        help_text=_("The room's comment count at the last mention; 0 for none."),
    )
    last_comment = models.PositiveBigIntegerField(
        _("last comment"),
        default=0,
        help_text=_("The room's comment count at their last comment; 0 for none."),
    )
    mailed_comments = models.PositiveBigIntegerField(
        _("mailed comments"),
        default=0,
        help_text=_("The room's comment count at the last mail about what is unread."),
    )
    last_seen = models.DateTimeField(
        _("last seen"),
        null=True,
        blank=True,
        help_text=_("Last ping of sessions that have ended; live ones keep their own."),
    )

    session_pk: int | None
    """Only there after `with_session_of`."""

    is_connected: bool
    """Only there after `with_presence`."""

    objects = ParticipantQuerySet.as_manager()

    class Meta:
        verbose_name = _("participant")
        verbose_name_plural = _("participants")
        constraints = (
            models.UniqueConstraint(
                fields=["room", "user"], name="talk_participant_user_once_a_room"
            ),
            # "Exactly one" would be better, but where constraints cannot be deferred
            # Django sets a reference to null before it deletes what it refers to.
            models.CheckConstraint(
                name="talk_participant_user_or_guest",
                condition=Q(
                    guest__isnull=True,
                    type__in=sorted(set(ParticipantType.values) - GUEST_TYPES),
                )
                | Q(user__isnull=True, type__in=sorted(GUEST_TYPES)),
            ),
        )

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def is_guest(self) -> bool:
        """Whether this is a guest's place."""
        return ParticipantType(self.type).is_guest

    def unread_of(self, room: Room) -> int:
        """Return how many comments of the participant's room were not read yet."""
        return max(room.comment_count - self.read_comments - self.unread_deleted, 0)

    @property
    def is_mentioned(self) -> bool:
        """Whether a mention was not read yet."""
        return self.last_mention > self.read_comments
