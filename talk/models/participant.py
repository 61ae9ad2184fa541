"""Participants, which are the memberships of users and guests in rooms."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import models
from django.db.models import Exists, F, FilteredRelation, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from talk.constants import GUEST_TYPES, NotificationLevel, ParticipantType, RoomType
from talk.models import postgres
from talk.models.database import (
    can_skip_locked,
    in_batches,
    on_write_database,
    savepoint,
)
from talk.models.room import Room
from talk.models.session import Session


class ParticipantQuerySet(models.QuerySet["Participant"]):
    """Queries over participants."""

    def with_names(self) -> ParticipantQuerySet:
        """Fetch their users and guests in the same query."""
        return self.select_related("user", "guest")

    def having_access(self) -> ParticipantQuerySet:
        """Filter to participants that may still use their room.

        Excludes users whose account is disabled, and guests of rooms that are not
        public.
        """
        is_entitled = Q(user__isnull=True, room__type=RoomType.PUBLIC)
        is_user = Q(user__isnull=False)
        if any(field.name == "is_active" for field in get_user_model()._meta.fields):  # noqa: SLF001 - the documented way to a model's fields
            is_user &= Q(user__is_active=True)
        return self.filter(is_entitled | is_user)

    def with_session_of(self, device: str | None) -> ParticipantQuerySet:
        """Annotate participants with the key of their session on a device.

        As `session_pk`; None without one.
        """
        relation = FilteredRelation("sessions", condition=Q(sessions__device=device))
        rows = self.annotate(device_session=relation)
        return rows.annotate(session_pk=F("device_session__pk"))  # type: ignore[no-redef]  # same name

    def with_presence(self, now: datetime) -> ParticipantQuerySet:
        """Annotate participants with whether they have a live session.

        As `is_connected`.
        """
        live = Session.objects.filter(participant=OuterRef("pk")).live(now)
        return self.annotate(is_connected=Exists(live))  # type: ignore[no-redef]  # same name

    def present_first(self, now: datetime) -> ParticipantQuerySet:
        """Order participants: those with a live session first, then by type."""
        live = Session.objects.filter(participant=OuterRef("pk")).live(now)
        return self.order_by(Exists(live).desc(), "type", "pk")

    def raise_read_markers(self, comment_counts: Mapping[int, int]) -> set[int]:
        """Move the read markers of participants forward, never back.

        `comment_counts` are the counts up to which they have read, by participant. When
        there are several, rows that another transaction has locked are skipped, and
        these participants are returned: two batches that wait for each other's rows
        would deadlock. One or two queries on PostgreSQL, else at most five for each
        batch of equal counts.
        """
        if len(comment_counts) > 1 and postgres.is_postgresql():
            return postgres.raise_read_markers(comment_counts)
        pks_by_count: dict[int, list[int]] = defaultdict(list)
        for pk, count in comment_counts.items():
            pks_by_count[count].append(pk)
        locked: set[int] = set()
        for count, pks in pks_by_count.items():
            for batch in in_batches(sorted(pks)):
                locked |= self._raise_read_markers_to(count, batch)
        return locked

    def _raise_read_markers_to(self, count: int, pks: Sequence[int]) -> set[int]:
        behind = on_write_database(self.filter(pk__in=pks, read_comments__lt=count))
        if len(pks) == 1 or not can_skip_locked(behind):
            behind.update(read_comments=count, unread_deleted=0)
            return set()
        with savepoint():
            unlocked = behind.order_by("pk").select_for_update(skip_locked=True)
            unlocked_pks = list(unlocked.values_list("pk", flat=True))
            self.filter(pk__in=unlocked_pks).update(
                read_comments=count, unread_deleted=0
            )
        if len(unlocked_pks) == len(pks):
            return set()
        return set(behind.values_list("pk", flat=True))


class Participant(models.Model):
    """The membership of a user or guest in a room."""

    room = models.ForeignKey(
        "talk.Room",
        on_delete=models.CASCADE,
        related_name="participants",
        verbose_name=_("room"),
        # The unique constraint on (room, user) serves queries by room.
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
        help_text=_("The room's comment count at the last mail about unread comments."),
    )
    last_seen = models.DateTimeField(
        _("last seen"),
        null=True,
        blank=True,
        help_text=_("Last ping of sessions that have ended; live ones keep their own."),
    )

    session_pk: int | None
    """Set by `with_session_of` only."""

    is_connected: bool
    """Set by `with_presence` only."""

    objects = ParticipantQuerySet.as_manager()

    class Meta:
        verbose_name = _("participant")
        verbose_name_plural = _("participants")
        constraints = (
            models.UniqueConstraint(
                fields=["room", "user"], name="talk_participant_user_once_a_room"
            ),
            # "Exactly one" would be better, but on databases that cannot defer
            # constraints, Django sets a foreign key to null before it deletes the row.
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
        """Whether the participant is a guest."""
        return ParticipantType(self.type).is_guest

    def unread_of(self, room: Room) -> int:
        """Return the number of unread comments in the participant's room."""
        return max(room.comment_count - self.read_comments - self.unread_deleted, 0)

    @property
    def is_mentioned(self) -> bool:
        """Whether there is an unread mention."""
        return self.last_mention > self.read_comments
