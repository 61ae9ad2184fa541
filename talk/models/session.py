"""Sessions: the connections of participants."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connections, models
from django.db.models import Count, Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from talk.constants import SESSION_ID_LENGTH, SESSION_LIVE_SECONDS
from talk.models.database import on_write_database, savepoint
from talk.models.signaling import SignalingMessage


class SessionQuerySet(models.QuerySet["Session"]):
    """Sessions …"""

    def live(self, now: datetime) -> SessionQuerySet:
        """… that have pinged recently enough to count as connected at `now`."""
        return self.filter(last_ping__gt=live_since(now))

    def dead(self, now: datetime) -> SessionQuerySet:
        """… that have not, and wait for the reaper."""
        return self.filter(last_ping__lte=live_since(now))

    def with_participants(self) -> SessionQuerySet:
        """… with whose they are, and the account or guest, in the same query."""
        return self.select_related("participant__user", "participant__guest")

    def ping(self, now: datetime) -> None:
        """… are there at `now`.

        Of many, one that somebody else is changing at this moment is left out, because
        it is being pinged or ended: waiting for each other's rows, two such batches
        would lock each other out.
        """
        rows = on_write_database(self.order_by("pk"))
        can_skip = connections[rows.db].features.has_select_for_update_skip_locked
        if not can_skip:
            self.update(last_ping=now)
            return
        with savepoint():
            free = rows.select_for_update(skip_locked=True)
            free_pks = list(free.values_list("pk", flat=True))
            self.filter(pk__in=free_pks).update(last_ping=now)

    def with_rooms(self) -> SessionQuerySet:
        """… with the room they are in, in the same query."""
        return self.select_related("room")

    def with_queue_length(self) -> SessionQuerySet:
        """… with the number of signaling messages for them, as `queue_length`."""
        return self.annotate(queue_length=Count("signaling_messages"))  # type: ignore[no-redef]  # same name

    def with_untaken(self, since: datetime) -> SessionQuerySet:
        """… with whether there are messages untaken since then, as `has_untaken`."""
        own = SignalingMessage.objects.filter(recipient=OuterRef("pk"))
        return self.annotate(has_untaken=Exists(own.untaken(since)))  # type: ignore[no-redef]  # same name

    def in_call(self) -> SessionQuerySet:
        """… that take part in the call of their room."""
        return self.filter(in_call__gt=0)


def live_since(now: datetime) -> datetime:
    """Return the time of the last ping after which a session is live at `now`."""
    return now - timedelta(seconds=SESSION_LIVE_SECONDS)


class Session(models.Model):
    """One connection of a participant to a room: a device, a tab."""

    room = models.ForeignKey(
        "talk.Room",
        on_delete=models.CASCADE,
        related_name="sessions",
        verbose_name=_("room"),
        # The unique constraint on (room, device) serves "who is connected here".
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
        help_text=_("What the API calls `sessionId`."),
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
        help_text=_("The room's presence version that the session was last told of."),
    )

    queue_length: int
    """Only there after `with_queue_length`."""

    has_untaken: bool
    """Only there after `with_untaken`."""

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
