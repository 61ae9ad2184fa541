"""Rooms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connections, models
from django.db.models import Count, F, OuterRef, Q, Subquery
from django.db.models.sql import UpdateQuery
from django.utils.translation import gettext_lazy as _

from talk.constants import RoomType
from talk.models.database import on_write_database
from talk.models.message import Message

SPELLINGS = (str, str.lower, str.upper, str.capitalize, str.title)
"""Spellings of a name that a search tries; each is a range of the index."""

RETURNING_VENDORS = frozenset({"postgresql", "sqlite"})
"""Databases whose UPDATE can return rows; SQLite can since 3.35."""


class RoomQuerySet(models.QuerySet["Room"]):
    """Queries over rooms."""

    def with_newest_id(self) -> RoomQuerySet:
        """Annotate rooms with the id of their newest message, as `newest_id`."""
        newest = Message.objects.filter(room=OuterRef("pk")).order_by("-position")
        return self.annotate(newest_id=Subquery(newest.values("pk")[:1]))  # type: ignore[no-redef]  # same name

    def lock(self, pk: int) -> Room | None:
        """Lock a room until the transaction ends and return its current state.

        Returns None when the room is gone.
        """
        return next(iter(self.filter(pk=pk).lock_all()), None)

    def lock_all(self) -> list[Room]:
        """Lock rooms until the transaction ends, in the order of their keys.

        Returns their current state. SQLite has no `FOR UPDATE`; there, an UPDATE that
        changes nothing takes the lock, because a transaction that reads first and
        writes later fails with "database is locked".
        """
        rows = on_write_database(self.order_by("pk"))
        if connections[rows.db].features.has_select_for_update:
            return list(rows.select_for_update())
        rows.order_by().update(token=F("token"))
        return list(rows)

    def older_than(self, moment: datetime) -> RoomQuerySet:
        """Filter to rooms whose oldest remaining message is older than `moment`."""
        timeline = Message.objects.filter(room=OuterRef("pk")).order_by("position")
        oldest = Subquery(timeline.values("created_at")[:1])
        return self.alias(oldest=oldest).filter(oldest__lt=moment)

    def matching(self, text: str) -> RoomQuerySet:
        """Filter to rooms with a text in their name or token, ignoring case."""
        return self.filter(Q(name__icontains=text) | Q(token__icontains=text))

    def idle_since(self, moment: datetime) -> RoomQuerySet:
        """Filter to rooms without activity since `moment`."""
        idle = Q(last_activity__isnull=True) | Q(last_activity__lt=moment)
        return self.filter(idle)

    def with_user_count(self) -> RoomQuerySet:
        """Annotate rooms with the number of participants with an account.

        As `user_count`; guests do not count.
        """
        return self.annotate(user_count=Count("participants__user"))  # type: ignore[no-redef]  # same name

    def called(self, text: str, *, or_keys: Iterable[int] = ()) -> RoomQuerySet:
        """Filter to rooms whose token is `text`, or whose name starts with it.

        Includes the rooms with the keys `or_keys`. On databases that compare with case,
        only the usual spellings of `text` match: not every database has an index that
        ignores case.
        """
        names = {spell(text) for spell in SPELLINGS}
        is_called = Q(token=text) | Q(pk__in=or_keys)
        for name in sorted(names):
            is_called |= Q(name__startswith=name)
        return self.filter(is_called)

    def advance(
        self, pk: int, *, messages: int, comments: int, now: datetime
    ) -> tuple[int, int, str] | None:
        """Lock a room and count `messages` new messages, `comments` of them comments.

        Returns the room's last position, comment count and token; None when it is gone.
        Transactions that wait for this lock continue from these numbers. One query
        where an UPDATE can return rows, else two.
        """
        rows = on_write_database(self.filter(pk=pk))
        changes = {
            "last_position": F("last_position") + messages,
            "comment_count": F("comment_count") + comments,
            "last_activity": now,
        }
        fields = ("last_position", "comment_count", "token")
        if connections[rows.db].vendor in RETURNING_VENDORS:
            return next(iter(rows.update_returning(changes, fields)), None)
        rows.update(**changes)
        return rows.values_list(*fields).first()

    def update_returning(
        self, changes: Mapping[str, Any], fields: Sequence[str]
    ) -> list[tuple[Any, ...]]:
        """Update rows and return the new values of `fields`.

        Django writes `RETURNING` for an INSERT only, so this appends it to the UPDATE
        that Django has compiled.
        """
        query: UpdateQuery = self.query.chain(UpdateQuery)  # type: ignore[assignment]  # says the base class
        query.add_update_values(dict(changes))
        sql, parameters = query.get_compiler(self.db).as_sql()
        database = connections[self.db]
        # The columns have the names of the fields.
        columns = ", ".join(map(database.ops.quote_name, fields))
        with database.cursor() as cursor:
            cursor.execute(f"{sql} RETURNING {columns}", parameters)
            return list(cursor.fetchall())


class Room(models.Model):
    """A room, which the API finds by its token."""

    token = models.CharField(
        _("token"),
        max_length=32,
        unique=True,
        help_text=_("Public id of the room; part of its link. Never changes."),
    )
    type = models.PositiveSmallIntegerField(_("type"), choices=RoomType)
    name = models.CharField(
        _("name"),
        max_length=255,
        blank=True,
        help_text=_("Empty for one-to-one rooms and for rooms without a name."),
    )
    password = models.CharField(
        _("password"),
        max_length=255,
        blank=True,
        help_text=_("Hash of the password that non-participants need; empty for none."),
    )
    pair_key = models.CharField(
        _("pair key"),
        max_length=64,
        null=True,
        blank=True,
        unique=True,
        editable=False,
        help_text=_(
            "Identifies the two users of a one-to-one room; each pair has only one."
        ),
    )
    object_type = models.CharField(  # noqa: DJ001 - null, because pairs are unique
        _("object type"),
        max_length=64,
        null=True,
        blank=True,
        help_text=_("Kind of the site's own object that the room belongs to."),
    )
    object_id = models.CharField(  # noqa: DJ001 - as above
        _("object id"), max_length=64, null=True, blank=True
    )
    active_since = models.DateTimeField(
        _("active since"),
        null=True,
        blank=True,
        help_text=_("Start of the running call; empty when there is none."),
    )
    last_activity = models.DateTimeField(
        _("last activity"),
        null=True,
        blank=True,
        help_text=_("Time of the newest message."),
    )
    last_position = models.PositiveBigIntegerField(
        _("last position"),
        default=0,
        help_text=_("Position of the newest message, which may have been deleted."),
    )
    comment_count = models.PositiveBigIntegerField(
        _("comment count"),
        default=0,
        help_text=_("Number of comments, including deleted ones; no system messages."),
    )

    presence_version = models.PositiveBigIntegerField(
        _("presence version"),
        default=0,
        help_text=_("Number of changes of who is connected, and how."),
    )

    newest_id: int | None
    """Set by `with_newest_id` only."""

    user_count: int
    """Set by `with_user_count` only."""

    objects = RoomQuerySet.as_manager()

    class Meta:
        verbose_name = _("room")
        verbose_name_plural = _("rooms")
        constraints = (
            models.UniqueConstraint(
                fields=["object_type", "object_id"], name="talk_room_once_an_object"
            ),
        )
        # No index on the last activity, because then each message would update all
        # indexes of its room's row.
        indexes = (
            # Serves the reaper's search for calls without sessions.
            models.Index(fields=["active_since"], name="talk_room_active_since"),
            # Serves the admin's search for names; PostgreSQL needs the operator class
            # for LIKE.
            models.Index(
                fields=["name"],
                opclasses=["varchar_pattern_ops"],
                name="talk_room_name",
            ),
        )

    def __str__(self) -> str:
        return self.name or self.token

    @property
    def is_public(self) -> bool:
        """Whether everyone who has the link may join."""
        return self.type == RoomType.PUBLIC

    @property
    def is_one_to_one(self) -> bool:
        """Whether the room belongs to a pair of users."""
        return self.type == RoomType.ONE_TO_ONE

    @property
    def is_bound(self) -> bool:
        """Whether the room belongs to an object of the site."""
        return self.object_type is not None
