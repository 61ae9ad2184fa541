"""Sessions, which are the connections of participants."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import models
from django.db.models import Count, Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from talk.constants import SESSION_ID_LENGTH, SESSION_LIVE_SECONDS
from talk.models import postgres
from talk.models.database import (
    can_skip_locked,
    in_batches,
    on_write_database,
    savepoint,
)
from talk.models.signaling import SignalingMessage


class SessionQuerySet(models.QuerySet["Session"]):
    """Queries over sessions."""

    def live(self, now: datetime) -> SessionQuerySet:
        """Filter to sessions whose last ping is recent enough to count at `now`."""
        return self.filter(last_ping__gt=live_since(now))

    def dead(self, now: datetime) -> SessionQuerySet:
        """Filter to sessions that are not live any more; the reaper deletes them."""
        return self.filter(last_ping__lte=live_since(now))

    def with_participants(self) -> SessionQuerySet:
        """Fetch their participants, with users and guests, in the same query."""
        return self.select_related("participant__user", "participant__guest")

    def ping(self, pks: Sequence[int], now: datetime) -> None:
        """Set the last ping of sessions to `now`.

        When there are several, rows that another transaction has locked are skipped: it
        pings or ends these sessions. Two batches that wait for each other's rows would
        deadlock. One query on PostgreSQL, else at most four for each batch.
        """
        if len(pks) > 1 and postgres.is_postgresql():
            postgres.ping_sessions(pks, now)
            return
        for batch in in_batches(pks):
            rows = on_write_database(self.filter(pk__in=batch))
            if len(batch) == 1 or not can_skip_locked(rows):
                rows.update(last_ping=now)
                continue
            with savepoint():
                unlocked = rows.order_by("pk").select_for_update(skip_locked=True)
                unlocked_pks = list(unlocked.values_list("pk", flat=True))
                self.filter(pk__in=unlocked_pks).update(last_ping=now)

    def with_rooms(self) -> SessionQuerySet:
        """Fetch their rooms in the same query."""
        return self.select_related("room")

    def with_queue_length(self) -> SessionQuerySet:
        """Annotate sessions with the length of their signaling queue.

        As `queue_length`.
        """
        return self.annotate(queue_length=Count("signaling_messages"))  # type: ignore[no-redef]  # same name

    def with_untaken(self, since: datetime) -> SessionQuerySet:
        """Annotate sessions with whether their signaling queue has untaken messages.

        As `has_untaken`; see `SignalingQuerySet.untaken`.
        """
        own = SignalingMessage.objects.filter(recipient=OuterRef("pk"))
        return self.annotate(has_untaken=Exists(own.untaken(since)))  # type: ignore[no-redef]  # same name

    def in_call(self) -> SessionQuerySet:
        """Filter to sessions that are in the call of their room."""
        return self.filter(in_call__gt=0)


def live_since(now: datetime) -> datetime:
    """Return the time of the last ping after which a session is live at `now`."""
    return now - timedelta(seconds=SESSION_LIVE_SECONDS)


class Session(models.Model):
    """A connection of a participant to a room, such as a device or a tab."""

    room = models.ForeignKey(
        "talk.Room",
        on_delete=models.CASCADE,
        related_name="sessions",
        verbose_name=_("room"),
        # The unique constraint on (room, device) serves queries by room.
        db_index=False,
    )
    participant = models.ForeignKey(
        "talk.Participant",
        on_delete=models.CASCADE,
        related_name="sessions",
        verbose_name=_("participant"),
    )
    session_id = models.CharField(
        _("session id"),
        max_length=SESSION_ID_LENGTH,
        help_text=_("The `sessionId` of the API."),
    )
    device = models.CharField(  # noqa: DJ001 - null, because many have none and it is unique
        _("device"),
        max_length=64,
        null=True,
        blank=True,
        help_text=_(
            "Id of the browser or app, kept in its HTTP session; "
            "empty for callers without cookies."
        ),
    )
    last_ping = models.DateTimeField(_("last ping"))
    in_call = models.PositiveSmallIntegerField(
        _("in-call flags"),
        default=0,
        help_text=_("Bit mask: 1 in the call, 2 sends audio, 4 sends video."),
    )

    seen_presence_version = models.PositiveBigIntegerField(
        _("presence version seen"),
        default=0,
        help_text=_("The room's presence version that the session last received."),
    )

    queue_length: int
    """Set by `with_queue_length` only."""

    has_untaken: bool
    """Set by `with_untaken` only."""

    objects = SessionQuerySet.as_manager()

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        constraints = (
            models.UniqueConstraint(
                fields=["session_id"], name="talk_session_id_unique"
            ),
            models.UniqueConstraint(
                fields=["room", "device"], name="talk_session_once_a_device"
            ),
        )
        # Serves the reaper's search for dead sessions.
        indexes = (models.Index(fields=["last_ping"], name="talk_session_last_ping"),)

    def __str__(self) -> str:
        return f"#{self.pk}"

    def is_live(self, now: datetime) -> bool:
        """Whether the session counts as connected at `now`."""
        return self.last_ping > live_since(now)
