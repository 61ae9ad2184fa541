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
"""How a name may be spelt that somebody looks for; each is a range of the index."""

RETURNING_VENDORS = frozenset({"postgresql", "sqlite"})
"""Databases whose UPDATE can return rows; SQLite since 3.35."""


class RoomQuerySet(models.QuerySet["Room"]):
    """Rooms …"""

    def with_newest_id(self) -> RoomQuerySet:
        """… with the id of their newest message, as `newest_id`."""
        newest = Message.objects.filter(room=OuterRef("pk")).order_by("-position")
        return self.annotate(newest_id=Subquery(newest.values("pk")[:1]))  # type: ignore[no-redef]  # same name

    def lock(self, pk: int) -> Room | None:
        """Lock one room's row until the transaction ends and return it as it is now.

        Returns None when the room is gone.
        """
        return next(iter(self.filter(pk=pk).lock_all()), None)

    def lock_all(self) -> list[Room]:
        """Lock these rooms' rows until the transaction ends, in the order of their keys.

        Returns them as they are now. SQLite has no `FOR UPDATE`; there an UPDATE
        that changes nothing takes the lock, because a read that becomes a write
        later fails with "database is locked".
        """
        rows = on_write_database(self.order_by("pk"))
        if connections[rows.db].features.has_select_for_update:
            return list(rows.select_for_update())
        rows.order_by().update(token=F("token"))
        return list(rows)

    def older_than(self, moment: datetime) -> RoomQuerySet:
        """… whose first message that is still there was written before a moment."""
        timeline = Message.objects.filter(room=OuterRef("pk")).order_by("position")
        oldest = Subquery(timeline.values("created_at")[:1])
        return self.alias(oldest=oldest).filter(oldest__lt=moment)

    def matching(self, text: str) -> RoomQuerySet:
        """… whose name or token has this text in it; case does not matter."""
        return self.filter(Q(name__icontains=text) | Q(token__icontains=text))

    def idle_since(self, moment: datetime) -> RoomQuerySet:
        """… in which nothing was said or done since then."""
        idle = Q(last_activity__isnull=True) | Q(last_activity__lt=moment)
        return self.filter(idle)

    def with_user_count(self) -> RoomQuerySet:
        """… with the number of users who have a place there, as `user_count`."""
        return self.annotate(user_count=Count("participants__user"))  # type: ignore[no-redef]  # same name

    def called(self, text: str, *, or_keys: Iterable[int] = ()) -> RoomQuerySet:
        """… whose token is `text`, or whose name begins with it, or with these keys.

        Case matters where the database says so, but for the usual spellings: an index
        that knows no case is not to be had on every database.
        """
        names = {spell(text) for spell in SPELLINGS}
        is_called = Q(token=text) | Q(pk__in=or_keys)
        for name in sorted(names):
            is_called |= Q(name__startswith=name)
        return self.filter(is_called)

    def advance(
        self, pk: int, *, lines: int, comments: int, now: datetime
    ) -> tuple[int, int, str] | None:
        """Lock one room and count `lines` new messages, `comments` of them comments.

        Returns its last position, comment count and token, None when the room is gone.
        The numbers are the timeline's clock: whoever waits for this lock goes on from
        there. One statement where an UPDATE can return what it has made, else two.
        """
        rows = on_write_database(self.filter(pk=pk))
        changes = {
            "last_position": F("last_position") + lines,
            "comment_count": F("comment_count") + comments,
            "last_activity": now,
        }
        told = ("last_position", "comment_count", "token")
        if connections[rows.db].vendor in RETURNING_VENDORS:
            return next(iter(rows.update_returning(changes, told)), None)
        rows.update(**changes)
        return rows.values_list(*told).first()

    def update_returning(
        self, changes: Mapping[str, Any], told: Sequence[str]
    ) -> list[tuple[Any, ...]]:
        """Change rows and return fields of them as they are afterwards.

        Django can write `RETURNING` for an INSERT only; what it writes for an UPDATE
        is used here, and that put behind it.
        """
        query: UpdateQuery = self.query.chain(UpdateQuery)  # type: ignore[assignment]  # says the base class
        query.add_update_values(dict(changes))
        sql, parameters = query.get_compiler(self.db).as_sql()
        database = connections[self.db]
        # None of these has a column of another name.
        columns = ", ".join(map(database.ops.quote_name, told))
        with database.cursor() as cursor:
            cursor.execute(f"{sql} RETURNING {columns}", parameters)
            return list(cursor.fetchall())


class Room(models.Model):
    """A place where people talk, reached by its token."""

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
        help_text=_("Hash of the password that strangers need; empty for none."),
    )
    pair_key = models.CharField(
        _("pair key"),
        max_length=64,
        null=True,
        blank=True,
        unique=True,
        editable=False,
        help_text=_("Names the two people of a one-to-one room; there is one a pair."),
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
        help_text=_(
            "Messages that people wrote, deleted ones included; no system messages."
        ),
    )

    presence_version = models.PositiveBigIntegerField(
        _("presence version"),
        default=0,
        help_text=_("How often it has changed who is connected, and how."),
    )

    newest_id: int | None
    """Only there after `with_newest_id`."""

    user_count: int
    """Only there after `with_user_count`."""

    objects = RoomQuerySet.as_manager()

    class Meta:
        verbose_name = _("room")
        verbose_name_plural = _("rooms")
        constraints = (
            models.UniqueConstraint(
                fields=["object_type", "object_id"], name="talk_room_once_an_object"
            ),
        )
        # None on the last activity: each message would then rewrite all of these.
        indexes = (
            # Serves the search for calls that nobody is in any more.
            models.Index(fields=["active_since"], name="talk_room_active_since"),
            # Serves the admin's search for names; PostgreSQL needs the class for LIKE.
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
        """Whether anybody with the link may join."""
        return self.type == RoomType.PUBLIC

    @property
    def is_one_to_one(self) -> bool:
        """Whether the room belongs to a pair of users."""
        return self.type == RoomType.ONE_TO_ONE

    @property
    def is_bound(self) -> bool:
        """Whether the room belongs to an object of the site."""
        return self.object_type is not None
